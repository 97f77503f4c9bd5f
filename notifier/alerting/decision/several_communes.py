"""Tell whoever serves several of the communes concerned in one text, which names them all.

Where that text does not leave, or is withdrawn before it does, each commune tells its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from notifier.alerting.content.typography import list_names
from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification, NotificationKind, NotificationState
from notifier.alerting.notification.planned import (
    AddressKey,
    AlertText,
    KnownNotification,
    NotificationPlan,
    PlannedNotification,
    address_key,
    wording,
)
from notifier.alerting.notification.text_facts import compose
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.policy.terms import addressing, parse_terms
from notifier.delivery.models import Channel, Lane, MessageState
from notifier.directory.models import OrganisationRef

# A text that opens or updates makes no end needless, nor the reverse.
_Readers = defaultdict[tuple[AddressKey, bool], list[tuple[AlertPlan, PlannedNotification]]]


def told_once(plans: Sequence[AlertPlan]) -> list[AlertPlan]:
    """Return the plans with one text for each address of the communes concerned.

    The first commune's text tells it; the others know by that one.
    """
    readers: _Readers = defaultdict(list)
    for plan in plans:
        if plan.alert and plan.organisation_ruling.is_of_commune_concerned:
            for n in plan.notifications:
                readers[n.key, not plan.alert.is_open].append((plan, n))
    shared = [each for each in readers.values() if len(each) > 1]
    return _told_by_first(plans, shared) if shared else list(plans)


def tell_themselves(plan: AlertPlan, notifications: NotificationPlan) -> AlertPlan:
    """Return the plan with texts of its own in the place of those that would come too late.

    A digest names what each row is about, so a commune whose reader waits for one has its own row;
    and what is urgent does not wait with what is not.
    """
    late = [
        known
        for known in plan.known
        if known.telling is not None
        and notifications.deferral_of(known.telling) is not None
        and (plan.organisation_ruling.is_of_commune_concerned or _is_more_urgent(known))
    ]
    if not late:
        return plan
    return replace(
        plan,
        notifications=[*plan.notifications, *(known.planned for known in late)],
        known=[known for known in plan.known if known not in late],
    )


def _is_more_urgent(known: KnownNotification) -> bool:
    is_telling_urgent = known.telling is not None and known.telling.lane is Lane.URGENT
    return known.planned.lane is Lane.URGENT and not is_telling_urgent


def told_again(
    plans: Sequence[AlertPlan],
    alerts: Iterable[Alert],
    earlier: Mapping[int, Sequence[Notification]],
    received_at: datetime,
) -> list[AlertPlan]:
    """Return the plans with the texts of those who knew by one that is withdrawn unsent.

    The text to two communes of which one is concerned no longer is withdrawn with it.
    """
    changing = {plan.alert.pk for plan in plans if plan.alert}
    withdrawn = {
        row.message_id
        for plan in plans
        if plan.alert
        for row in earlier.get(plan.alert.pk, ())
        if row.state == NotificationState.QUEUED and row.message_state == MessageState.PENDING
        and (plan.alert.kind == Kind.CANCELLATION
             or any(n.key == address_key(row.channel, row.address) for n in plan.notifications))
    }  # fmt: skip
    told_now = {n.key for plan in plans if plan.alert and plan.alert.is_open
                for n in plan.notifications}  # fmt: skip
    lost: dict[OrganisationRef, list[PlannedNotification]] = {}
    for alert in alerts:
        if not alert.is_open or alert.pk in changing:
            continue
        is_concerned = not alert.terms and not alert.is_to_neighbour
        for row in earlier.get(alert.pk, ()):
            is_withdrawn = row.state == NotificationState.SUPPRESSED and row.message_id in withdrawn
            is_read = address_key(row.channel, row.address) in told_now and not is_concerned
            if is_withdrawn and not is_read:
                again = _as_it_stands(alert, row, received_at)
                lost.setdefault(alert.ref, []).append(again)
    return [
        replace(plan, notifications=lost[plan.organisation_ruling.organisation])
        if plan.organisation_ruling.organisation in lost
        and plan.organisation_ruling.ruling.rule == "no_news"
        else plan
        for plan in plans
    ]


def _as_it_stands(alert: Alert, row: Notification, received_at: datetime) -> PlannedNotification:
    """Plan for the same recipient what the alert last said."""
    texts = compose(Kind(alert.kind), alert.facts)
    category = category_of(alert)
    lane = addressing(category, parse_terms(alert.terms)).lane if category else Lane.URGENT
    return PlannedNotification(
        kind=NotificationKind.ALERT,
        source=alert.incident.source,
        incident_id=alert.incident_id,
        alert=alert,
        revision=alert.revision,
        channel=Channel(row.channel),
        address=row.address,
        recipient=row.recipient,
        title=row.title,
        lane=lane,
        expires_at=alert.expires_at,
        reported_at=received_at,
        **wording(texts, Channel(row.channel), alert, row.recipient),
    )


def _told_by_first(
    plans: Sequence[AlertPlan], shared: Iterable[list[tuple[AlertPlan, PlannedNotification]]]
) -> list[AlertPlan]:
    telling: dict[int, PlannedNotification] = {}
    known: defaultdict[int, list[KnownNotification]] = defaultdict(list)
    for (first, n), *others in shared:
        of_others = [plan.alert for plan, _ in others if plan.alert]
        joint = _naming(first, n, of_others)
        telling[id(n)] = joint
        for plan, theirs in others:
            telling[id(theirs)] = joint
            name = first.organisation_ruling.name
            known[id(plan)].append(KnownNotification(theirs, name, joint))
    needless = {id(each.planned) for ones in known.values() for each in ones}
    return [
        replace(
            plan,
            notifications=[
                telling.get(id(n), n) for n in plan.notifications if id(n) not in needless
            ],
            known=[
                *(replace(k, telling=telling.get(id(k.telling), k.telling)) for k in plan.known),
                *known[id(plan)],
            ],
        )
        for plan in plans
    ]


def _naming(
    plan: AlertPlan, n: PlannedNotification, others: Sequence[Alert]
) -> PlannedNotification:
    """Return the first commune's text as it names the others as well."""
    alert, kind = plan.alert, plan.organisation_ruling.kind
    if alert is None or kind is None:
        raise ValueError("only what is told can be told together")
    names = list_names(
        [alert.organisation_name, *(other.organisation_name for other in others)], "autres communes"
    )
    texts = compose(kind, {**alert.facts, "commune": names})
    return AlertText(alert, texts, n.lane).rewritten(n)
