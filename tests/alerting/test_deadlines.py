"""The owners of a convention are told before it ends: once, and whoever can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from notifier.alerting.deadlines import tell_owners
from notifier.delivery.models import Message
from notifier.directory.models import Convention, ConventionNotice, ConventionRule, OrganisationRef
from notifier.directory.organisations import organisation
from tests.harness.people import add_contact

pytestmark = pytest.mark.django_db

MAYOR, OFFICER = "maire@delle.example", "dgs@delle.example"
END = date(2026, 12, 31)
DAY = timedelta(days=1)


def signed(reference: str = "protocole", **fields: Any) -> ConventionRule:
    """A convention that Delle's mayor follows, with one rule."""
    given = {
        "kind": "coordination",
        "title": "Convention de l’essai",
        "starts_on": date(2026, 1, 1),
        "ends_on": END,
        "owners": [{"organisation": "commune:90033", "functions": ["maire"]}],
    }
    convention = Convention.objects.create(reference=reference, **{**given, **fields})
    commune = organisation(OrganisationRef("commune", "90033"))
    return ConventionRule.objects.create(
        convention=convention,
        organisation=commune,
        territory_of=commune,
        categories=["C04"],
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def told_on(day: date) -> list[str]:
    """The addresses that a round on this day mails."""
    before = set(Message.objects.values_list("pk", flat=True))
    with time_machine.travel(datetime(day.year, day.month, day.day, 8, tzinfo=UTC), tick=False):
        tell_owners()
    return sorted(Message.objects.exclude(pk__in=before).values_list("address", flat=True))


def test_once_ninety_and_once_thirty_days_before_the_end() -> None:
    add_contact(email=MAYOR)
    signed()
    days = [END - days * DAY for days in range(120, -5, -1)]
    mailed = [day for day in days if told_on(day)]
    assert mailed == [END - 90 * DAY, END - 30 * DAY]
    assert set(Message.objects.values_list("address", "pause_key")) == {(MAYOR, "-")}


def test_what_was_missed_is_told_once_in_all() -> None:
    add_contact(email=MAYOR)
    signed()
    assert told_on(END - 20 * DAY) == [MAYOR]
    assert told_on(END - 19 * DAY) == []


def test_notice_counts_where_it_renews_itself_and_every_term_anew() -> None:
    add_contact(email=MAYOR)
    signed(tacit_renewal_months=12, notice_days=60)
    notice = END - 60 * DAY
    assert told_on(notice - 91 * DAY) == []
    assert told_on(notice - 90 * DAY) == [MAYOR]
    assert told_on(notice - 30 * DAY) == [MAYOR]
    assert told_on(notice) == told_on(notice + DAY) == []
    next_notice = date(2027, 12, 31) - 60 * DAY
    assert told_on(next_notice - 91 * DAY) == []
    assert told_on(next_notice - 90 * DAY) == [MAYOR]


def test_nobody_is_told_of_one_that_is_over_or_has_no_end() -> None:
    add_contact(email=MAYOR)
    rule = signed()
    rule.ends_at = datetime(2026, 11, 1, tzinfo=UTC)
    rule.save()
    signed("sans-fin", ends_on=None)
    assert told_on(END - 20 * DAY) == []


def test_the_named_functions_are_told_else_who_comes_first() -> None:
    add_contact(email=MAYOR)
    add_contact(function="dgs", email=OFFICER)
    signed("nommée", owners=[{"organisation": "commune:90033", "functions": ["dgs"]}])
    signed("personne", owners=[{"organisation": "commune:90033", "functions": ["autre"]}])
    signed("toutes", owners=[{"organisation": "commune:90033", "functions": []}])
    assert told_on(END - 90 * DAY) == [OFFICER, MAYOR, MAYOR]


def test_without_any_address_it_is_tried_again_until_there_is_one() -> None:
    add_contact(mobile="+33639980001")
    signed()
    assert told_on(END - 90 * DAY) == []
    assert not ConventionNotice.objects.exists()
    add_contact(function="dgs", email=OFFICER)
    assert told_on(END - 80 * DAY) == [OFFICER]
