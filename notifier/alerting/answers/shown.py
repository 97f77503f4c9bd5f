"""An alert in the words of the page behind its link: its facts, what to do, what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifier.alerting.answers.find import OpenedAlert, ToldText
from notifier.alerting.content.facts import mail_context
from notifier.alerting.content.reflexes import Reflex
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Answer, AnswerKind, answer_label
from notifier.alerting.notification.text_facts import parse_facts
from notifier.alerting.policy.current import reflexes
from notifier.intake.schema.vocabulary import Status
from notifier.territory.grammar import with_a


@dataclass(frozen=True)
class ShownAlert:
    """What its reader is shown; the same whitelisted facts as in the texts, and nothing more."""

    what: str
    where: str
    """"à Delle"; for an organisation, in which communes of its territory."""
    place: str
    """The street or the site, where the text may say it."""
    when: str
    state: str
    reference: str
    service: str
    phone: str
    """As people read it; `dial` as a telephone dials it. Both empty where the source has none."""
    dial: str
    is_exercise: bool
    is_over: bool
    is_withdrawn: bool
    """Whether it was cancelled, or turned out not to concern the organisation."""
    is_cancelled: bool
    """Of what is withdrawn: whether the incident itself was cancelled."""
    moved_to: str
    expired_at: datetime | None
    """Since when it is of no more use, though nobody ended it; None where it is, or was ended."""
    is_of_commune: bool
    reflexes: Sequence[Reflex]
    later_texts: Sequence[ToldText]
    """What the reader was told after the first text."""
    taken_by: str
    """The function of who has taken it in hand; "" while nobody has."""
    taken_at: datetime | None
    is_taken_by_reader: bool
    answer: Answer | None
    """What the reader answered last."""
    answer_label: str
    """That one in French; "" where there is none."""
    answered: frozenset[str]
    """Every kind that the reader gave."""
    may_note: bool
    """Whether « bien noté » says anything that the reader has not said."""
    tells_next: bool
    """Whether the next person is told unless somebody answers."""


def shown_alert(opened: OpenedAlert) -> ShownAlert:
    """Return what the page says of the alert. Reads no database."""
    alert = opened.alert
    words = mail_context(parse_facts(alert.facts))
    source = alert.incident.source
    answers = sorted(opened.answers, key=lambda answer: (answer.at, answer.pk))
    kind = Kind(alert.kind)
    answer = answers[-1] if answers else None
    is_expired = not kind.closes and alert.expires_at <= timezone.now()
    sheet = reflexes().of(alert.category, alert.facts["commune"], alert.facts["service"])
    return ShownAlert(
        what=str(words["category" if kind.closes else "worse_category"]),
        where=str(words["at_communes"] or with_a(alert.facts["commune"])),
        place=str(words["place"] or words["site"] or ""),
        when=str(words["date_and_time"]),
        state=str(words["status_words"]),
        reference=str(words["reference"]),
        service=str(words["service"]),
        phone=str(words["duty_phone"]),
        dial=source.duty_phone,
        is_exercise=bool(words["exercise"]),
        is_over=kind.closes,
        is_withdrawn=kind is Kind.CANCELLATION,
        is_cancelled=words["status"] == Status.CANCELLED,
        moved_to=str(words["moved_to"] or ""),
        expired_at=alert.expires_at if is_expired else None,
        is_of_commune=alert.is_of_commune,
        reflexes=() if kind.closes else sheet,
        later_texts=opened.texts[1:],
        taken_by=alert.taken_title,
        taken_at=alert.taken_at,
        is_taken_by_reader=opened.is_taken_by_reader,
        answer=answer,
        answer_label=answer_label(answer.kind, alert.organisation_kind) if answer else "",
        answered=frozenset(AnswerKind(each.kind).value for each in answers),
        may_note=answer is None or answer.kind == AnswerKind.NOT_MINE,
        tells_next=alert.answer_due_at is not None and not is_expired,
    )
