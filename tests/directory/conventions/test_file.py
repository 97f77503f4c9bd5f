"""A convention as an operator writes it: what is read, and what is said of each fault."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from notifier.directory.conventions.file import (
    ConventionFile,
    ConventionRefusedError,
    Known,
    read_convention,
)
from notifier.directory.models import OrganisationRef

SOUND = """reference = "CAM-2026"
kind = "metropole"
title = "Convention de l’essai"
from = 2026-01-01
until = 2028-12-31
parties = ["epci:246300701", "gendarmerie:ggd63"]

[[owners]]
organisation = "epci:246300701"
functions = ["dgs"]

[[rules]]
organisation = "epci:246300701"
functions = ["responsable_astreinte"]
categories = ["L01.01", "C07.13.02"]
from_severity = "moderate"
lane = "urgent"
detail = "sans_lieu"

[[rules]]
organisation = "partenaire:bailleur"
categories = ["L02"]
sites = ["Les Acacias"]
"""
# The line on which each stands.
KIND, TITLE, FROM, UNTIL, PARTIES = 2, 3, 4, 5, 6
OWNER, RULE, SECOND = 8, 12, 20

LABELS = {
    "C07.13.02": "rodéo motorisé",
    "L01.01.00": "dépôt sauvage",
    "L01.01.01": "dépôt sauvage de gravats",
    "L02.00.00": "incident",
    "C10.01.06": "recherche d’une personne",
}
KNOWN_ORGANISATIONS = (
    *("epci:246300701", "gendarmerie:ggd63", "partenaire:bailleur", "quartier:centre"),
    "commune:90033",
)


def read_organisation(text: str) -> OrganisationRef:
    if text not in KNOWN_ORGANISATIONS:
        raise ValueError("inconnu ; le créer")
    return OrganisationRef.parse(text)


def sites_of(organisation: OrganisationRef) -> tuple[str, ...]:
    return ("Les Acacias", "Le Verger") if organisation.code == "bailleur" else ()


KNOWN = Known(
    categories=LABELS,
    withheld={"C10.01.06"},
    read_organisation=read_organisation,
    sites_of=sites_of,
    find_unsafe=lambda text: "un lien" if "www." in text else None,
)


def read(folder: Path, text: str) -> ConventionFile:
    path = folder / "convention.toml"
    path.write_text(text, encoding="utf-8")
    return read_convention(path, KNOWN)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConventionRefusedError) as refused:
        read(folder, text)
    start = f"{folder / 'convention.toml'}:"
    return [line.removeprefix(start) for line in str(refused.value).splitlines()]


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    convention = read(tmp_path, SOUND)
    metropole = OrganisationRef("epci", "246300701")
    assert (convention.reference, convention.kind) == ("CAM-2026", "metropole")
    assert (convention.starts_on, convention.ends_on) == (date(2026, 1, 1), date(2028, 12, 31))
    assert convention.parties == (metropole, OrganisationRef("gendarmerie", "ggd63"))
    assert [(one.organisation, one.functions) for one in convention.owners] == [
        (metropole, ("dgs",))
    ]
    first, second = convention.rules
    assert (first.territory_of, first.categories) == (metropole, ("L01.01", "C07.13.02"))
    assert (first.lane, first.detail, first.from_severity) == ("urgent", "sans_lieu", "moderate")
    assert (first.functions, first.sites, first.needs_release) == (
        ("responsable_astreinte",),
        None,
        False,
    )
    assert (second.lane, second.detail, second.sites) == (None, "complet", ("Les Acacias",))


def test_a_quarter_reads_only_what_is_released_whether_the_file_says_so_or_not(
    tmp_path: Path,
) -> None:
    text = SOUND.split("[[rules]]")[0].replace('"metropole"', '"participation_citoyenne"')
    quarter = '[[rules]]\norganisation = "quartier:centre"\ncategories = ["L01"]\n'
    assert read(tmp_path, text + quarter).rules[0].needs_release
    assert read(tmp_path, f"{text}{quarter}requires_release = true\n").rules[0].needs_release
    (fault,) = faults(tmp_path, f"{text}{quarter}requires_release = false\n")
    assert fault.startswith("15 : rules[1].requires_release vaut false, or un quartier")


FAULTS = [
    # what stands in the file, what is put there, the line and key that are named for it
    ('reference = "CAM-2026"', 'reference = "CAM 2026"', 1, "reference"),
    ('reference = "CAM-2026"', "", 1, "reference"),
    ('"metropole"', '"accord"', KIND, "kind"),
    ('"Convention de l’essai"', '""', TITLE, "title"),
    ('"Convention de l’essai"', f'"{"x" * 161}"', TITLE, "title"),
    ('"Convention de l’essai"', '"voir www.gend.fr"', TITLE, "title"),
    ('"Convention de l’essai"', "7", TITLE, "title"),
    ("from = 2026-01-01", 'from = "2026-01-01"', FROM, "from"),
    ("from = 2026-01-01", "from = 2026-01-01T08:00:00Z", FROM, "from"),
    ("from = 2026-01-01", "", 1, "from"),
    ("until = 2028-12-31", "until = 2025-12-31", UNTIL, "until"),
    ("until = 2028-12-31", "notice_days = 90", UNTIL, "notice_days"),
    ("until = 2028-12-31", "tacit_renewal_months = 12", UNTIL, "tacit_renewal_months"),
    ("until =", "tacit_renewal_months = 0\nuntil =", UNTIL, "tacit_renewal_months"),
    ("until =", "notice_days = true\nuntil =", UNTIL, "notice_days"),
    ("until =", "notice_days = 731\nuntil =", UNTIL, "notice_days"),
    ("until =", "signed = 3\nuntil =", UNTIL, "signed"),
    ('"gendarmerie:ggd63"]', '"gendarmerie:ggd64"]', PARTIES, "parties"),
    ('"gendarmerie:ggd63"]', '"epci:246300701"]', PARTIES, "parties"),
    ('"gendarmerie:ggd63"]', "3]", PARTIES, "parties"),
    ('["epci:246300701", "gendarmerie:ggd63"]', "[]", PARTIES, "parties"),
    ('["epci:246300701", "gendarmerie:ggd63"]', '"epci:246300701"', PARTIES, "parties"),
    ('functions = ["dgs"]', 'functions = ["chef"]', OWNER + 2, "owners[1].functions"),
    ('functions = ["dgs"]', 'functions = ["dgs", "dgs"]', OWNER + 2, "owners[1].functions"),
    ('functions = ["dgs"]', 'role = "dgs"', OWNER + 2, "owners[1].role"),
    (
        *('functions = ["dgs"]', '[[owners]]\norganisation = "epci:246300701"'),
        *(OWNER + 3, "owners[2].organisation"),
    ),
    ('functions = ["responsable_astreinte"]', "functions = []", RULE + 2, "rules[1].functions"),
    ('"C07.13.02"]', '"C07.13.99"]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', '"C07.1"]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', '""]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', '"L01.01"]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', '"C10.01.06"]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', '"C10"]', RULE + 3, "rules[1].categories"),
    ('"C07.13.02"]', "7]", RULE + 3, "rules[1].categories"),
    ('categories = ["L01.01", "C07.13.02"]', "", RULE, "rules[1].categories"),
    ('from_severity = "moderate"', 'from_severity = "grave"', RULE + 4, "rules[1].from_severity"),
    ('lane = "urgent"', 'lane = "vite"', RULE + 5, "rules[1].lane"),
    ('detail = "sans_lieu"', 'detail = "tout"', RULE + 6, "rules[1].detail"),
    ('detail = "sans_lieu"', 'detail = "chiffre"', RULE + 5, "rules[1].lane"),
    ('detail = "sans_lieu"', 'place = "non"', RULE + 6, "rules[1].place"),
    ('detail = "sans_lieu"', 'territory = "commune:90999"', RULE + 6, "rules[1].territory"),
    ('detail = "sans_lieu"', 'requires_release = "oui"', RULE + 6, "rules[1].requires_release"),
    ('detail = "sans_lieu"', 'sites = ["Les Acacias"]', RULE + 6, "rules[1].sites"),
    ('"partenaire:bailleur"', '"partenaire:inconnu"', SECOND + 1, "rules[2].organisation"),
    ('"partenaire:bailleur"', '"quartier:centre"', SECOND + 1, "rules[2].organisation"),
    ('sites = ["Les Acacias"]', 'sites = ["Les Tilleuls"]', SECOND + 3, "rules[2].sites"),
    ('sites = ["Les Acacias"]', "sites = []", SECOND + 3, "rules[2].sites"),
    ('sites = ["Les Acacias"]', "sites = [1]", SECOND + 3, "rules[2].sites"),
]


@pytest.mark.parametrize(("stands", "put", "line", "key"), FAULTS)
def test_each_fault_is_named_by_its_line_and_key_and_says_what_to_do(
    tmp_path: Path, stands: str, put: str, line: int, key: str
) -> None:
    found = faults(tmp_path, SOUND.replace(stands, put, 1))
    assert f"{line} : {key} " in " ".join(found[0].split(" ")[:3]) + " "
    assert all(" ; " in fault for fault in found)
    assert not any(word in fault for fault in found for word in ("hould", "nput", "alue error"))


def test_what_is_withheld_is_refused_by_its_name(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, SOUND.replace('"C07.13.02"]', '"C10.01.06"]'))
    assert "« recherche d’une personne »" in fault
    assert "n’est communiqué à aucun maire" in fault


def test_all_faults_are_said_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = SOUND.replace('"metropole"', '"accord"').replace('["dgs"]', '["chef"]')
    found = faults(tmp_path, text.replace('"Les Acacias"', "1").replace('"urgent"', '"vite"'))
    assert [fault.split(" ")[2] for fault in found] == [
        *("kind", "owners[1].functions", "rules[1].lane", "rules[2].sites"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reference = \n", "line 1"),
        (SOUND.split("[[rules]]")[0], "1 : rules manque ; écrire une section [[rules]]"),
        (SOUND.replace("[[owners]]", "[owners]"), f"{OWNER} : owners vaut "),
        (SOUND.split("[[owners]]")[0] + "rules = [3]\nowners = []\n", "rules[1] vaut 3 ; écrire"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(faults(tmp_path, text))


def test_a_file_that_is_not_there_is_refused_in_french(tmp_path: Path) -> None:
    with pytest.raises(ConventionRefusedError, match=r"absente\.toml n’existe pas"):
        read_convention(tmp_path / "absente.toml", KNOWN)
