"""Figures of a territory: what counts once, when, for whom; and what small counts give away."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import time_machine

from notifier.alerting.answers.answer import answer
from notifier.alerting.figures.answered import AnswerFigures
from notifier.alerting.figures.delay import Delay
from notifier.alerting.figures.export import figures_table
from notifier.alerting.figures.masking import MIN_SHOWN, gives_away, shown
from notifier.alerting.figures.outcome import AlertOutcome
from notifier.alerting.figures.published import OTHERS, publish
from notifier.alerting.figures.territory import Figures, Period, figures_of_period
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
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


@pytest.mark.django_db
def test_the_first_answer_of_each_counts_by_whom_by_which_means_and_how_soon(asking) -> None:
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2), commune="90052")
    at = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
    with time_machine.travel(at, tick=False) as clock:
        push(asking, "A", category=FIRE)
        push(asking, "B", category=FIRE, location={"insee": "90052"})
        push(asking, "C", category=FIRE)
        push(asking, "X", category=FIRE, exercise=True)
        push(asking, "Y", category=FIRE)
        push(asking, "Y", 2, category=FIRE, status="cancelled")
        push(asking, "Z", category=ACCIDENT)
        clock.shift(timedelta(seconds=40))
        respond("A", AnswerKind.NOTED, AnswerMeans.SMS)
        respond("X", AnswerKind.NOTED, AnswerMeans.SMS)
        clock.shift(timedelta(seconds=20))
        respond("A", AnswerKind.TAKEN, AnswerMeans.LINK)
        respond("C", AnswerKind.NOT_MINE, AnswerMeans.LINK)
        respond("B", AnswerKind.TAKEN, AnswerMeans.VOICE)
    counted = figures_in(2027).answers
    assert (counted.asked, counted.contested, counted.unanswered) == (3, 1, 0)
    assert counted.titles == {"maire": 1, "1er adjoint": 1}
    assert counted.means == {"sms": 1, "voice": 1}
    assert counted.delay is not None
    assert (counted.delay.count, round(counted.delay.median), round(counted.delay.p95)) == (
        2, 40, 60,
    )  # fmt: skip
    assert figures_in(2026).answers == AnswerFigures()


@pytest.mark.django_db
def test_what_is_contested_and_what_goes_on_is_not_counted_as_unanswered(asking) -> None:
    contact(mobile=number(1))
    at = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
    with time_machine.travel(at, tick=False) as clock:
        push(asking, "EXPIRED", category=FIRE)
        push(asking, "CLOSED", category=FIRE)
        push(asking, "CLOSED", 2, category=FIRE, status="closed")
        push(asking, "NOT-MINE", category=FIRE)
        respond("NOT-MINE", AnswerKind.NOT_MINE, AnswerMeans.LINK)
        push(asking, "NOT-MINE-THEN-TAKEN", category=FIRE)
        respond("NOT-MINE-THEN-TAKEN", AnswerKind.NOT_MINE, AnswerMeans.LINK)
        respond("NOT-MINE-THEN-TAKEN", AnswerKind.TAKEN, AnswerMeans.LINK)
        clock.shift(timedelta(hours=4))
        push(asking, "GOES-ON", category=FIRE)
        push(asking, "NOTED", category=FIRE)
        respond("NOTED", AnswerKind.NOTED, AnswerMeans.LINK)
        found = figures_in(2027)
    counted = found.answers
    assert (counted.asked, counted.answered) == (6, 2)
    assert (counted.contested, counted.under_way, counted.unanswered) == (1, 1, 2)
    published = publish(found, sees_all=True)
    assert published.answers is not None
    rows = {row[1]: row[3] for row in figures_table(published) if row[0] == "réponse"}
    total = rows.pop("alertes qui demandaient une réponse, délai de la première")
    assert sum(rows.values()) == total == 6
    assert rows["« pas ma commune » ou « pas chez nous », sans autre réponse"] == 1
    assert rows["en cours, sans réponse encore"] == 1


def respond(reference: str, kind: AnswerKind, means: AnswerMeans) -> None:
    row = Notification.objects.get(incident__reference=reference, alert__isnull=False)
    answer(row.alert_id, row.recipient, kind, means)


def test_of_answers_no_small_count_is_shown_nor_given_away() -> None:
    of = AnswerFigures(20, {"maire": 12, "adjoint": 3, "astreinte": 2}, {"link": 13, "sms": 4})
    exact = publish(Figures(answers=of), sees_all=True).answers
    assert exact is not None
    assert [str(count) for _, count in exact.titles] == ["12", "3", "2"]
    masked = publish(Figures(answers=of), sees_all=False).answers
    assert masked is not None
    assert [(title, str(n)) for title, n in masked.titles] == [
        ("Maire", "10"), ("Autres fonctions, moins de cinq réponses chacune", "5"),
    ]  # fmt: skip
    assert [str(n) for _, n in masked.means] == ["15", "moins de 5"]
    assert str(masked.unanswered) == "moins de 5"
    assert masked.answered is None
    assert masked.asked is not None
    # All others would tell how many were contested.
    told = AnswerFigures(20, {"maire": 17}, {"link": 17}, contested=1)
    kept = publish(Figures(answers=told), sees_all=False).answers
    assert kept is not None
    assert str(kept.contested) == "moins de 5"
    few = AnswerFigures(4, {"maire": 4}, {"link": 4}, Delay(1, 2, 4))
    hidden = publish(Figures(answers=few), sees_all=False).answers
    assert hidden is not None
    assert hidden.delay is None
    assert publish(Figures(), sees_all=True).answers is None


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
