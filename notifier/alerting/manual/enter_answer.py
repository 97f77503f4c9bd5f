"""Enter what a person who was told of an alert answered on the telephone to one of us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from notifier.alerting.answers.alive import takes_answers
from notifier.alerting.answers.answer import AnswerRefusedError, answer
from notifier.alerting.manual.action import Actor, ManualActionError, act, locked_alert, record
from notifier.alerting.models import ActionKind, Alert, AnswerKind, AnswerMeans
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.journal import alert_entry
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries

# To hand it over or to be called back is for the person alone; whoever has them on the telephone
# tells one more, or has called.
ENTERED_KINDS = (AnswerKind.TAKEN, AnswerKind.NOTED, AnswerKind.NOT_MINE)


@dataclass(frozen=True)
class Asked:
    """Somebody whom the alert told, and who can therefore answer it. Without a name."""

    recipient: str
    title: str


def people_asked(alert: Alert) -> Sequence[Asked]:
    """Return whom the alert told since it was opened, each once; nobody where it is over."""
    if not alert.answers_wanted or not takes_answers(alert, timezone.now()):
        return ()
    told = notifications_of(alert.pk).get(alert.pk, [])
    sent = [n for n in told if n.revision >= alert.opened_revision and n.message_id is not None]
    return [Asked(key, title) for key, title in {n.recipient: n.title for n in sent}.items()]


def enter_answer(alert: Alert, recipient: str, kind: AnswerKind, actor: Actor) -> str:
    """Take the answer of one of those whom the alert told; return whose it is, without a name.

    Raises ManualActionError where no answer is wanted any more, for what is known already, and for
    a kind that is for the person alone.
    """
    pk = alert.pk
    return act(
        alert.incident_id, actor, lambda reports: _enter(pk, recipient, kind, reports, actor)
    )


def _enter(
    alert_id: int, recipient: str, kind: AnswerKind, reports: list[Report], actor: Actor
) -> str:
    if kind not in ENTERED_KINDS:
        raise ManualActionError("cette réponse ne peut être donnée que par la personne elle-même")
    alert = locked_alert(alert_id, reports)
    one = next((asked for asked in people_asked(alert) if asked.recipient == recipient), None)
    if one is None:
        raise ManualActionError("l’alerte est terminée, ou n’a pas été adressée à cette personne")
    what = f"réponse de {one.title} saisie par {actor.who}"
    write_entries([
        alert_entry(alert, Step.ANSWERED, what, alert=alert.pk, rule="entered", who=actor.who)
    ])  # fmt: skip
    try:
        result = answer(alert.pk, recipient, kind, AnswerMeans.CONSOLE)
    except AnswerRefusedError as error:
        raise ManualActionError(str(error)) from None
    if not result.is_new:
        raise ManualActionError(f"cette réponse est déjà connue ({one.title})")
    record(alert.incident_id, ActionKind.ANSWER, actor, one.title)
    return one.title
