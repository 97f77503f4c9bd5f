"""Alerts, notifications, limits and what narrows the rules, as stored."""

from notifier.alerting.models.address_test import AddressTest
from notifier.alerting.models.alerts import (
    FIGURE,
    KNOWN,
    OF_ALERT,
    ActionKind,
    Alert,
    DeferralReason,
    FanOut,
    FiguresMail,
    ManualAction,
    Notification,
    NotificationKind,
    NotificationState,
    QuotaUsage,
)
from notifier.alerting.models.answers import (
    Answer,
    AnswerKind,
    AnswerMeans,
    WebhookEvent,
    answer_label,
    answers_to,
)
from notifier.alerting.models.policy import PolicyNarrowing, PolicyReplay, ReplayState
from notifier.alerting.models.watch import CANARY, CanaryRun, RotaGapNotice

__all__ = [
    "CANARY",
    "FIGURE",
    "KNOWN",
    "OF_ALERT",
    "ActionKind",
    "AddressTest",
    "Alert",
    "Answer",
    "AnswerKind",
    "AnswerMeans",
    "CanaryRun",
    "DeferralReason",
    "FanOut",
    "FiguresMail",
    "ManualAction",
    "Notification",
    "NotificationKind",
    "NotificationState",
    "PolicyNarrowing",
    "PolicyReplay",
    "QuotaUsage",
    "ReplayState",
    "RotaGapNotice",
    "WebhookEvent",
    "answer_label",
    "answers_to",
]
