"""When something last arrived at addresses."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max

from notifier.delivery.models import Message, MessageState

_ARRIVED = (MessageState.DELIVERED, MessageState.READ)


def last_deliveries(addresses: Collection[str], since: datetime) -> dict[str, datetime]:
    """Return when a text made since then last arrived at each address; one statement."""
    rows = Message.objects.filter(
        address__in=addresses, created_at__gte=since, state__in=_ARRIVED, ended_at__isnull=False
    )
    found = rows.order_by().values_list("address").annotate(at=Max("ended_at"))
    return dict(found)
