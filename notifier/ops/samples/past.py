"""The service in one process at moments of the past: it decides, hands over and is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.utils import timezone

from notifier.alerting.answers.answer import answer
from notifier.alerting.answers.by_telephone import NOTED, answer_call
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import OF_ALERT, AnswerKind, AnswerMeans, Notification
from notifier.alerting.service import accept
from notifier.alerting.sweep import upkeep
from notifier.delivery.models import Channel, Lane, Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, Receipt, SendResult
from notifier.delivery.providers.twilio.call_outcomes import NO_KEY
from notifier.delivery.receipts.apply import apply_receipts
from notifier.delivery.sending.claim import claim_due
from notifier.delivery.sending.former_recipients import drop_former_recipients
from notifier.delivery.sending.record import record
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.schema.report import NewReport

# After how long a telephone confirms, by the last digit of its number: they differ.
_RECEIPT_AFTER = (2.1, 2.8, 3.4, 1.9, 4.6, 3.1, 2.4, 6.2, 3.7, 2.6)
_ANSWER_AFTER = timedelta(milliseconds=180)
# A telephone rings, the text is heard.
_KEY_AFTER = timedelta(seconds=31)
_UNKNOWN_NUMBER, _UNKNOWN_MAILBOX = "30005", "550 5.1.1"


@dataclass
class Past:
    """Plays what happened at `clock`.

    `dead` are numbers and mailboxes that nobody has any more, `takes_calls` numbers whose owner
    presses 1 when called; the others press nothing.
    """

    clock: time_machine.Traveller
    dead: set[str] = field(default_factory=set)
    takes_calls: set[str] = field(default_factory=set)

    def push(self, source: Source, body: Mapping[str, Any]) -> None:
        """Take a report as the endpoint would, decide it, and deliver what it causes."""
        occurred_at = timezone.now() - timedelta(seconds=75)
        new = NewReport.model_validate(
            {"occurred_at": occurred_at.isoformat(), "exercise": False, **body}
        )
        report_id = accept(source, new).report_id
        self.clock.shift(timedelta(milliseconds=9))
        decide(report_id)
        self.settle()

    def answer(self, reference: str, title: str, kind: AnswerKind, means: AnswerMeans) -> None:
        """Have whoever was told of an incident in this function answer, and deliver what follows.

        Nothing where nobody was: who is on call differs from day to day.
        """
        told = Notification.objects.filter(
            incident__reference=reference, title=title, alert__isnull=False, kind__in=OF_ALERT
        )
        if row := told.order_by("-pk").first():
            answer(row.alert_id or 0, row.recipient, kind, means)
        self.settle()

    def settle(self) -> None:
        """Decide what a person has just decided, deliver what is due, and apply the receipts."""
        upkeep()
        for waiting in Report.objects.filter(state=ReportState.RECEIVED).values_list(
            "pk", flat=True
        ):
            decide(waiting)
        while handed_over := self._hand_over():
            self._receive(handed_over)
            upkeep()

    def _hand_over(self) -> list[Message]:
        began, sent = timezone.now(), list[Message]()
        for lane in Lane:
            while batch := drop_former_recipients(claim_due(lane)):
                sent += batch
        if sent:
            self.clock.shift(_ANSWER_AFTER)
            record([SendResult(m, self._outcome(m), began, timezone.now()) for m in sent])
        return sent

    def _outcome(self, message: Message) -> Outcome:
        if message.channel == Channel.EMAIL and message.address in self.dead:
            return Outcome(Result.PERMANENT, code=_UNKNOWN_MAILBOX, detail="boîte inconnue")
        return Outcome(Result.ACCEPTED, provider_id=_provider_id(message))

    def _receive(self, sent: list[Message]) -> None:
        """Telephones confirm one after the other; calls come to their end."""
        texts = [message for message in sent if message.channel == Channel.SMS]
        began = timezone.now()
        for message in sorted(texts, key=_receipt_after):
            self.clock.move_to(began + _receipt_after(message))
            is_dead = message.address in self.dead
            state = MessageState.UNDELIVERED if is_dead else MessageState.DELIVERED
            code = _UNKNOWN_NUMBER if is_dead else ""
            apply_receipts([(message.pk, Receipt(_provider_id(message), state, code))])
        for call in [message for message in sent if message.channel == Channel.VOICE]:
            self._ring(call)

    def _ring(self, call: Message) -> None:
        """Have a call answered by a key, or by none."""
        self.clock.shift(_KEY_AFTER)
        number = _provider_id(call)
        if call.address in self.takes_calls:
            apply_receipts([(call.pk, Receipt(number, MessageState.DELIVERED))])
            answer_call(call, NOTED)
        else:
            apply_receipts([(call.pk, Receipt(number, MessageState.UNDELIVERED, NO_KEY))])


@contextmanager
def travelling(since: datetime) -> Iterator[Past]:
    """Put this process back to `since`; the clock ticks on from there."""
    with time_machine.travel(since, tick=True) as clock:
        yield Past(clock)


def _provider_id(message: Message) -> str:
    return f"SM{message.pk:032x}"


def _receipt_after(message: Message) -> timedelta:
    return timedelta(seconds=_RECEIPT_AFTER[int(message.address[-1])])
