"""Whoever administers an organisation hears of a gap in its rota: weekly, and in the last days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from notifier.accounts.roles import Role
from notifier.alerting.models import RotaGapNotice
from notifier.alerting.rota_gaps import report_rota_gaps
from notifier.delivery.models import Message
from notifier.directory.models import Mandate, Organisation, OrganisationRef, Person
from notifier.directory.on_call.planning import (
    NewRotation,
    add_shift,
    extend_rotations,
    plan_rotation,
)
from notifier.directory.organisations import organisation
from notifier.intake.access.api_keys import add_source
from tests.alerting.test_canary import plain
from tests.harness.accounts import add_account, add_superuser, logged_in
from tests.harness.people import add_contact

pytestmark = pytest.mark.django_db

DUTY = "permanence@corg90.example"
DAY = timedelta(days=1)
# The clock goes back on Sunday, 25 October 2026, at 3 h in Paris.
START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def delle(clock) -> Organisation:
    """Delle, which a source speaks for."""
    clock.move_to(START)
    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email=DUTY, signed=False)
    return organisation(OrganisationRef("commune", "90033"))


@pytest.fixture
def holder(delle: Organisation) -> Mandate:
    return add_contact(commune="90033", function="astreinte", mobile="+33639980001")


def until_the_clock_goes_back(delle: Organisation, holder: Mandate) -> datetime:
    """On call up to 2 h 30 of that night, the second time; return the moment."""
    ends_at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    add_shift(delle, START - DAY, ends_at, holder)
    add_shift(delle, ends_at + timedelta(hours=1), ends_at + 90 * DAY, holder)
    return ends_at


def look() -> list[tuple[str, str, str]]:
    before = set(Message.objects.values_list("pk", flat=True))
    report_rota_gaps()
    rows = Message.objects.exclude(pk__in=before).order_by("address")
    return [
        (address, plain(subject), plain(body))
        for address, subject, body in rows.values_list("address", "subject", "body")
    ]


def test_weekly_at_most_and_again_in_the_last_three_days(
    delle: Organisation, holder: Mandate, clock
) -> None:
    gap = until_the_clock_goes_back(delle, holder)
    told = []
    for hours in range(0, 26 * 24, 4):
        clock.move_to(START + timedelta(hours=hours))
        told += [START + timedelta(hours=hours) for _ in look()]
    days = [(gap - moment) / DAY for moment in told]
    # Thirty days before it was there; within three days it was said once more.
    assert [round(left) for left in days] == [24, 17, 10, 3]
    assert days[-1] <= 3
    assert all(later - earlier >= 7 * DAY for earlier, later in pairwise(told[:-1]))


def test_the_hour_that_comes_twice_is_said_as_which_of_them(
    delle: Organisation, holder: Mandate
) -> None:
    until_the_clock_goes_back(delle, holder)
    [(address, subject, body)] = look()
    assert address == DUTY
    began = "dimanche 25 octobre 2026 à 2 h 30, heure d’hiver"
    assert subject == f"Astreinte sans personne à partir du {began} : Delle"
    assert f"personne n’est d’astreinte du {began} au dimanche 25 octobre 2026 à 3 h 30" in body
    assert "trois jours." not in body.partition("--")[0]
    assert "http://127.0.0.1:1/organismes/commune/90033/" in body
    assert set(Message.objects.values_list("pause_key", "lane")) == {("-", "routine")}


def test_a_rotation_over_the_change_of_the_clock_has_no_gap(
    delle: Organisation, holder: Mandate, clock
) -> None:
    other = add_contact(commune="90033", function="adjoint", mobile="+33639980002")
    first = datetime(2026, 9, 27, 2, 30)  # noqa: DTZ001 - local
    plan_rotation(delle, NewRotation([holder, other], first, 7), START)
    for days in range(0, 400, 10):
        clock.move_to(START + days * DAY)
        extend_rotations(START + days * DAY)
        assert look() == []


def test_a_rotation_with_an_end_is_told_of_in_time(
    delle: Organisation, holder: Mandate, clock
) -> None:
    first = datetime(2026, 9, 25, 18)  # noqa: DTZ001 - local
    new = NewRotation([holder], first, 7, date(2026, 12, 4))
    plan_rotation(delle, new, START)
    assert look() == []
    clock.move_to(datetime(2026, 11, 5, 8, tzinfo=UTC))
    [(_, subject, body)] = look()
    assert "vendredi 4 décembre 2026 à 18 h 00" in subject
    assert "à partir du vendredi 4 décembre 2026 à 18 h 00" in body


def test_once_the_gap_is_filled_nothing_more_and_the_next_one_is_near_anew(
    delle: Organisation, holder: Mandate, clock
) -> None:
    gap = until_the_clock_goes_back(delle, holder)
    clock.move_to(gap - DAY)
    [(_, _, body)] = look()
    assert "C’est dans moins de trois jours." in body
    add_shift(delle, gap, gap + timedelta(hours=1), holder)
    assert look() == []
    assert RotaGapNotice.objects.get().was_near is False
    clock.move_to(gap + 88 * DAY)
    assert len(look()) == 1


def test_its_own_administrators_else_those_above_else_the_groupement(
    delle: Organisation, holder: Mandate, clock
) -> None:
    until_the_clock_goes_back(delle, holder)
    groupement = add_account(Role.GROUPEMENT, "90")
    assert [to for to, _, _ in look()] == [groupement.email]
    epci = Organisation.objects.create(kind="epci", code="200069060", name="Sud Territoire")
    Organisation.objects.filter(pk=delle.pk).update(parent=epci)
    above = add_account(Role.ORGANISATION, epci)
    RotaGapNotice.objects.all().delete()
    assert [to for to, _, _ in look()] == [above.email]
    own = add_account(Role.ORGANISATION, delle)
    add_account(Role.AUDITOR, delle)
    add_account(Role.ORGANISATION, delle, until=START.date() - DAY)
    RotaGapNotice.objects.all().delete()
    assert {to for to, _, _ in look()} == {above.email, own.email}


def test_of_an_organisation_of_no_departement_the_platform_is_told(clock) -> None:
    clock.move_to(START)
    partner = Organisation.objects.create(kind="partenaire", code="habitat", name="Habitat")
    person = Person.objects.create(last_name="Essai", first_name="Alix")
    mandate = Mandate.objects.create(person=person, organisation=partner, function="astreinte")
    add_shift(partner, START - DAY, START + 5 * DAY, mandate)
    user = add_superuser()
    assert [to for to, _, _ in look()] == [user.email]


def test_without_anybody_to_mail_it_is_tried_again(
    delle: Organisation, holder: Mandate, caplog
) -> None:
    from notifier.intake.models import Source

    until_the_clock_goes_back(delle, holder)
    Source.objects.update(duty_email="")
    assert look() == []
    assert "its rota has a gap" in caplog.text
    Source.objects.update(duty_email=DUTY)
    assert len(look()) == 1


@pytest.mark.one_database("a page's text")
def test_the_calendar_says_it(delle: Organisation, holder: Mandate) -> None:
    anne = add_account(Role.GROUPEMENT, "90")
    until_the_clock_goes_back(delle, holder)
    page = logged_in(anne).get("/organismes/commune/90033/calendrier")
    assert page.status_code == 200
    said = plain(page.content.decode())
    assert "Astreinte sans personne" in said
    assert "du dimanche 25 octobre 2026 à 2 h 30, heure d’hiver au dimanche" in said
