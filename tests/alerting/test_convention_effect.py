"""What a convention changes of a past week: who would be told of what, with and without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifier.alerting.convention_effect import ConventionEffect, effect_of
from notifier.alerting.decision.replay import Texts
from notifier.alerting.models import Alert, Notification
from notifier.delivery.models import Message
from notifier.directory.conventions.store import end_convention, narrow
from notifier.directory.models import Convention, Organisation, OrganisationKind
from notifier.intake.models import Report, Source
from notifier.journal.models import Entry
from tests.alerting.house import ACCIDENT, DELLE, GIROMAGNY, THEFT, contact, number, push
from tests.alerting.organisations import member, told_by_convention

pytestmark = pytest.mark.django_db

# A Wednesday; the week after, somebody asks.
WEDNESDAY = datetime(2026, 11, 18, 12, tzinfo=UTC)
MONDAY = WEDNESDAY.date() - timedelta(days=2)
NEXT_WEEK = WEDNESDAY + timedelta(days=7)


def effect() -> ConventionEffect:
    with time_machine.travel(NEXT_WEEK, tick=False):
        return effect_of(Convention.objects.get(), MONDAY, Report.objects.all())


@pytest.fixture
def week(source: Source) -> Organisation:
    """A week with an accident and a theft in Delle, and one in Giromagny."""
    contact(mobile=number(1))
    with time_machine.travel(WEDNESDAY, tick=False):
        for count, (category, place) in enumerate(
            [(ACCIDENT, DELLE), (ACCIDENT, DELLE), (THEFT, DELLE), (ACCIDENT, GIROMAGNY)]
        ):
            push(source, f"A-{count}", category=category, location=place)
    told = told_by_convention(categories=["C01"])
    member(told, mobile=77)
    return told


def test_who_would_be_told_more_is_counted_by_organisation_and_category(week: Organisation) -> None:
    stored = [model.objects.count() for model in (Alert, Notification, Message, Entry)]
    found = effect()
    assert found.incidents == 2
    (difference,) = found.differences
    assert difference.told.organisation == week.ref
    assert difference.told.name == "Grand Belfort"
    assert difference.told.category == ACCIDENT
    assert difference.without == Texts()
    assert difference.with_it.incidents == 2
    assert difference.with_it.sms == 2
    assert [model.objects.count() for model in (Alert, Notification, Message, Entry)] == stored


def test_another_week_or_what_may_not_be_looked_at_is_left_out(week: Organisation) -> None:
    convention = Convention.objects.get()
    with time_machine.travel(NEXT_WEEK, tick=False):
        assert not effect_of(convention, MONDAY - timedelta(days=7), Report.objects.all()).incidents
        assert not effect_of(convention, MONDAY, Report.objects.none()).differences


def test_what_a_commune_keeps_is_not_counted(week: Organisation) -> None:
    narrow(Convention.objects.get().reference, "90033", [], "tests")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1)):
        found = effect_of(Convention.objects.get(), MONDAY, Report.objects.all())
    assert not found.differences


def test_a_convention_that_is_over_is_taken_as_it_last_was(week: Organisation) -> None:
    with time_machine.travel(WEDNESDAY + timedelta(days=1), tick=False):
        end_convention(Convention.objects.get().reference, "tests")
    assert effect().differences


def test_a_mayor_who_serves_both_reads_no_second_text(source: Source) -> None:
    mayor = contact(mobile=number(1))
    with time_machine.travel(WEDNESDAY, tick=False):
        push(source, "A-1", category=ACCIDENT, location=DELLE)
    told = told_by_convention()
    member(told, person=mayor.person)
    found = effect()
    assert found.incidents == 1
    assert all(d.with_it.sms == 0 for d in found.differences)
    assert told.kind == OrganisationKind.EPCI
