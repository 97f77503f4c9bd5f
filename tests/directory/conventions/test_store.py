"""Conventions put into force, amended, narrowed and ended by the command; the past stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from notifier.directory.conventions.rules import rules_for
from notifier.directory.models import Convention, ConventionRule, Organisation
from notifier.journal.models import Entry, Step
from tests.directory.conventions.territories import (
    AUBIERE,
    CLERMONT,
    GRENOBLE,
    member,
    organisation,
    site,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT = """reference = "clermont"
kind = "metropole"
title = "Convention de l’essai"
from = 2026-01-01
until = 2026-12-31
parties = ["epci:246300701", "prefecture:63"]

[[owners]]
organisation = "epci:246300701"
functions = ["dgs"]

[[rules]]
organisation = "epci:246300701"
categories = ["L01.10.00"]
lane = "urgent"
"""
SECOND_RULE = '[[rules]]\norganisation = "prefecture:63"\ncategories = ["C07.02"]\n'


@pytest.fixture
def imported(tmp_path: Path) -> Any:
    """Imports a text at a moment, as the command does, and returns what it says."""

    def run(text: str, at: datetime, *options: str) -> str:
        path = tmp_path / "convention.toml"
        path.write_text(text, encoding="utf-8")
        return command("import", str(path), *options, at=at)

    return run


def command(*args: str, at: datetime) -> str:
    out = StringIO()
    with time_machine.travel(at, tick=False):
        call_command("convention", *args, stdout=out)
    return out.getvalue()


def told(at: datetime, commune: str = CLERMONT) -> list[tuple[str, tuple[str, ...], str]]:
    return [
        (str(rule.organisation), rule.categories, rule.lane) for rule in rules_for([commune], at)
    ]


METROPOLE = ("epci:246300701", ("L01.10.00",), "urgent")
PREFECTURE = ("prefecture:63", ("C07.02",), "")


def test_a_new_convention_is_in_force_from_its_import_on_and_no_sooner(imported: Any) -> None:
    said = imported(TEXT, NOON)
    assert "clermont : nouvelle convention, prend fin le 31/12/2026" in said
    assert "Règle nouvelle : Clermont Auvergne Métropole (246300701)" in said
    # Nobody was told under it before anybody had stored it.
    assert told(NOON - HOUR) == []
    assert told(NOON) == [METROPOLE]
    assert told(NOON, GRENOBLE) == []
    assert told(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == [METROPOLE]
    assert told(datetime(2026, 12, 31, 23, tzinfo=UTC)) == []


def test_one_that_begins_later_waits_for_its_first_day_in_its_own_time(imported: Any) -> None:
    imported(TEXT.replace("from = 2026-01-01", "from = 2026-07-01"), NOON)
    assert told(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == []
    assert told(datetime(2026, 6, 30, 22, tzinfo=UTC)) == [METROPOLE]


def test_one_that_renews_itself_goes_on_after_its_end(imported: Any) -> None:
    said = imported(TEXT.replace("parties", "tacit_renewal_months = 12\nparties"), NOON)
    assert "se reconduit le 31/12/2026, sauf préavis avant le 31/12/2026" in said
    assert told(datetime(2031, 1, 1, tzinfo=UTC)) == [METROPOLE]


def test_the_same_file_again_changes_nothing(imported: Any) -> None:
    imported(TEXT, NOON)
    rules = list(ConventionRule.objects.values())
    assert imported(TEXT, NOON + DAY).endswith("clermont : rien ne change.\n")
    assert list(ConventionRule.objects.values()) == rules
    assert Entry.objects.filter(step=Step.AGREEMENT).count() == 1


def test_an_amendment_ends_what_it_changes_and_leaves_what_it_does_not(imported: Any) -> None:
    imported(TEXT + SECOND_RULE, NOON)
    kept = ConventionRule.objects.get(organisation__kind="prefecture")
    said = imported((TEXT + SECOND_RULE).replace('"urgent"', '"routine"'), NOON + HOUR)
    assert said.count("Règle nouvelle") == said.count("Règle close") == 1
    assert said.count("Règle inchangée") == 1
    # The morning stays what it was.
    assert told(NOON + HOUR - timedelta(seconds=1)) == [METROPOLE, PREFECTURE]
    assert told(NOON + HOUR) == [PREFECTURE, (*METROPOLE[:2], "routine")]
    assert ConventionRule.objects.get(pk=kept.pk).starts_at == NOON


def test_a_rule_that_the_file_no_longer_has_ends(imported: Any) -> None:
    imported(TEXT + SECOND_RULE, NOON)
    imported(TEXT, NOON + HOUR)
    assert told(NOON) == [METROPOLE, PREFECTURE]
    assert told(NOON + HOUR) == [METROPOLE]


def test_a_rule_amended_before_its_first_day_never_comes_into_force(imported: Any) -> None:
    later = TEXT.replace("from = 2026-01-01", "from = 2026-07-01")
    imported(later, NOON)
    imported(later.replace('"urgent"', '"routine"'), NOON + DAY)
    assert told(datetime(2026, 7, 1, tzinfo=UTC)) == [(*METROPOLE[:2], "routine")]


def test_a_first_day_moved_into_the_future_stops_what_was_in_force(imported: Any) -> None:
    imported(TEXT, NOON)
    imported(TEXT.replace("from = 2026-01-01", "from = 2026-07-01"), NOON + DAY)
    assert told(NOON) == [METROPOLE]
    assert told(NOON + DAY) == []
    assert told(datetime(2026, 7, 1, tzinfo=UTC)) == [METROPOLE]


def test_a_first_day_moved_in_the_past_changes_no_rule(imported: Any) -> None:
    imported(TEXT, NOON)
    said = imported(TEXT.replace("from = 2026-01-01", "from = 2025-01-01"), NOON + DAY)
    assert "from : 2026-01-01 → 2025-01-01" in said
    assert [rule.starts_at for rule in ConventionRule.objects.all()] == [NOON]


def test_another_end_moves_the_end_of_the_rules_that_go_on(imported: Any) -> None:
    imported(TEXT, NOON)
    said = imported(TEXT.replace("2026-12-31", "2027-12-31"), NOON + DAY)
    assert "until : 2026-12-31 → 2027-12-31" in said
    assert ConventionRule.objects.count() == 1
    assert told(datetime(2027, 6, 1, tzinfo=UTC)) == [METROPOLE]


def test_other_parties_are_said_before_and_after(imported: Any) -> None:
    imported(TEXT, NOON)
    said = imported(TEXT.replace('"prefecture:63"]', '"commune:63113"]'), NOON + DAY)
    assert "  parties : epci:246300701, prefecture:63 → commune:63113, epci:246300701\n" in said
    assert ConventionRule.objects.count() == 1


def test_a_dry_run_says_the_same_and_writes_nothing(imported: Any) -> None:
    said = imported(TEXT, NOON, "--dry-run")
    assert said.endswith("Essai à blanc : rien n’a été écrit.\n")
    assert imported(TEXT, NOON) == said.removesuffix("Essai à blanc : rien n’a été écrit.\n")
    imported(TEXT + SECOND_RULE, NOON + HOUR, "--dry-run")
    assert told(NOON + HOUR) == [METROPOLE]


def test_nothing_of_a_dry_run_stays(imported: Any) -> None:
    imported(TEXT, NOON, "--dry-run")
    assert not Convention.objects.exists()
    assert not Organisation.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("stands", "put", "said"),
    [
        ("until = 2026-12-31", "until = 2026-06-14", "a pris fin le 14/06/2026"),
        ('"L01.10.00"', '"L09"', "14 : rules[1].categories"),
        ('"L01.10.00"', '"C10.01.06"', "n’est communiqué à aucun maire"),
        ('"prefecture:63"]', '"gendarmerie:inconnue"]', "6 : parties vaut 'gendarmerie:inconnue'"),
        ('"prefecture:63"]', '"epci:999999999"]', "6 : parties vaut 'epci:999999999'"),
        ('"prefecture:63"]', '"commune:63999"]', "6 : parties vaut 'commune:63999'"),
        ('lane = "urgent"', 'sites = ["Le Verger"]', "nomme « Le Verger »"),
        ('["dgs"]', '["shérif"]', "10 : owners[1].functions"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    imported: Any, stands: str, put: str, said: str
) -> None:
    with pytest.raises(CommandError) as refused:
        imported(TEXT.replace(stands, put), NOON)
    assert said in str(refused.value)
    assert not Convention.objects.exists()
    assert not Organisation.objects.exists()


def test_a_dead_commune_is_refused_with_the_one_that_took_its_place(imported: Any) -> None:
    # Châtillon-en-Michaille merged into Valserhône in 2019.
    with pytest.raises(CommandError) as refused:
        imported(TEXT.replace('"prefecture:63"]', '"commune:01091"]'), NOON)
    assert "Valserhône" in str(refused.value)


def test_a_site_is_known_once_it_is_stored(imported: Any) -> None:
    landlord = organisation("partenaire", "bailleur")
    site(landlord, "Les Acacias", CLERMONT)
    text = TEXT.replace('[[rules]]\norganisation = "epci:246300701"', "[[rules]]\n%s") % (
        'organisation = "partenaire:bailleur"\nsites = ["Les Acacias"]'
    )
    said = imported(text, NOON)
    assert "où : « Les Acacias » (bailleur)" in said
    (found,) = rules_for([CLERMONT], NOON)
    assert (found.communes, [place.name for place in found.sites]) == ((), ["Les Acacias"])


def test_it_says_who_would_be_told_of_nothing_and_nowhere(imported: Any) -> None:
    text = TEXT.replace('"epci:246300701"\ncat', '"partenaire:bailleur"\ncat')
    landlord = organisation("partenaire", "bailleur", "Bailleur")
    said = imported(text, NOON, "--dry-run")
    nowhere = "Attention : Bailleur (bailleur) n’a aucun territoire"
    nobody = "Attention : Bailleur (bailleur) : personne n’y est joignable"
    assert nowhere in said
    assert nobody in said
    site(landlord, "Les Acacias", CLERMONT)
    member(landlord, "gardien")
    assert "Attention" not in imported(text, NOON, "--dry-run")
    named = text.replace("[[rules]]", '[[rules]]\nfunctions = ["responsable_astreinte"]')
    assert f"{nobody} comme responsable d’astreinte." in imported(named, NOON, "--dry-run")


def test_several_files_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text(TEXT, encoding="utf-8")
    second.write_text(TEXT.replace('"clermont"', '"other"').replace("L01.10.00", "X"), "utf-8")
    with pytest.raises(CommandError, match=r"b\.toml"):
        command("import", str(first), str(second), at=NOON)
    assert not Convention.objects.exists()
    second.write_text(TEXT.replace('"clermont"', '"other"'), "utf-8")
    command("import", str(first), str(second), "--dry-run", at=NOON)
    assert not Convention.objects.exists()
    command("import", str(first), str(second), at=NOON)
    assert [one.reference for one in Convention.objects.all()] == ["clermont", "other"]


def test_what_is_printed_of_a_rule_is_french(imported: Any) -> None:
    said = imported(TEXT + 'from_severity = "moderate"\n', NOON)
    assert "où : tout le territoire (Clermont Auvergne Métropole)" in said
    assert "comment : dès une gravité modérée, en urgence, par SMS" in said


# --- the end


def test_a_convention_ends_at_once_or_after_a_day(imported: Any) -> None:
    imported(TEXT, NOON)
    assert "plus personne n’est prévenu après le 30/06/2026" in command(
        "end", "clermont", "--le", "2026-06-30", at=NOON + HOUR
    )
    assert told(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == [METROPOLE]
    assert told(datetime(2026, 6, 30, 22, tzinfo=UTC)) == []
    command("end", "clermont", at=NOON + DAY)
    assert told(NOON + DAY - HOUR) == [METROPOLE]
    assert told(NOON + DAY) == []
    assert Convention.objects.get().ends_on == date(2026, 6, 16)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("end", "clermont", "--le", "2026-06-14"), "le 14/06/2026 est passé"),
        (("end", "inconnue"), "aucune convention « inconnue » (connues : clermont)"),
        (("show", "inconnue"), "aucune convention « inconnue »"),
        (("end", "clermont", "--le", "hier"), "« hier » n’est pas une date"),
    ],
)
def test_an_end_that_cannot_be_is_refused(imported: Any, args: tuple[str, ...], said: str) -> None:
    imported(TEXT, NOON)
    with pytest.raises(CommandError) as refused:
        command(*args, at=NOON)
    assert said in str(refused.value)
    assert told(NOON + DAY) == [METROPOLE]


def test_one_that_has_ended_does_not_end_again(imported: Any) -> None:
    imported(TEXT, NOON)
    command("end", "clermont", at=NOON)
    with pytest.raises(CommandError, match="a déjà pris fin"):
        command("end", "clermont", at=NOON + DAY)


# --- what a commune keeps for itself


def covers(commune: str, category: str, at: datetime) -> bool:
    return any(rule.covers(category, commune) for rule in rules_for([commune], at))


def test_a_commune_keeps_back_what_it_says_until_it_lifts_that(imported: Any) -> None:
    imported(TEXT, NOON)
    said = command("narrow", "clermont", "--commune", CLERMONT, "--categorie", "L01", at=NOON + DAY)
    assert f"{CLERMONT} garde pour elle" in said
    assert covers(CLERMONT, "L01.10.00", NOON + DAY - HOUR)
    assert not covers(CLERMONT, "L01.10.00", NOON + DAY)
    assert covers(AUBIERE, "L01.10.00", NOON + DAY)
    # A new import is the parties', and does not undo what a commune decided.
    imported(TEXT.replace('"urgent"', '"routine"'), NOON + 2 * DAY)
    assert not covers(CLERMONT, "L01.10.00", NOON + 2 * DAY)
    said = command("narrow", "clermont", "--commune", CLERMONT, "--lever", at=NOON + 3 * DAY)
    assert said == f"clermont : 1 restriction de {CLERMONT} levée.\n"
    assert not covers(CLERMONT, "L01.10.00", NOON + 2 * DAY)
    assert covers(CLERMONT, "L01.10.00", NOON + 3 * DAY)


def test_a_commune_of_which_nobody_is_told_anything_hears_so(imported: Any) -> None:
    imported(TEXT, NOON)
    args = ("narrow", "clermont", "--tout", "--commune")
    assert f"aucune règle en vigueur ne porte sur {GRENOBLE}" in command(*args, GRENOBLE, at=NOON)
    assert "aucune règle" not in command(*args, CLERMONT, at=NOON)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--commune", CLERMONT, "--categorie", "L09"), "« L09 » n’est ni une catégorie"),
        (("--commune", CLERMONT, "--categorie", ""), "n’est ni une catégorie"),
        (("--commune", "01091", "--tout"), "Valserhône"),
    ],
)
def test_a_narrowing_that_names_nothing_is_refused(
    imported: Any, args: tuple[str, ...], said: str
) -> None:
    imported(TEXT, NOON)
    with pytest.raises(CommandError) as refused:
        command("narrow", "clermont", *args, at=NOON)
    assert said in str(refused.value)
    assert covers(CLERMONT, "L01.10.00", NOON + DAY)


# --- what people read


def test_a_past_day_is_shown_as_it_was(imported: Any) -> None:
    imported(TEXT, NOON)
    imported(TEXT.replace('"urgent"', '"routine"'), NOON + 2 * DAY)
    now = NOON + 9 * DAY
    assert "en urgence" in command("show", "clermont", "--le", "2026-06-16", at=now)
    assert "en urgence" not in command("show", "clermont", at=now)
    assert "Aucune règle en vigueur" in command("show", "clermont", "--le", "2026-06-14", at=now)
    assert "clermont  Convention de l’essai" in command("list", at=now)


def test_every_change_is_in_the_journal_with_its_author(imported: Any) -> None:
    imported(TEXT, NOON, "--who", "la cheffe de bureau")
    imported(TEXT.replace('"urgent"', '"routine"'), NOON + HOUR, "--who", "l’adjointe")
    command("narrow", "clermont", "--commune", CLERMONT, "--tout", "--who", "le maire", at=NOON)
    command("end", "clermont", "--who", "le préfet", at=NOON + DAY)
    entries = Entry.objects.filter(step=Step.AGREEMENT)
    assert [(entry.data["convention"], entry.data["by"]) for entry in entries] == [
        ("clermont", "la cheffe de bureau"),
        ("clermont", "l’adjointe"),
        ("clermont", "le maire"),
        ("clermont", "le préfet"),
    ]
    first, second, *_ = entries
    assert second.data["ended"] == first.data["started"]
    assert all(entry.data["by"] in entry.text for entry in entries)
