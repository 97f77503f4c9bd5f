"""Figures of a territory: what counts once, when, for whom; and what small counts give away."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import time_machine

from notifier.alerting.figures.masking import MIN_SHOWN, gives_away, shown
from notifier.alerting.figures.outcome import AlertOutcome
from notifier.alerting.figures.published import OTHERS, publish
from notifier.alerting.figures.territory import Delay, Figures, Period, figures_of_period
from notifier.alerting.models import Alert, Notification
from notifier.delivery.models import Message, MessageState
from notifier.directory.models import OrganisationRef
from tests.alerting.house import ACCIDENT, FIRE, SECRET, contact, dispatch_centre, number, push
from tests.alerting.organisations import member, told_by_convention

PARIS = ZoneInfo("Europe/Paris")
# Still the last day of the year in UTC, already the next year in Paris.
NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
DELIVERED, NOBODY = AlertOutcome.DELIVERED, AlertOutcome.NOBODY


def figures_in(year: int, month: int | None = None) -> Figures:
    alerts, notifications = Alert.objects.all(), Notification.objects.all()
    return figures_of_period(alerts, notifications, Period(year, month, PARIS))


def receive_all(seconds: float) -> None:
    for message in Message.objects.filter(state=MessageState.PENDING):
        ended_at = message.reported_at and message.reported_at + timedelta(seconds=seconds)
        rows = Message.objects.filter(pk=message.pk)
        rows.update(state=MessageState.DELIVERED, ended_at=ended_at, due_at=None)


@pytest.mark.django_db
def test_each_alert_counts_once_where_and_when_it_was_first_reported(rules) -> None:
    source = dispatch_centre()
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    member(told_by_convention(), mobile=3)
    with time_machine.travel(NEW_YEAR - timedelta(hours=1), tick=False):
        push(source, "OLD", category=FIRE)
        receive_all(4)
    with time_machine.travel(NEW_YEAR, tick=False):
        push(source, "R1", category=ACCIDENT)
        receive_all(2.5)
        push(source, "R2", category=ACCIDENT, location={"insee": "90056"})
        push(source, "R3", category=SECRET)
        push(source, "R4", exercise=True)
        push(source, "R5", category=FIRE)
        push(source, "R5", 2, category=FIRE, status="cancelled")
    counted = figures_in(2027)
    assert counted.incidents == 2
    # The métropole as well as the commune; nobody of Joncherey is in the directory.
    assert counted.outcomes[DELIVERED] == 2
    assert counted.outcomes[NOBODY] == 1
    assert counted.cancelled == 2
    assert counted.months[date(2027, 1, 1)].total() == counted.alerts
    assert set(counted.families) == {"C01"}
    assert counted.communes[OrganisationRef("commune", "90056")] == Counter({NOBODY: 1})
    assert counted.conventions["Convention métropolitaine"].total() == 2
    assert set(counted.withheld) == {"withheld"}
    assert counted.delay == Delay(2.5, 2.5, 2)
    december = figures_in(2026, 12)
    assert (december.incidents, december.delay) == (1, Delay(4.0, 4.0, 2))
    assert figures_in(2025).alerts == 0


def test_small_counts_are_hidden_and_large_ones_rounded() -> None:
    words = [str(shown(count, sees_all=False)) for count in (0, 1, 4, 5, 7, 8, 12, 13)]
    assert words == [*["moins de 5"] * 3, "5", "5", "10", "10", "15"]
    assert str(shown(1, sees_all=True)) == "1"


@pytest.mark.parametrize("size", [2, 3])
def test_no_hidden_count_can_be_computed_from_a_total_and_the_others(size: int) -> None:
    """Of all tables that look alike to the reader, a hidden count is never the same in each."""
    alike = defaultdict[tuple[str, ...], list[tuple[int, ...]]](list)
    for counts in product(range(13), repeat=size):
        look = tuple(str(shown(each, sees_all=False)) for each in (*counts, sum(counts)))
        alike[look].append(counts)
    for tables in alike.values():
        for counts in tables:
            hidden = [at for at, count in enumerate(counts) if count < MIN_SHOWN]
            is_computed = any(len({other[at] for other in tables}) == 1 for at in hidden)
            assert gives_away(counts, sum(counts)) or not is_computed, counts


def test_a_total_is_left_out_where_it_would_give_a_row_away() -> None:
    counts = {"90001": 7, "90002": 7, "90003": 4}
    of = {
        OrganisationRef("commune", code): Counter({DELIVERED: count})
        for code, count in counts.items()
    }
    figures = Figures(
        outcomes=Counter({DELIVERED: 18}), communes=of, names=dict.fromkeys(of, "Commune")
    )
    published = publish(figures, sees_all=False)
    assert published.alerts is None
    assert [str(line.alerts) for line in published.communes] == ["5", "5", "moins de 5"]
    assert published.communes[-1].label == OTHERS
    assert str(publish(figures, sees_all=True).alerts) == "18"


def test_a_median_of_few_is_not_told_to_whoever_may_not_see_few() -> None:
    figures = Figures(delay=Delay(2.0, 3.0, 4))
    assert publish(figures, sees_all=False).delay is None
    assert publish(figures, sees_all=True).delay is not None
