"""Collect the facts that a text states: whitelisted ones of a report, or of an earlier text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from notifier.alerting.answer_link import answer_url
from notifier.alerting.content.composer import Texts
from notifier.alerting.content.facts import Facts
from notifier.alerting.content.street_label import safe_place
from notifier.alerting.content.typography import list_names
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import composer
from notifier.alerting.policy.terms import BY_LAW, Terms, wants_answer
from notifier.intake.models import Report
from notifier.intake.schema.clickable import find_unsafe
from notifier.intake.schema.vocabulary import Closure
from notifier.territory.phones import format_number
from notifier.territory.resolve import Commune


@dataclass(frozen=True)
class Audience:
    """Whom a text is for, and where it happens to them."""

    communes: Sequence[Commune]
    """The mayor's own; or those of an organisation's territory in which it happens. Never empty."""
    next_to: Commune | None = None
    """Where it happens, when the commune only adjoins."""
    containing: Sequence[Commune] = ()
    """Where it happens, when the commune is concerned because it is nearby."""
    moved_to: Sequence[Commune] = ()
    """Where it is now, when it has moved on from the commune, which may know."""
    organisation: str = ""
    """The name of an organisation that a convention tells; empty for a mayor."""
    terms: Terms = BY_LAW
    instead_of: Sequence[Commune] = ()
    """Where it was told to be before, within the same territory."""

    @property
    def commune(self) -> Commune:
        """The first: its hour is the text's."""
        return self.communes[0]


def report_facts(report: Report, category: Category, audience: Audience) -> dict[str, Any]:
    """Return the whitelisted facts, as JSON types; nothing else of a report reaches a text.

    The label keeps its brackets: each text says its severity in its own place.
    """
    may_read_place = category.place and audience.terms.may_read_place
    place = safe_place(report.location.get("label")) if may_read_place else None
    commune, next_to = audience.commune, audience.next_to
    facts = {
        "commune": commune.name,
        "time_zone": commune.time_zone,
        "category_label": category.written_label,
        "legal_basis": category.legal_basis,
        "status": report.status,
        "severity": report.severity,
        "occurred_at": report.occurred_at.isoformat(),
        "place": place,
        "reference": report.reference,
        "service": report.source.service,
        "duty_phone": _duty_phone(report),
        "exercise": report.exercise,
        "next_to": next_to.name if next_to else None,
        "holders": [holder.name for holder in audience.containing],
        "asks_answer": wants_answer(category, audience.terms) and next_to is None,
    }
    return facts if audience.terms.is_by_law else {**facts, **_agreement_facts(audience)}


def _agreement_facts(audience: Audience) -> dict[str, Any]:
    """Return what an organisation reads beside a mayor's facts: where, and under what it reads.

    The name of its own site is no address: it answers for the site, and is told because of it.
    """
    names = [commune.name for commune in audience.communes]
    # Whoever draws a site names it; what a telephone would make a link of is left out.
    sites = [name for name in audience.terms.sites if not find_unsafe(name)]
    return {
        "organisation": audience.organisation,
        "commune": list_names(names, "autres communes"),
        "communes": names,
        "sites": sites if audience.terms.may_read_place else [],
        "agreements": list(audience.terms.conventions),
        "instead_of": [commune.name for commune in audience.instead_of],
    }


def text_facts(
    kind: Kind,
    report: Report,
    category: Category,
    audience: Audience,
    previous: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the facts of a text of this kind; `previous` are those of the text before, if any.

    An end or a cancellation repeats them, says when it ended, and states nothing else that became
    known since; in a commune no longer affected, it says where it is now. An update keeps
    the earlier hour of the event: dispatch may date each state of a report by itself.
    """
    facts = report_facts(report, category, audience)
    if previous is None or kind.opens:
        return facts
    if not kind.closes:
        moments = facts["occurred_at"], previous["occurred_at"]
        return {**facts, "occurred_at": min(moments, key=_moment)}
    closing = {
        **previous,
        "status": report.status,
        "duty_phone": facts["duty_phone"],
        "asks_answer": False,
        "moved_to": [commune.name for commune in audience.moved_to],
    }
    return {**closing, **_end(report, previous)} if kind is Kind.END else closing


def _end(report: Report, previous: dict[str, Any]) -> dict[str, Any]:
    """Return when it ended: the report's own hour if later than the event's, else its arrival.

    Most control rooms repeat the event's hour in every report. An hour ahead of our clock counts as
    the arrival.
    """
    arrived = report.received_at
    ended = min(report.occurred_at, arrived)
    is_dated = ended > _moment(previous["occurred_at"])
    return {
        "ended_at": (ended if is_dated else arrived).isoformat(),
        "end_is_dated": is_dated,
        "closure": Closure(report.closure).label if report.closure else "",
    }


def _duty_phone(report: Report) -> str:
    phone = report.source.duty_phone
    return format_number(phone) if phone else ""


def compose(kind: Kind, facts: dict[str, Any]) -> Texts:
    """Compose the texts of a kind from facts as `report_facts` returns them."""
    return composer().compose(kind, parse_facts(facts))


def parse_facts(facts: dict[str, Any]) -> Facts:
    """Convert facts as `report_facts` returns them into the composer's, composed now.

    What asks for an answer has a link that is nobody's yet (`AlertText` gives it to its reader).
    """
    moments = {
        name: _moment(facts[name]) for name in ("occurred_at", "ended_at") if facts.get(name)
    }
    told = {name: value for name, value in facts.items() if name != "asks_answer"}
    url = answer_url() if facts.get("asks_answer") else ""
    return Facts(
        **{**told, **moments},
        answer_url=url,
        takes_reply=settings.ENVIRONMENT.takes_sms_replies,
        composed_at=timezone.now(),
    )


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
