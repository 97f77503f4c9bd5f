"""A notification as a line of the log, without an address that its reader may not see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifier.alerting.board.readers import Outcome, fate_in_words, outcome_of
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    Answer,
    AnswerKind,
    Notification,
    NotificationState,
    answer_label,
)
from notifier.alerting.policy.current import label_of
from notifier.alerting.policy.terms import parse_terms
from notifier.delivery.address import mask
from notifier.delivery.models import MessageState
from notifier.directory.models import OrganisationKind
from notifier.territory.resolve import commune_by_code

# An alert, and who was told of it.
_ReaderKey = tuple[int | None, str]
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
    "adresse_masquee", "etat", "motif", "au_titre_de", "terminee_le", "reponse", "moyen",
    "repondue_le",
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
    answer: str
    """All that its reader answered, or "sans réponse"; empty where no answer was wanted."""
    means: str
    """By which means: that it is taken in hand, else the last."""
    answered_at: datetime | None


def lines(notifications: Iterable[Notification], names: Mapping[str, str] | None) -> list[LogLine]:
    """Return the lines; `names` are those of recipients, None where people may not be seen.

    One statement, for what was answered.
    """
    found = list(notifications)
    answers = _answers(found)
    return [
        _line(n, names, [a for who in _readers(n) for a in answers.get((n.alert_id, who), ())])
        for n in found
    ]


def _answers(notifications: Sequence[Notification]) -> Mapping[_ReaderKey, Sequence[Answer]]:
    """Return what was answered to the alerts of these, by alert and recipient."""
    alerts = {n.alert_id for n in notifications if n.alert_id and n.kind in OF_ALERT}
    by_reader: defaultdict[_ReaderKey, list[Answer]] = defaultdict(list)
    for answer in Answer.objects.filter(alert__in=alerts).order_by("id") if alerts else ():
        by_reader[answer.alert_id, answer.recipient].append(answer)
    return by_reader


def _own(notification: Notification, given: Iterable[Answer]) -> list[Answer]:
    """Return what its reader answered to it, the oldest first: kept by `log.search` as well.

    What was answered before it was sent counts where it asks again: nobody can answer that twice.
    """
    return [
        answer
        for answer in given
        if answer.opened_revision == notification.opened_revision
        and notification.kind in OF_ALERT
        and (notification.answer_hash or answer.at >= notification.created_at)
    ]


def _main(own: Sequence[Answer]) -> Answer | None:
    """Return that it is taken in hand, else the last answer."""
    taken = [answer for answer in own if answer.kind == AnswerKind.TAKEN]
    return next(iter(taken or own[-1:]), None)


def _readers(notification: Notification) -> set[str]:
    """Return who answers for it: its reader, or whoever reads the text that tells it."""
    message = notification.message
    return {notification.recipient, *({message.recipient} if message else ())}


def _line(
    notification: Notification, names: Mapping[str, str] | None, given: Sequence[Answer]
) -> LogLine:
    alert, message = notification.alert, notification.message
    own = _own(notification, given)
    answer = _main(own)
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
        answer=_answers_in_words(notification, own),
        means=answer.get_means_display() if answer else "",
        answered_at=answer.at if answer else None,
    )


def _answers_in_words(notification: Notification, own: Sequence[Answer]) -> str:
    if own:
        return ", puis ".join(answer_label(a.kind, notification.organisation_kind) for a in own)
    return "sans réponse" if _was_asked(notification) else ""


def _was_asked(notification: Notification) -> bool:
    """Return whether its text left, asks for an answer, and was not sent again in another row."""
    message = notification.message
    return (
        bool(notification.answer_hash)
        and notification.kind in OF_ALERT
        and notification.state in (NotificationState.QUEUED, NotificationState.SUPPRESSED)
        and message is not None
        and message.state != MessageState.CANCELLED
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
        _moment(line.ended_at),
        line.answer,
        line.means,
        _moment(line.answered_at),
    )


def _moment(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="milliseconds") if at else ""
