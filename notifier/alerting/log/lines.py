"""A notification as a line of the log, without an address that its reader may not see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifier.alerting.board.readers import Outcome, fate_in_words, outcome_of
from notifier.alerting.models import KNOWN, Alert, Notification, NotificationState
from notifier.alerting.policy.current import label_of
from notifier.alerting.policy.terms import parse_terms
from notifier.delivery.address import mask
from notifier.delivery.models import MessageState
from notifier.directory.models import OrganisationKind
from notifier.territory.resolve import commune_by_code

_KINDS = {
    Outcome.DELIVERED: "ok",
    Outcome.HANDED_OVER: "ok",
    Outcome.SENT: "info",
    Outcome.ON_ITS_WAY: "wait",
    Outcome.WAITING: "wait",
    Outcome.UNKNOWN: "wait",
    Outcome.FAILED: "danger",
    Outcome.WITHDRAWN: "off",
}
HEADER = (
    "decidee_le", "reference", "organisme", "code", "nature", "qualite", "nom", "canal",
    "adresse_masquee", "etat", "motif", "au_titre_de", "terminee_le",
)  # fmt: skip


@dataclass(frozen=True)
class LogLine:
    """What was told, or not, to one person or organisation, and what became of it."""

    pk: int
    at: datetime
    incident_id: int | None
    reference: str
    organisation: str
    code: str
    category: str
    title: str
    name: str
    """Of the person, as far as the reader may know people."""
    channel: str
    masked: str
    """Empty for whoever may not see addresses, masked ones either."""
    kind: str
    """Which badge: ok, info, wait, danger, off."""
    state: str
    """In a few words."""
    why: str
    """The rest of what is known of it; often empty."""
    terms: str
    """Under which convention, in words; empty by law."""
    ended_at: datetime | None


def lines(notifications: Iterable[Notification], names: Mapping[str, str] | None) -> list[LogLine]:
    """Return the lines; `names` are those of recipients, None where people may not be seen."""
    return [_line(n, names) for n in notifications]


def _line(notification: Notification, names: Mapping[str, str] | None) -> LogLine:
    alert, message = notification.alert, notification.message
    state, _, why = fate_in_words(notification).partition(" : ")
    if notification.state == NotificationState.SUPPRESSED:
        state, why = notification.get_state_display(), notification.explanation
    return LogLine(
        pk=notification.pk,
        at=notification.created_at,
        incident_id=notification.incident_id,
        reference=notification.incident.reference if notification.incident else "",
        organisation=_organisation(notification, alert),
        code=notification.organisation,
        category=_category(notification),
        title=notification.title,
        name=names.get(notification.recipient, "") if names else "",
        channel=notification.get_channel_display(),
        masked=mask(notification.address) if names is not None and notification.address else "",
        kind=_kind(notification),
        state=state,
        why=why,
        terms=parse_terms(alert.terms).in_words if alert else "",
        ended_at=message.ended_at if message else notification.ended_at,
    )


def _kind(notification: Notification) -> str:
    """Return the badge: green for what is received, not for what is handed over alone."""
    message = notification.message
    if notification.state == NotificationState.SUPPRESSED and notification.reason != KNOWN:
        return "off"
    if message is not None and message.state == MessageState.ACCEPTED:
        return "info"
    return _KINDS[outcome_of(notification)]


def _organisation(notification: Notification, alert: Alert | None) -> str:
    if alert is not None:
        return alert.organisation_name
    if not notification.organisation:
        return "permanence"
    if notification.organisation_kind == OrganisationKind.COMMUNE:
        commune = commune_by_code(notification.organisation)
        return commune.name if commune else notification.organisation
    return f"{notification.get_organisation_kind_display()} {notification.organisation}"


def _category(notification: Notification) -> str:
    if notification.alert is not None:
        return label_of(notification.alert.category)
    if notification.report is not None:
        return label_of(notification.report.category)
    return notification.get_kind_display()


def as_row(line: LogLine) -> tuple[str, ...]:
    """Return a line as the cells of a file, times in the zone of the pages, with it."""
    return (
        timezone.localtime(line.at).isoformat(timespec="seconds"),
        line.reference,
        line.organisation,
        line.code,
        line.category,
        line.title,
        line.name,
        line.channel,
        line.masked,
        line.state,
        line.why,
        line.terms,
        timezone.localtime(line.ended_at).isoformat(timespec="milliseconds")
        if line.ended_at
        else "",
    )
