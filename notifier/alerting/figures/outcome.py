"""What became of an alert, as figures and the log count it: its best-ended notification decides."""

from django.db import models
from django.db.models import Case, Max, Q, Value, When

from notifier.alerting.models import NotificationState
from notifier.delivery.models import DELIVERED_STATES, MessageState


class AlertOutcome(models.IntegerChoices):
    """From nobody to somebody; a greater one wins."""

    NOBODY = 0, "aucun contact dans l’annuaire"
    WITHDRAWN = 1, "retirée avant l’envoi"
    REFUSED = 2, "refusée par l’opérateur"
    UNDELIVERED = 3, "non reçue par le téléphone ou la boîte"
    EXPIRED = 4, "périmée avant d’avoir pu partir"
    UNDER_WAY = 5, "en attente ou retenue"
    UNKNOWN = 6, "sort inconnu"
    HANDED_OVER = 7, "remise à l’opérateur, sans accusé"
    DELIVERED = 8, "reçue"

    @property
    def is_reached(self) -> bool:
        """Whether somebody's telephone or mailbox is known to have it."""
        return self is AlertOutcome.DELIVERED

    @property
    def is_not_reached(self) -> bool:
        """Whether nobody has it, for all that is known."""
        return self < AlertOutcome.UNDER_WAY


_MEANT = {
    AlertOutcome.DELIVERED: Q(notification__message__state__in=DELIVERED_STATES),
    AlertOutcome.HANDED_OVER: Q(notification__message__state=MessageState.ACCEPTED),
    AlertOutcome.UNKNOWN: Q(notification__message__state=MessageState.UNKNOWN),
    AlertOutcome.UNDER_WAY: Q(
        notification__message__state__in=(MessageState.PENDING, MessageState.SENDING)
    )
    | Q(notification__state=NotificationState.DEFERRED),
    AlertOutcome.EXPIRED: Q(notification__message__state=MessageState.EXPIRED)
    | Q(notification__state=NotificationState.EXPIRED),
    AlertOutcome.UNDELIVERED: Q(notification__message__state=MessageState.UNDELIVERED),
    AlertOutcome.REFUSED: Q(notification__message__state=MessageState.FAILED),
    AlertOutcome.WITHDRAWN: Q(notification__message__state=MessageState.CANCELLED)
    | Q(notification__state=NotificationState.CANCELLED),
}

# Of each alert, over its notifications: those whose readers know by another alert's text as well.
BEST_OUTCOME = Max(
    Case(
        *(When(meant, then=Value(outcome.value)) for outcome, meant in _MEANT.items()),
        default=Value(AlertOutcome.NOBODY.value),
    )
)
