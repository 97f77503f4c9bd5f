"""A list and an undo touch nothing outside of what their author administers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.models import Address, Change, Mandate, Organisation, Person
from notifier.directory.models import OrganisationRef as Ref
from notifier.directory.undoing.undo import UndoError, undo
from notifier.territory.resolve import commune_by_code
from tests.directory.people import organisation, somebody
from tests.directory.public_lists import (
    COUNCILLORS_HEADER,
    EPCI_HEADER,
    MAYORS_HEADER,
    mayor,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]

HEADER = "code_commune;organisme;nom_organisme;fonction;rang;nom;prenom;mobile;courriel"
BELFORT = AllowedOrganisations(frozenset({"90"}))
DELLE_ALONE = AllowedOrganisations(refs=frozenset({Ref("commune", "90033")}))
DELLE, BESANCON = "90033", "25056"
SINCE = date(2026, 3, 21)
Load = Callable[..., ImportSummary]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Imports the good rows of a list as an administrator of the Territoire de Belfort does."""

    def run(header: str, *rows: str, **options: Any) -> ImportSummary:
        path = write(tmp_path / "liste.csv", header, rows)
        chosen = {"allowed": BELFORT, "valid_only": True, "author": "essai"} | options
        return import_list(path, **chosen)

    return run


def row(commune: str, name: str, mobile: str = "0639980001", *, of: str = "") -> str:
    where = f"{commune};;" if not of else f";{of};Organisme inventé"
    function = "maire" if not of else "directeur"
    return f"{where};{function};1;{name};Anne;{mobile};"


def everything() -> list[list[dict[str, Any]]]:
    return [
        list(m.objects.order_by("pk").values()) for m in (Organisation, Person, Mandate, Address)
    ]


def refusals(summary: ImportSummary) -> dict[int | None, str]:
    return {fault.line: " ; ".join(fault.reasons) for fault in summary.faults}


def test_a_row_of_another_departement_is_refused_by_its_line_and_the_others_are_taken(
    load: Load,
) -> None:
    summary = load(HEADER, row(BESANCON, "Noyer"), row(DELLE, "Sorbier", "0639980002"))
    assert list(Mandate.objects.values_list("organisation__code", flat=True)) == [DELLE]
    assert list(refusals(summary)) == [2]
    assert "Besançon (25056) est hors de votre périmètre" in refusals(summary)[2]


@pytest.mark.parametrize(
    "of",
    [
        "epci:246300701",
        "departement:63",
        "prefecture:63",
        "partenaire:inconnu",
        "commune:25056",
        "police_municipale:clermont",
    ],
)
def test_an_organisation_that_is_not_ones_own_is_neither_made_nor_filled(
    load: Load, of: str
) -> None:
    before = everything()
    text = "25056;commune:25056;" if of == "commune:25056" else f";{of};Inventé"
    function = "maire" if of == "commune:25056" else "directeur"
    summary = load(HEADER, f"{text};{function};1;Noyer;Anne;0639980001;")
    assert (everything(), list(refusals(summary))) == (before, [2])


def test_ones_own_partner_is_filled(load: Load) -> None:
    partner = organisation("partenaire", "habitat-exemple")
    allowed = AllowedOrganisations.of((), [partner])
    load(HEADER, row("", "Noyer", of="partenaire:habitat-exemple"), allowed=allowed)
    assert Mandate.objects.get().organisation == partner


def test_of_a_public_list_the_rows_of_others_are_counted_and_their_faults_unsaid(
    load: Load,
) -> None:
    delle, besancon = commune_by_code(DELLE), commune_by_code(BESANCON)
    assert delle
    assert besancon
    faulty = mayor(besancon, "", "", SINCE)
    rows = (mayor(delle, "NOYER", "Anne", SINCE), mayor(besancon, "HÊTRE", "Luc", SINCE), faulty)
    summary = load(MAYORS_HEADER, *rows)
    assert (summary.added, summary.faults) == (1, ())
    assert any("hors de votre périmètre : 2" in note for note in summary.notes)


def test_a_homonym_elsewhere_is_another_person(load: Load) -> None:
    theirs = somebody(organisation(code=BESANCON), "Noyer", "maire", first_name="Anne",
                      mobile="+33639980001")  # fmt: skip
    load(HEADER, row(DELLE, "Noyer"))
    mine = Mandate.objects.get(organisation__code=DELLE)
    assert mine.person_id != theirs.person_id
    assert theirs.person.addresses.count() == 1


def test_a_member_of_ones_epci_who_sits_elsewhere_is_left_alone(load: Load) -> None:
    """A list of an EPCI names the member's home commune, by which people are recognised."""
    theirs = somebody(organisation(code=BESANCON), "Noyer", "maire", first_name="Anne")
    before = Person.objects.values().get()
    load(
        EPCI_HEADER,
        f"90;;200069052;Grand Belfort;{BESANCON};Besançon;NOYER;Anne;F;1901-02-03;21;x;"
        f"{SINCE};Président du conseil communautaire;{SINCE}",
    )
    assert Mandate.objects.get(function="president").person_id != theirs.person_id
    assert Person.objects.values().get(pk=theirs.person_id) == before


def told_for_both() -> Mandate:
    mandate = somebody(organisation(code=DELLE), "Noyer", "maire", first_name="Anne",
                       mobile="+33639980001")  # fmt: skip
    Mandate.objects.create(
        person=mandate.person, organisation=organisation(code=BESANCON), function="autre", rank=1
    )
    return mandate


def test_whoever_is_told_for_another_too_keeps_number_and_name(load: Load) -> None:
    """Else a commune's administrator would read what another one's mayor is told."""
    told_for_both()
    before = everything()
    for mobile, name in (("0639980009", "Noyer"), ("0639980001", "NOYER")):
        summary = load(HEADER, row(DELLE, name, mobile), allowed=DELLE_ALONE)
        assert "hors de votre périmètre" in refusals(summary)[2]
        assert everything() == before


def test_their_mandate_here_may_end(load: Load) -> None:
    told_for_both()
    Mandate.objects.filter(function="maire").update(starts_on=date(2020, 1, 1))
    assert not load(HEADER, row(DELLE, "Sorbier", "0639980002")).faults
    assert Mandate.objects.get(function="maire", person__last_name="Noyer").ends_on


def test_whoever_left_for_another_is_not_taken_back_by_name(load: Load) -> None:
    """Their numbers of today would be shown to the organisation that they left."""
    told_for_both()
    Mandate.objects.filter(function="maire").update(
        starts_on=date(2020, 1, 1), ends_on=date(2025, 1, 1)
    )
    before = everything()
    delle = commune_by_code(DELLE)
    assert delle
    public = load(MAYORS_HEADER, mayor(delle, "Noyer", "Anne", SINCE), allowed=DELLE_ALONE)
    own = load(HEADER, row(DELLE, "Noyer"), allowed=DELLE_ALONE)
    for summary in (public, own):
        assert "hors de votre périmètre" in refusals(summary)[2]
    assert everything() == before


def test_a_row_left_out_or_refused_ends_no_mandate_of_its_council(load: Load) -> None:
    def councillor(name: str, title: str, code: str = DELLE) -> str:
        return f"90;;;;{code};Delle;{name};Anne;F;1901-02-03;21;x;{SINCE};{title};{SINCE}"

    council = [councillor("NOYER", "Maire"), councillor("HÊTRE", "1er adjoint au Maire"),
               councillor("FRÊNE", "2ème adjoint au Maire")]  # fmt: skip
    load(COUNCILLORS_HEADER, *council)
    assert load(COUNCILLORS_HEADER, *council[:2], councillor("LÉROT", "3ème adjoint au Maire"),
                left_out=[4]).ended == 0  # fmt: skip
    summary = load(COUNCILLORS_HEADER, *council[:2], councillor("", "3ème adjoint au Maire"))
    assert (summary.ended, list(refusals(summary))) == (0, [4])
    assert load(COUNCILLORS_HEADER, *council[:2]).ended == 1


def test_a_line_that_is_left_out_changes_nothing_even_where_it_is_wrong(load: Load) -> None:
    rows = (row(DELLE, "Noyer"), row(DELLE, "Sorbier", "12"), row("90010", "Hêtre", "0639980003"))
    summary = load(HEADER, *rows, left_out=[2, 3], valid_only=False)
    assert summary.faults == ()
    assert list(Mandate.objects.values_list("organisation__code", flat=True)) == ["90010"]


def test_a_list_of_more_rows_than_allowed_is_refused_whole(load: Load) -> None:
    with pytest.raises(Exception, match="plus de 1 lignes"):
        load(HEADER, row(DELLE, "Noyer"), row("90010", "Hêtre", "0639980003"), max_rows=1)


# --- Undo -----------------------------------------------------------------------------------------


def test_a_change_that_touched_others_is_not_undone_by_who_administers_some(load: Load) -> None:
    rows = (row(DELLE, "Noyer"), row(BESANCON, "Hêtre", "0639980003"))
    number = load(HEADER, *rows, allowed=AllowedOrganisations(is_everything=True)).change
    assert number
    before = everything()
    for dry_run in (True, False):
        with pytest.raises(UndoError, match="hors de votre périmètre"):
            undo(number, "essai", dry_run=dry_run, allowed=BELFORT)
    assert everything() == before
    assert Change.objects.count() == 1
    both = AllowedOrganisations(frozenset({"90", "25"}))
    assert undo(number, "essai", allowed=both).undone


def test_the_number_of_whom_others_tell_since_is_not_taken_back(load: Load) -> None:
    load(HEADER, row(DELLE, "Noyer"))
    number = load(HEADER, row(DELLE, "Noyer", "0639980002")).change
    assert number
    person = Person.objects.get()
    Mandate.objects.create(
        person=person, organisation=organisation(code=BESANCON), function="autre", rank=1
    )
    with pytest.raises(UndoError, match="hors de votre périmètre"):
        undo(number, "essai", allowed=BELFORT)
    assert person.addresses.get().value == "+33639980002"


def test_the_end_of_a_mandate_is_not_taken_back_of_whoever_left(load: Load) -> None:
    told_for_both()
    Mandate.objects.filter(function="maire").update(starts_on=date(2020, 1, 1))
    number = load(HEADER, row(DELLE, "Sorbier", "0639980002")).change
    assert number
    assert undo(number, "essai", dry_run=True, allowed=BELFORT).undone
    Mandate.objects.filter(function="autre").update(function="maire")
    everywhere = AllowedOrganisations(is_everything=True)
    load(HEADER, row(BESANCON, "Noyer", "0639980009"), allowed=everywhere)
    before = everything()
    with pytest.raises(UndoError, match="hors de votre périmètre"):
        undo(number, "essai", allowed=BELFORT)
    assert everything() == before


def test_what_is_allowed_is_kept_as_it_was() -> None:
    refs = frozenset({Ref("commune", "90033"), Ref("partenaire", "habitat-exemple")})
    for allowed in (BELFORT, AllowedOrganisations(frozenset({"2A"}), refs)):
        assert AllowedOrganisations.from_json(allowed.to_json()) == allowed
    assert Ref("epci", "200069052") in BELFORT
    assert Ref("epci", "246300701") not in BELFORT
    assert Ref("partenaire", "90") not in BELFORT
