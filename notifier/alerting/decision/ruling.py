"""The ruling on one organisation, commune or other: which text it gets of a report, and why."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.text_facts import Audience
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import BY_LAW, Terms
from notifier.alerting.policy.text_kind import Ruling
from notifier.directory.models import OrganisationRef


@dataclass(frozen=True)
class OrganisationRuling:
    """An organisation, the ruling on it, and its alert so far."""

    organisation: OrganisationRef
    name: str
    audience: Audience
    ruling: Ruling
    alert: Alert | None
    category: Category
    """As it applies to the organisation."""
    terms: Terms = BY_LAW

    @property
    def kind(self) -> Kind | None:
        """The kind of text that the organisation gets; None for none."""
        return self.ruling.kind

    @property
    def opens(self) -> bool:
        """Whether it opens an alert, or opens it again, for those who are there now."""
        was_open = self.alert is not None and self.alert.is_open
        return self.kind is not None and self.kind.opens and not was_open

    @property
    def is_to_neighbour(self) -> bool:
        """Whether its text speaks of an adjoining commune."""
        if self.kind is not None and self.kind.opens:
            return self.audience.next_to is not None
        return self.alert is not None and self.alert.is_to_neighbour

    @property
    def is_of_commune_concerned(self) -> bool:
        """Whether it is on a commune that is told by law of what happens in it."""
        return self.terms.is_by_law and not self.is_to_neighbour

    @property
    def is_moved_here(self) -> bool:
        """Whether what was announced as elsewhere is now in the commune itself."""
        if self.alert is None or not self.alert.is_open or self.kind is not Kind.FIRST:
            return False
        is_its_own = self.terms.is_by_law and bool(self.alert.terms)
        return self.alert.is_to_neighbour or is_its_own
