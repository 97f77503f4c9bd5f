"""`notifier on-call` and `notifier absence`: what they do, what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
)
from notifier.directory.on_call.planning import extend_rotations
from tests.directory.people import organisation, somebody

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a command takes and prints is no matter of SQL"),
]

DELLE = "commune:90033"
NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def three(delle: Organisation) -> list[Mandate]:
    return [
        somebody(
            delle, "Merisier", "maire", first_name="Anne", mobile="+33639980001",
            email="maire@delle.example",
        ),
        somebody(delle, "Tilleul", "adjoint", 1, first_name="Paul", mobile="+33639980002"),
        somebody(delle, "Merisier", "adjoint", 2, first_name="Jean"),
    ]  # fmt: skip


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def run_(*args: str) -> str:
        call_command(*args)
        return capsys.readouterr().out

    return run_


def refusal(*args: str) -> str:
    with pytest.raises(CommandError) as refused:
        call_command(*args)
    return str(refused.value)


PLAN = ("on-call", "plan", DELLE, "maire", "Tilleul", "--from", "2026-10-16 18:00")


# --- on call -------------------------------------------------------------------------------------


def test_a_rotation_is_planned_by_function_and_name(run, three: list[Mandate]) -> None:
    said = run(*PLAN)
    assert said.splitlines()[:3] == [
        "Delle (90033), heure de Europe/Paris",
        (
            "  du vendredi 16 octobre 2026 à 18 h 00 au vendredi 23 octobre 2026 à 18 h 00 : "
            "Anne Merisier, maire"
        ),
        (
            "  du vendredi 23 octobre 2026 à 18 h 00 au vendredi 30 octobre 2026 à 18 h 00 : "
            "Paul Tilleul, 1er adjoint"
        ),
    ]
    assert "53 tours, le dernier jusqu’au vendredi 22 octobre 2027 à 18 h 00." in said
    assert OnCallShift.objects.count() == 53


def test_a_trial_of_a_rotation_writes_nothing(run, three: list[Mandate]) -> None:
    assert run(*PLAN, "--dry-run").endswith("Essai à blanc : rien n’a été écrit.\n")
    assert not OnCallRotation.objects.exists()


def test_who_is_on_call_and_the_next_gap_are_shown(run, _now, three: list[Mandate]) -> None:
    run(*PLAN, "--until", "30/10/2026")
    _now.move_to(datetime(2026, 10, 20, tzinfo=UTC))
    run("absence", "add", DELLE, "tilleul", "--from", "24/10/2026 8h", "--until", "25/10/2026")
    assert run("on-call", "show", DELLE).splitlines()[1:] == [
        "En ce moment : Anne Merisier, maire, jusqu’au vendredi 23 octobre 2026 à 18 h 00.",
        (
            "  du vendredi 16 octobre 2026 à 18 h 00 au vendredi 23 octobre 2026 à 18 h 00 : "
            "Anne Merisier, maire"
        ),
        (
            "  du vendredi 23 octobre 2026 à 18 h 00 au vendredi 30 octobre 2026 à 18 h 00 : "
            "Paul Tilleul, 1er adjoint"
        ),
        (
            "    absent du samedi 24 octobre 2026 à 8 h 00 au dimanche 25 octobre 2026 à 23 h 59, "
            "le suivant est prévenu"
        ),
        (
            "Personne n’est d’astreinte du samedi 24 octobre 2026 à 8 h 00 au dimanche 25 octobre "
            "2026 à 23 h 59."
        ),
    ]


def test_without_a_rotation_it_says_how_to_make_one(run, three: list[Mandate]) -> None:
    assert run("on-call", "show", DELLE).splitlines()[1:] == [
        "En ce moment : personne.",
        "Aucun roulement : « notifier on-call plan » en crée un.",
    ]


def test_a_rotation_without_an_end_goes_on_by_itself(run, _now, three: list[Mandate]) -> None:
    run(*PLAN)
    _now.move_to(datetime(2026, 10, 20, tzinfo=UTC))
    assert run("on-call", "show", DELLE).splitlines()[-1] == (
        "Sans trou jusqu’au vendredi 22 octobre 2027 à 18 h 00 ; la suite s’ajoute d’elle-même."
    )


def test_a_week_is_given_exchanged_and_stopped(run, three: list[Mandate]) -> None:
    run(*PLAN)
    assert run("on-call", "swap", DELLE, "2026-10-24", "--to", "Jean Merisier") == (
        "  du vendredi 23 octobre 2026 à 18 h 00 au vendredi 30 octobre 2026 à 18 h 00 : "
        "Jean Merisier, 2e adjoint\n"
    )
    said = run("on-call", "swap", DELLE, "2026-10-17", "--with", "2026-10-24")
    assert [line.partition(" : ")[2] for line in said.splitlines()] == [
        "Jean Merisier, 2e adjoint",
        "Anne Merisier, maire",
    ]
    night = ("2026-11-02 20:00", "--to", "tilleul", "--until", "2026-11-03 7h")
    assert "du lundi 2 novembre 2026 à 20 h 00 au mardi 3 novembre" in run(
        "on-call", "swap", DELLE, *night
    )
    assert "À partir du mardi 1er décembre 2026 à 0 h 00" in run(
        "on-call", "stop", DELLE, "01/12/2026"
    )
    assert OnCallShift.objects.latest("ends_at").ends_at == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("plan", DELLE, "Merisier", "--from", "2026-10-16 18:00"), "peut être plusieurs"),
        (("plan", DELLE, "Frêne", "--from", "2026-10-16 18:00"), "« Frêne » n’est personne de"),
        (("plan", DELLE, "maire", "--from", "vendredi 18h"), "n’est pas un moment"),
        (("plan", DELLE, "maire", "--from", "31/02/2026 18h"), "n’est pas un moment"),
        (("plan", DELLE, "maire", "--from", "0001-01-01 18:00"), "n’est pas un moment"),
        (("plan", DELLE, "maire", "--from", "9999-12-31 18:00"), "n’est pas un moment"),
        (("show", "commune:90999"), "aucune commune actuelle ne porte le code"),
        (("show", "90033"), "ne désigne pas un organisme"),
        (("show", "partenaire:habitat"), "aucun organisme « partenaire:habitat »"),
        (("swap", DELLE, "2026-10-13", "--to", "maire"), "personne n’est d’astreinte le mardi 13"),
    ],
)
def test_what_cannot_be_done_is_said_in_french(
    three: list[Mandate], args: tuple[str, ...], why: str
) -> None:
    assert why in refusal("on-call", *args)


def test_whoever_may_be_meant_is_listed_with_numbers(run, three: list[Mandate]) -> None:
    said = refusal("on-call", "plan", DELLE, "merisier", "--from", "2026-10-16 18:00")
    assert f"Anne Merisier, maire (n° {three[0].pk})" in said
    assert f"Jean Merisier, 2e adjoint (n° {three[2].pk})" in said
    for meant in (str(three[2].pk), "MERISIER jean", "2e adjoint"):
        run("on-call", "plan", DELLE, meant, "--from", "2026-10-16 18:00", "--dry-run")


@pytest.mark.parametrize("meant", ["maire@delle.example", "06 39 98 00 01", "+33639980001"])
def test_somebody_can_be_named_by_an_address(run, three: list[Mandate], meant: str) -> None:
    said = run("on-call", "plan", DELLE, meant, "--from", "2026-10-16 18:00", "--dry-run")
    assert "Anne Merisier, maire" in said


# --- absences ------------------------------------------------------------------------------------


def test_a_mayor_is_away_until_sunday_with_a_stand_in(run, three: list[Mandate]) -> None:
    said = run(
        "absence", "add", DELLE, "maire", "--until", "2026-10-18", "--stand-in", "2e adjoint"
    )
    absence = Absence.objects.get()
    assert said == (
        f"n° {absence.pk}  Anne Merisier, maire : absent du lundi 12 octobre 2026 à 10 h 00 au "
        "dimanche 18 octobre 2026 à 23 h 59, remplacé par Jean Merisier, 2e adjoint\n"
    )
    assert (absence.mandate, absence.stand_in) == (three[0], three[2])
    assert absence.ends_at == datetime(2026, 10, 18, 21, 59, tzinfo=UTC)
    assert run("absence", "list", DELLE) == f"Delle (90033)\n{said}"
    assert run("absence", "end", str(absence.pk)) == (
        f"Absence n° {absence.pk} de Anne Merisier, maire : terminée, de nouveau prévenu.\n"
    )
    assert run("absence", "list", DELLE).endswith("Aucune absence en cours ou à venir.\n")


def test_an_absence_that_leaves_no_telephone_is_warned_of(run, three: list[Mandate]) -> None:
    Address.objects.exclude(person=three[0].person).filter(kind="mobile").delete()
    Address.objects.get_or_create(person=three[0].person, kind="mobile", value="+33639980001")
    said = run("absence", "add", DELLE, "maire", "--until", "2026-10-18")
    assert "Attention, du lundi 12 octobre 2026 à 10 h 00 au dimanche 18 octobre" in said
    assert "aucun téléphone de Delle ne sonnerait" in said


def test_an_absence_that_has_not_begun_is_taken_back_whole(run, three: list[Mandate]) -> None:
    run("absence", "add", DELLE, "maire", "--from", "2026-10-14 8h", "--until", "2026-10-18")
    run("absence", "end", str(Absence.objects.get().pk))
    assert not Absence.objects.exists()


def test_another_hat_of_the_same_person_is_pointed_out(run, three: list[Mandate]) -> None:
    metropole = organisation("epci", "200069052")
    other = Mandate.objects.create(
        person=three[0].person, organisation=metropole, function="vice_president", rank=3
    )
    said = run("absence", "add", DELLE, "maire", "--until", "2026-10-18")
    assert f"Aussi 3e vice-président de {metropole}" in said
    assert f"notifier absence add epci:200069052 {other.pk} …" in said


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("add", DELLE, "maire", "--until", "2026-10-11"), "ne suit pas son début"),
        (
            ("add", DELLE, "maire", "--from", "2026-10-01", "--until", "2026-10-11"),
            "déjà terminée",
        ),
        (
            ("add", DELLE, "maire", "--until", "2026-10-18", "--stand-in", "maire"),
            "personne ne se remplace soi-même",
        ),
        (("end", "4242"), "aucune absence n° 4242"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(
    three: list[Mandate], args: tuple[str, ...], why: str
) -> None:
    assert why in refusal("absence", *args)


def test_a_second_absence_at_the_same_time_is_refused(run, three: list[Mandate]) -> None:
    run("absence", "add", DELLE, "maire", "--until", "2026-10-18")
    said = refusal("absence", "add", DELLE, "maire", "--until", "2026-10-15")
    assert "déjà absent du lundi 12 octobre 2026" in said
    assert f"notifier absence end {Absence.objects.get().pk}" in said


# --- what stays of it ----------------------------------------------------------------------------


def test_every_change_by_hand_is_kept_with_who_before_and_after(
    run, _now, three: list[Mandate]
) -> None:
    run(*PLAN, "--who", "administratrice")
    _now.shift(60)
    run("on-call", "swap", DELLE, "2026-10-24", "--to", "2e adjoint", "--who", "secretaire")
    week = OnCallShift.objects.get(mandate=three[2])
    assert [
        (row.mandate_id, row.history_type, row.change.author) for row in week.history.all()
    ] == [(three[2].pk, "~", "secretaire"), (three[1].pk, "+", "administratrice")]
    [rotation] = OnCallRotation.objects.all()
    assert rotation.history.get().change.author == "administratrice"
    run("absence", "add", DELLE, "maire", "--until", "2026-10-18", "--who", "secretaire")
    absence = Absence.objects.get()
    _now.shift(60)
    run("absence", "end", str(absence.pk), "--who", "administratrice")
    assert [(row.history_type, row.change.author) for row in absence.history.all()] == [
        ("~", "administratrice"),
        ("+", "secretaire"),
    ]
    assert Change.objects.count() == 4


def test_what_the_clock_adds_belongs_to_the_change_that_made_the_rotation(
    run, _now, three: list[Mandate]
) -> None:
    run(*PLAN, "--who", "administratrice")
    assert extend_rotations(NOW + timedelta(weeks=3)) == 3
    added = OnCallShift.objects.latest("starts_at")
    assert added.history.get().change == Change.objects.get()


def test_what_is_refused_or_a_trial_leaves_no_change(run, three: list[Mandate]) -> None:
    run(*PLAN, "--dry-run")
    refusal("on-call", "swap", DELLE, "2026-10-13", "--to", "maire")
    refusal("absence", "add", DELLE, "maire", "--until", "2026-10-11")
    assert not Change.objects.exists()
