"""Configure the alerting room, and connect it to the rooms below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.checks import CheckMessage

    from notifier.delivery.models import Message
    from notifier.intake.models import Report


class AlertingConfig(AppConfig):
    """The alerting room."""

    name = "notifier.alerting"
    label = "alerting"
    verbose_name = "Alertes"

    def ready(self) -> None:
        """Connect the rooms below: what is received is decided, what fails is escalated."""
        from django.core.checks import register

        from notifier.delivery.sending.former_recipients import checking_recipients
        from notifier.delivery.signals import delivered_late, delivery_failed
        from notifier.intake.receive import received
        from notifier.jobs.heartbeat import beating
        from notifier.readiness import CHECK_TAG

        register(_check_wording, CHECK_TAG)
        received.connect(_enqueue_decision, dispatch_uid="alerting")
        delivery_failed.connect(_fail_over, dispatch_uid="alerting")
        # After the next person is told: that never waits for it.
        delivery_failed.connect(_note_failure, dispatch_uid="addresses")
        delivered_late.connect(_catch_up, dispatch_uid="alerting")
        beating.connect(_read_narrowings, dispatch_uid="alerting")
        beating.connect(_look_after_canary, dispatch_uid="canary")
        checking_recipients.connect(_messages_to_former_recipients, dispatch_uid="alerting")


def _check_wording(**options: object) -> Sequence[CheckMessage]:
    # What makes texts is slow to load, and most commands make none.
    from notifier.alerting.checks import check_wording

    return check_wording(**options)


def _enqueue_decision(report: Report, **_: object) -> None:
    from notifier.alerting.scheduling import enqueue_decision

    enqueue_decision(report)


def _fail_over(message: Message, **_: object) -> None:
    from notifier.alerting.escalation.failover import fail_over

    fail_over(message)


def _note_failure(message: Message, **_: object) -> None:
    from notifier.alerting.escalation.failing_addresses import note_failure

    note_failure(message)


def _catch_up(message: Message, **_: object) -> None:
    from notifier.alerting.escalation.late_delivery import catch_up

    catch_up(message)


def _read_narrowings(role: str, **_: object) -> None:
    from notifier.alerting.policy.narrowings import refresh

    if role == "worker":
        refresh()


def _look_after_canary(role: str, **_: object) -> None:
    from notifier.alerting.canary.watch import look_from_clock
    from notifier.jobs.heartbeat import BEAT

    if role == BEAT:
        look_from_clock()


def _messages_to_former_recipients(messages: list[Message], **_: object) -> set[int]:
    from notifier.alerting.notification.former_recipients import messages_to_former_recipients

    return messages_to_former_recipients(messages)
