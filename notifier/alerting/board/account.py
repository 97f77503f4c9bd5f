"""One incident told from its rows: reports, each text with its moments, who was told and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from notifier.alerting.board.answers import read_answers
from notifier.alerting.board.incidents import OrganisationLine, need, organisation_line
from notifier.alerting.board.readers import Outcome
from notifier.alerting.board.sent import Sent, answered_texts, sent_of
from notifier.alerting.board.story import StoryStep, story_of
from notifier.alerting.board.wordings import Wording, wordings
from notifier.alerting.decision.who import Answer, answers
from notifier.alerting.escalation.one_more import Untold, people_to_tell
from notifier.alerting.kinds import Kind
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    ManualAction,
    Notification,
    NotificationKind,
)
from notifier.alerting.notification.history import COUNTED
from notifier.directory.models import OrganisationKind
from notifier.intake.models import Incident, Report, ReportState
from notifier.territory.resolve import commune_by_code

# So many texts of one incident are listed, those that failed first; all are in the journal.
MAX_TEXTS = 200

_UNDECIDED = (ReportState.RECEIVED, ReportState.REVIEW)
KINDS = {
    Kind.FIRST: "première alerte",
    Kind.NEIGHBOUR: "alerte à une voisine",
    Kind.UPDATE: "aggravation",
    Kind.END: "fin",
    Kind.CANCELLATION: "annulation",
}


@dataclass(frozen=True)
class Told:
    """Why one organisation was told or was not, under the name that people read."""

    name: str
    answer: Answer


@dataclass(frozen=True)
class Account:
    """What is known of one incident to whoever may see these alerts and notifications."""

    incident: Incident
    reports: list[Report]
    organisations: list[OrganisationLine]
    texts: list[Sent]
    is_cut: bool
    """Whether there are more texts."""
    answers: list[Told]
    to_tell: list[tuple[OrganisationLine, list[Untold]]]
    actions: list[ManualAction]
    story: list[StoryStep]
    """What came of the question of alerts that want an answer; empty where none does."""

    @property
    def latest(self) -> Report:
        """What dispatch said last."""
        return self.reports[-1]

    @property
    def is_open(self) -> bool:
        """Whether it goes on for anybody."""
        return any(not line.is_over for line in self.organisations)

    @property
    def names(self) -> list[str]:
        """Where it is: the communes told, each once."""
        return list(dict.fromkeys(line.where for line in self.organisations))

    def is_under_way(self, now: datetime) -> bool:
        """Whether anything of it may still change without a new report."""
        alerts = [line.alert for line in self.organisations]
        return (
            any(alert.is_open and alert.expires_at > now for alert in alerts)
            or any(sent.reader.outcome is Outcome.ON_ITS_WAY for sent in self.texts)
            or any(report.state in _UNDECIDED for report in self.reports)
        )

    @property
    def wordings(self) -> list[Wording]:
        """The texts, each once with its readers, in the order of their making."""
        return wordings(
            Wording(
                sent.reader.channel,
                sent.subject,
                sent.body,
                [f"{sent.reader.title}, {sent.organisation}"],
                sent.planned_at,
            )
            for sent in self.texts
        )

    @property
    def resendable(self) -> list[Sent]:
        """Those that may be sent again."""
        return [sent for sent in self.texts if sent.why_not_again is None]


def account_of(
    incident: Incident, alerts: QuerySet[Alert], notifications: QuerySet[Notification]
) -> Account:
    """Read one incident, as far as these alerts and notifications are its.

    Sixteen statements at most, for any number of communes that one decision told.
    """
    own = list(alerts.filter(incident=incident).order_by("id"))
    kinds = (*OF_ALERT, NotificationKind.TAKEN)
    rows = notifications.filter(incident=incident, kind__in=kinds).select_related("message")
    sent = list(rows.order_by("id"))
    found = [n for n in sent if n.kind != NotificationKind.TAKEN]
    for alert in own:
        alert.incident = incident
    answered = read_answers(own)
    lines = [organisation_line(alert, _counted(alert, found), answered.of(alert)) for alert in own]
    by_id = {alert.pk: alert for alert in own}
    to_tell = people_to_tell(own)
    of = {
        pk: answer
        for line in lines
        for pk, answer in answered_texts(
            (n for n in found if n.alert_id == line.alert.pk), line.answers.given
        ).items()
    }
    texts = [sent_of(n, by_id[n.alert_id], of.get(n.pk, ())) for n in sent if n.alert_id in by_id]
    return Account(
        incident,
        list(Report.objects.filter(incident=incident).order_by("sequence")),
        sorted(lines, key=need),
        _shown(texts),
        len(texts) > MAX_TEXTS,
        [Told(_name(answer, own), answer) for answer in answers(own, found)],
        [(line, untold) for line in lines if (untold := to_tell.get(line.alert.pk))],
        list(ManualAction.objects.filter(incident=incident)),
        story_of(lines, texts),
    )


def kind_in_words(kind: str) -> str:
    """Return the kind of a text in French."""
    return KINDS[Kind(kind)]


def _name(answer: Answer, alerts: Sequence[Alert]) -> str:
    ref = answer.ref
    if ref is None:
        return answer.organisation
    told = next((alert.organisation_name for alert in alerts if alert.ref == ref), None)
    commune = commune_by_code(ref.code) if ref.kind == OrganisationKind.COMMUNE else None
    if told or commune:
        return told or (commune.name if commune else "")
    return f"{OrganisationKind(ref.kind).label} {ref.code}"


def _shown(texts: list[Sent]) -> list[Sent]:
    """Return as many as are listed, in their order; what failed is among them."""
    if len(texts) <= MAX_TEXTS:
        return texts
    failed_first = sorted(texts, key=lambda sent: sent.reader.outcome is not Outcome.FAILED)
    chosen = {id(sent) for sent in failed_first[:MAX_TEXTS]}
    return [sent for sent in texts if id(sent) in chosen]


def _counted(alert: Alert, notifications: Sequence[Notification]) -> list[Notification]:
    """Select as `notifications_of` does."""
    return [
        n
        for n in notifications
        if n.alert_id == alert.pk
        and (n.state in COUNTED or (n.reason == KNOWN and n.message_id is not None))
    ]
