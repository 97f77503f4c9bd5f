"""Tell whoever serves several of the communes concerned in one text, which names them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from notifier.alerting.content.typography import list_names
from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.models import Alert
from notifier.alerting.notification.planned import (
    AddressKey,
    AlertText,
    KnownNotification,
    PlannedNotification,
)
from notifier.alerting.notification.text_facts import compose

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
