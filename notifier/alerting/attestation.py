"""What is known of who was informed of an incident: the facts of an « attestation d’information ».

As much as the rows prove, and no more: that a text was handed to a provider does not mean that it
arrived, and that it arrived does not mean that it was read. The fingerprint is of these rows as
`canonical_text` writes them; whoever reads the same rows again gets the same fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from notifier.alerting.board.account import kind_in_words
from notifier.alerting.board.readers import fate_in_words
from notifier.alerting.board.wordings import Wording, wordings, words_of
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    Answer,
    Notification,
    NotificationState,
    answer_label,
)
from notifier.alerting.policy.current import label_of
from notifier.alerting.policy.terms import parse_terms
from notifier.delivery.address import mask
from notifier.delivery.models import DELIVERED_STATES, Channel, Message, MessageState
from notifier.delivery.providers.registry import explain_error
from notifier.intake.models import Incident, Report
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


@dataclass(frozen=True)
class AttestedText:
    """One text for one person on one channel, and what is known of it."""

    number: int
    revision: int
    title: str
    channel: str
    masked: str
    """The masked address."""
    decided_at: datetime
    handed_at: datetime | None
    received_at: datetime | None
    what_is_known: str


@dataclass(frozen=True)
class AttestedAnswer:
    """What one person answered, by which means, in French."""

    title: str
    what: str
    means: str
    at: datetime


@dataclass(frozen=True)
class AttestedOrganisation:
    """One organisation, under what it was to be informed, and the texts to its people."""

    name: str
    code: str
    kind: str
    under: str
    """The law's article, or the convention and its rule."""
    last_text: str
    texts: list[AttestedText]
    wordings: list[Wording]
    """The very words, as they were sent."""
    is_asked: bool
    """Whether an answer was wanted when it was told last."""
    answers: list[AttestedAnswer]

    @property
    def first_received_at(self) -> datetime | None:
        """When the first telephone or mailbox of it is known to have had a text."""
        return min((t.received_at for t in self.texts if t.received_at), default=None)

    @property
    def first_handed_at(self) -> datetime | None:
        """When the first text for it was with a provider."""
        return min((t.handed_at for t in self.texts if t.handed_at), default=None)


@dataclass(frozen=True)
class Attestation:
    """An incident as far as its reader may know it, and the rows that prove it."""

    reference: str
    source: str
    category: str
    is_exercise: bool
    opened_at: datetime
    reported_at: Sequence[datetime]
    """When each state of it reached us."""
    organisations: list[AttestedOrganisation]
    withheld: list[str]
    """What was told to nobody of an organisation, and by which rule."""
    zone: ZoneInfo
    """In which its times are written."""
    rows: str
    """The canonical text of the rows."""

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the rows, in hexadecimal."""
        return hashlib.sha256(self.rows.encode()).hexdigest()


def attest(
    incident: Incident, alerts: QuerySet[Alert], notifications: QuerySet[Notification]
) -> Attestation:
    """Return what is known of an incident, by these alerts and notifications. Five statements."""
    own = list(alerts.filter(incident=incident).order_by("pk"))
    rows = notifications.filter(incident=incident, kind__in=OF_ALERT)
    told = list(rows.select_related("message").order_by("pk"))
    answers = list(Answer.objects.filter(alert__in=[alert.pk for alert in own]).order_by("pk"))
    reports = list(Report.objects.filter(incident=incident).order_by("sequence"))
    zone = own[0].facts.get("time_zone") if own else None
    return Attestation(
        reference=incident.reference,
        source=incident.source.name,
        category=label_of(own[0].category if own else reports[-1].category),
        is_exercise=any(report.exercise for report in reports),
        opened_at=incident.opened_at,
        reported_at=[report.received_at for report in reports],
        organisations=[
            _organisation(
                alert,
                [n for n in told if n.alert_id == alert.pk],
                [answer for answer in answers if answer.alert_id == alert.pk],
            )
            for alert in own
        ],
        withheld=[
            f"{n.get_organisation_kind_display()} {n.organisation} : {n.explanation}"
            for n in told
            if n.alert_id is None
        ],
        zone=ZoneInfo(zone or settings.TIME_ZONE),
        rows=canonical_text(incident, own, told, answers),
    )


def note_issue(incident: Incident, attestation: Attestation, account: int, form: str) -> None:
    """Write to the incident's journal that an attestation was issued, to which account.

    `form` is "PDF" or "HTML".
    """
    text = f"Attestation d’information établie ({form}) par le compte n° {account}."
    entry = new_entry(
        incident.pk, Step.ACCESS, text, account=account, fingerprint=attestation.fingerprint
    )
    write_entries([entry])


def canonical_text(
    incident: Incident,
    alerts: Iterable[Alert],
    notifications: Iterable[Notification],
    answers: Iterable[Answer] = (),
) -> str:
    """Write the rows that an attestation goes by, one a line, without an address.

    UTF-8, lines end with LF, values are apart by « | », times are UTC to the millisecond. Of a text
    stands the SHA-256 of its subject, a line feed, and its words.
    """
    lines = [f"intervention|{incident.reference}|{_stamp(incident.opened_at)}"]
    lines += [
        f"alerte|{a.pk}|{a.ref}|{a.category}|{a.revision}|{a.kind}|{_stamp(a.opened_at)}"
        f"|{','.join(map(str, parse_terms(a.terms).rules))}"
        for a in alerts
    ]
    for n in notifications:
        message = n.message
        parts = [
            *("notification", n.pk, n.alert_id or "", n.revision, n.state, n.reason, n.channel),
            *(n.recipient, n.title, _stamp(n.created_at)),
        ]
        if message is not None:
            parts += [message.pk, message.state, message.provider, message.provider_id]
            parts += [_stamp(message.accepted_at), _stamp(message.ended_at), message.error_code]
            parts.append(_digest(message))
        lines.append("|".join(map(str, parts)))
    lines += [
        f"reponse|{a.pk}|{a.alert_id}|{a.opened_revision}|{a.recipient}|{a.title}|{a.kind}|{a.means}"
        f"|{_stamp(a.at)}|{a.handed_to}"
        for a in answers
    ]
    return "\n".join(lines) + "\n"


def _organisation(
    alert: Alert, notifications: Sequence[Notification], answers: Sequence[Answer]
) -> AttestedOrganisation:
    terms = parse_terms(alert.terms)
    basis = str(alert.facts.get("legal_basis", ""))
    return AttestedOrganisation(
        name=alert.organisation_name,
        code=alert.organisation,
        kind=alert.get_organisation_kind_display(),
        under=basis if terms.is_by_law else f"{terms.in_words} ; {basis}",
        last_text=kind_in_words(alert.kind),
        texts=[_text(n) for n in notifications],
        wordings=wordings(_wording(n) for n in notifications),
        is_asked=bool(alert.answers_wanted),
        answers=[_answer(answer, alert) for answer in answers],
    )


def _answer(answer: Answer, alert: Alert) -> AttestedAnswer:
    to = f" ({answer.handed_to})" if answer.handed_to else ""
    what = f"{answer_label(answer.kind, alert.organisation_kind)}{to}"
    return AttestedAnswer(answer.title, what, answer.get_means_display(), answer.at)


def _wording(notification: Notification) -> Wording:
    subject, body = words_of(notification)
    channel = notification.get_channel_display()
    reader = f"{notification.title}, texte n° {notification.revision}"
    return Wording(channel, subject, body, [reader], notification.created_at)


def _text(notification: Notification) -> AttestedText:
    message = notification.message
    return AttestedText(
        number=notification.pk,
        revision=notification.revision,
        title=notification.title,
        channel=notification.get_channel_display(),
        masked=mask(notification.address) if notification.address else "",
        decided_at=notification.created_at,
        handed_at=message.accepted_at if message else None,
        received_at=message.ended_at if message and message.state in DELIVERED_STATES else None,
        what_is_known=_what_is_known(notification, message),
    )


def _what_is_known(notification: Notification, message: Message | None) -> str:
    if message is None:
        return f"rien n’est parti : {fate_in_words(notification)}"
    known = _of_message(message)
    if notification.state == NotificationState.SUPPRESSED and notification.reason == KNOWN:
        return f"{notification.explanation} ; de ce texte : {known}"
    return known


def _of_message(message: Message) -> str:
    match MessageState(message.state):
        case MessageState.READ:
            return "reçu, et ouvert d’après l’opérateur"
        case MessageState.DELIVERED:
            return "reçu d’après l’accusé de l’opérateur ; que quelqu’un l’ait lu n’est pas connu"
        case MessageState.ACCEPTED if message.channel == Channel.EMAIL:
            return "remis au serveur de courriel ; ni la réception ni la lecture ne sont connues"
        case MessageState.ACCEPTED:
            return "remis à l’opérateur, qui n’a rien dit de plus"
        case MessageState.UNKNOWN:
            return "peut-être parti : l’opérateur n’a pas répondu, et rien ne le dit depuis"
        case MessageState.UNDELIVERED | MessageState.FAILED | MessageState.EXPIRED:
            why = f" : {explain_error(message)}" if message.error_code else ""
            return f"{message.get_state_display()}{why}"
        case MessageState.CANCELLED:
            return "retiré avant l’envoi"
    return "pas encore remis à l’opérateur"


def _digest(message: Message) -> str:
    return hashlib.sha256(f"{message.subject}\n{message.body}".encode()).hexdigest()


def _stamp(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""
