"""The facts that a text states: the whitelisted ones of a report, or those that were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.facts import Facts
from notifier.alerting.content.street_label import safe_place
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import composer
from notifier.intake.models import Report
from notifier.territory.phones import format_number
from notifier.territory.resolve import Commune


def facts_of(
    report: Report,
    category: Category,
    commune: Commune,
    next_to: Commune | None = None,
    holders: Sequence[Commune] = (),
) -> dict[str, Any]:
    """The whitelisted facts, as JSON types; nothing else of a report reaches a text.

    The label keeps its brackets: each text says its severity in its own place. `next_to` is where
    it happens when `commune` only adjoins; `holders` when it is only close by.
    """
    place = safe_place(report.location.get("label")) if category.place else None
    return {
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
        "holders": [holder.name for holder in holders],
    }


def facts_to_tell(
    kind: Kind,
    report: Report,
    category: Category,
    commune: Commune,
    told: dict[str, Any] | None,
    next_to: Commune | None = None,
    holders: Sequence[Commune] = (),
    moved_to: Sequence[Commune] = (),
) -> dict[str, Any]:
    """The facts of a text of this kind; `told` are those of the text told last, if any.

    An end or a cancellation speaks of what was told, of when it ended, and of nothing else that
    became known since; of a commune left, `moved_to` says where it is now. What is told further
    keeps the hour that was told: dispatch may date each state of a report by itself.
    """
    facts = facts_of(report, category, commune, next_to, holders)
    if told is None or kind.opens:
        return facts
    if not kind.closes:
        return {**facts, "occurred_at": min(facts["occurred_at"], told["occurred_at"], key=_moment)}
    closing = {
        **told,
        "status": report.status,
        "duty_phone": facts["duty_phone"],
        "moved_to": [commune.name for commune in moved_to],
    }
    return {**closing, **_end(report, told)} if kind is Kind.END else closing


def _end(report: Report, told: dict[str, Any]) -> dict[str, Any]:
    """When it ended: the report's own hour if it is later than that of the event, else its arrival.

    Most control rooms repeat the event's hour in every report; a clock ahead of ours is ours.
    """
    arrived = report.received_at
    ended = min(report.occurred_at, arrived)
    is_dated = ended > _moment(told["occurred_at"])
    return {
        "ended_at": (ended if is_dated else arrived).isoformat(),
        "end_is_dated": is_dated,
    }


def _duty_phone(report: Report) -> str:
    phone = report.source.duty_phone
    return format_number(phone) if phone else ""


def compose(kind: Kind, facts: dict[str, Any]) -> Texts:
    """The texts of a kind for facts as `facts_of` makes them."""
    return composer().compose(kind, facts_told_now(facts))


def facts_told_now(facts: dict[str, Any]) -> Facts:
    """The composer's own form of facts as `facts_of` makes them."""
    moments = {
        name: _moment(facts[name]) for name in ("occurred_at", "ended_at") if facts.get(name)
    }
    return Facts(**{**facts, **moments}, told_at=timezone.now())


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
