"""What a mayor reads of a category, for whoever looks at the rules: real texts of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.facts import Facts
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import composer
from notifier.delivery.models import Channel
from notifier.intake.schema.vocabulary import Severity


@dataclass(frozen=True)
class Example:
    """One kind of text, as it leaves; the SMS is empty where the category goes by mail alone."""

    title: str
    texts: Texts
    has_sms: bool
    has_mail: bool


def examples_of(category: Category) -> list[Example]:
    """Return a text of each kind that the category knows; none where it is withheld."""
    if category.disclosure == "withhold":
        return []
    has_sms, has_mail = (channel in category.channels for channel in (Channel.SMS, Channel.EMAIL))
    return [
        Example(title, composer().compose(kind, facts), has_sms, has_mail)
        for title, kind, facts in _wanted(category)
    ]


def _wanted(category: Category) -> Iterator[tuple[str, Kind, Facts]]:
    least = category.threshold or Severity.MODERATE
    facts = replace(
        SAMPLE,
        category_label=category.written_label,
        legal_basis=category.legal_basis,
        severity=least,
        place=SAMPLE.place if category.place else None,
    )
    yield "Première alerte", Kind.FIRST, facts
    if category.neighbours:
        yield "À une commune voisine", Kind.NEIGHBOUR, replace(facts, next_to="Joncherey")
    yield "Aggravation", Kind.UPDATE, replace(facts, severity=Severity.EXTREME)
    ended = replace(facts, status="closed", ended_at=SAMPLE.composed_at, end_is_dated=True)
    yield "Fin", Kind.END, ended
