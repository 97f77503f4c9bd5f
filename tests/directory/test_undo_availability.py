"""Absences and on-call that somebody entered are taken back, except what was changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from notifier.directory.absences import add_absence, end_absence
from notifier.directory.allowed import AllowedOrganisations, undoable_within
from notifier.directory.changes import changing
from notifier.directory.models import (
    Absence,
    Change,
    ChangeKind,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
)
from notifier.directory.on_call.planning import (
    NewRotation,
    extend_rotations,
    give,
    plan_rotation,
    stop,
)
from notifier.directory.organisation_changes import record_organisation
from notifier.directory.undoing.undo import UndoError, undo
from tests.harness.people import add_contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
# Naive, as rotations are planned: the organisation's own time.
FIRST_HANDOVER = datetime.combine(date(2026, 12, 1), time(8))
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


@pytest.fixture(name="november")
def _november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def mayor() -> Mandate:
    return add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")


@pytest.fixture
def deputy(mayor: Mandate) -> Mandate:
    return add_contact("90033", "adjoint", last_name="Sorbier", mobile="+33639980002")


def by_hand(what: Callable[[], object]) -> int:
    with changing(ChangeKind.HAND, "anne") as change:
        what()
    return change.pk


def stored() -> list[list[dict[str, Any]]]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Absence, OnCallRotation, OnCallShift)
    ]


def away(mandate: Mandate, stand_in: Mandate | None = None) -> int:
    return by_hand(lambda: add_absence(mandate, NOW, NOW + DAY, stand_in, NOW))


def test_an_absence_is_taken_back_and_the_undo_too(mayor: Mandate, deputy: Mandate) -> None:
    number = away(mayor, deputy)
    after = stored()
    shown = undo(number, "anne", dry_run=True)
    assert shown.first == ["Delle (90033), maire, Noyer, absence : retiré"]
    undoing = undo(number, "anne").change
    assert not Absence.objects.exists()
    assert undoing
    undo(undoing, "anne")
    assert stored() == after


def test_an_absence_ended_by_mistake_lasts_again(mayor: Mandate) -> None:
    away(mayor)
    before = stored()
    number = by_hand(lambda: end_absence(Absence.objects.get().pk, NOW + timedelta(hours=1)))
    assert "fin 28/11/2026 à 14 h → 29/11/2026 à 13 h" in undo(number, "anne", dry_run=True).first[
        0
    ].replace(" 00", "").replace("\u00a0", " ").replace("\u202f", " ")
    undo(number, "anne")
    assert stored() == before


def test_an_absence_that_was_changed_since_stays(mayor: Mandate) -> None:
    number = away(mayor)
    by_hand(lambda: end_absence(Absence.objects.get().pk, NOW + timedelta(hours=1)))
    summary = undo(number, "anne")
    assert summary.change is None
    assert summary.kept == ["Delle (90033), maire, Noyer, absence : changé depuis"]


def test_an_absence_does_not_come_back_over_another(mayor: Mandate) -> None:
    by_hand(lambda: add_absence(mayor, NOW + DAY, NOW + WEEK, None, NOW))
    number = by_hand(lambda: end_absence(Absence.objects.get().pk, NOW))
    by_hand(lambda: add_absence(mayor, NOW + 2 * DAY, NOW + 3 * DAY, None, NOW))
    summary = undo(number, "anne")
    assert summary.change is None
    assert "une autre y est saisie depuis" in summary.kept[0]
    assert Absence.objects.count() == 1


def test_an_absence_of_whoever_is_gone_does_not_come_back(mayor: Mandate) -> None:
    by_hand(lambda: add_absence(mayor, NOW + DAY, NOW + WEEK, None, NOW))
    number = by_hand(lambda: end_absence(Absence.objects.get().pk, NOW))
    Mandate.objects.all().delete()
    summary = undo(number, "anne")
    assert summary.change is None
    assert "le mandat n’existe plus" in summary.kept[0]


def test_what_is_over_stays_as_it_was(mayor: Mandate) -> None:
    absent = away(mayor)
    shift = by_hand(lambda: give(delle(), NOW, NOW + DAY, mayor, NOW))
    with time_machine.travel(NOW + WEEK, tick=False):
        for number in (absent, shift):
            assert "c’est du passé" in undo(number, "anne").kept[0]
    assert (Absence.objects.count(), OnCallShift.objects.count()) == (1, 1)


def delle() -> Organisation:
    return Organisation.objects.get(code="90033")


def test_a_shift_given_to_another_comes_back(mayor: Mandate, deputy: Mandate) -> None:
    """A part of a week was given away: three rows become one again."""
    by_hand(lambda: give(delle(), NOW, NOW + WEEK, mayor, NOW))
    before = stored()
    number = by_hand(lambda: give(delle(), NOW + DAY, NOW + 2 * DAY, deputy, NOW))
    assert OnCallShift.objects.count() == 3
    undo(number, "anne")
    assert stored() == before


def test_a_rotation_goes_with_what_the_clock_added(mayor: Mandate, deputy: Mandate) -> None:
    new = NewRotation([mayor, deputy], FIRST_HANDOVER)
    number = by_hand(lambda: plan_rotation(delle(), new, NOW))
    extend_rotations(NOW + 2 * WEEK)
    assert undo(number, "anne").kept == []
    assert stored() == [[], [], []]


def test_a_rotation_of_which_a_week_was_given_away_stays_whole(
    mayor: Mandate, deputy: Mandate
) -> None:
    new = NewRotation([mayor], FIRST_HANDOVER, ends_on=date(2026, 12, 29))
    number = by_hand(lambda: plan_rotation(delle(), new, NOW))
    by_hand(lambda: give(delle(), NOW + WEEK, NOW + 2 * WEEK, deputy, NOW))
    before = stored()
    assert undo(number, "anne").change is None
    assert stored() == before


def test_on_call_that_was_stopped_goes_on(mayor: Mandate) -> None:
    by_hand(lambda: plan_rotation(delle(), NewRotation([mayor], FIRST_HANDOVER), NOW))
    before = stored()
    number = by_hand(lambda: stop(delle(), NOW + 2 * WEEK))
    assert stored() != before
    undo(number, "anne")
    assert stored() == before


def test_stopped_on_call_does_not_come_back_over_a_new_shift(
    mayor: Mandate, deputy: Mandate
) -> None:
    by_hand(lambda: give(delle(), NOW, NOW + WEEK, mayor, NOW))
    number = by_hand(lambda: stop(delle(), NOW + DAY))
    by_hand(lambda: give(delle(), NOW + 2 * DAY, NOW + 3 * DAY, deputy, NOW))
    summary = undo(number, "anne")
    assert summary.change is None
    assert "une autre y est saisie depuis" in summary.kept[0]


@pytest.mark.parametrize("what", ["absence", "shift", "rotation"])
def test_only_who_administers_the_organisation_takes_it_back(what: str, mayor: Mandate) -> None:
    number = by_hand(
        {
            "absence": lambda: add_absence(mayor, NOW, NOW + DAY, None, NOW),
            "shift": lambda: give(delle(), NOW, NOW + DAY, mayor, NOW),
            "rotation": lambda: plan_rotation(delle(), NewRotation([mayor], FIRST_HANDOVER), NOW),
        }[what]
    )
    change = Change.objects.get(pk=number)
    others = Organisation.objects.exclude(code="90033")
    assert undoable_within([change], others) == set()
    assert undoable_within([change], Organisation.objects.all()) == {number}
    with pytest.raises(UndoError, match="hors de votre périmètre"):
        undo(number, "bob", allowed=AllowedOrganisations(frozenset({"25"})))
    assert undo(number, "anne", allowed=AllowedOrganisations(frozenset({"90"}))).change


def test_a_change_of_an_organisation_itself_is_not_offered(mayor: Mandate) -> None:
    record_organisation(delle(), {"name": ("Delle", "Delle-Neuve")}, author="anne", is_new=False)
    change = Change.objects.latest("pk")
    assert undoable_within([change], Organisation.objects.all()) == set()
    with pytest.raises(UndoError, match="à sa page"):
        undo(change.pk, "anne")
