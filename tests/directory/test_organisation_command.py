"""`notifier organisation`: what an operator types, what he reads, what is stored."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from notifier.directory.models import (
    Change,
    Convention,
    ConventionRule,
    Organisation,
    Zone,
    ZoneCommune,
    ZoneKind,
)
from notifier.journal.models import Entry, Step

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a command takes and prints is no matter of SQL"),
]

SAMPLES = Path(__file__).resolve().parents[2] / "config" / "samples" / "conventions"
COUNCIL = "partenaire:conseil-clermont"


def notifier(*arguments: str) -> str:
    printed = StringIO()
    call_command("organisation", *arguments, stdout=printed)
    return printed.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        notifier(*arguments)
    return str(refused.value)


@pytest.fixture
def council() -> None:
    notifier("add", "partenaire", "Conseil d’exemple", "--code", "conseil-clermont")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    def write(*rows: str, header: str = "commune") -> str:
        path = tmp_path / "communes.csv"
        path.write_text("\n".join([header, *rows, ""]), "utf-8")
        return str(path)

    return write


def test_a_partner_is_added_shown_changed_and_listed(fiction: None) -> None:
    said = notifier(
        *("add", "partenaire", "Habitat Exemple", "--code", "Habitat-Exemple"),
        *("--nature", "bailleur", "--phone", "04 65 71 20 30"),
    )
    assert "« partenaire:habitat-exemple » inscrit" in said
    assert "notifier organisation territory partenaire:habitat-exemple" in said
    shown = notifier("show", "partenaire:habitat-exemple")
    assert "Habitat Exemple (partenaire:habitat-exemple)" in shown
    assert "nature : bailleur" in shown
    assert "téléphone : 04 65 71 20 30" in shown
    assert "aucun" in shown
    notifier("set", "partenaire:habitat-exemple", "--name", "Habitat d’Exemple", "--phone", "aucun")
    stored = Organisation.objects.get()
    assert (stored.name, stored.phone, stored.nature) == ("Habitat d’Exemple", "", "bailleur")
    assert "partenaire:habitat-exemple" in notifier("list", "--type", "partenaire")
    assert notifier("list", "--type", "police") == "Aucun organisme inscrit.\n"


def test_an_epci_needs_no_name_and_brings_its_communes() -> None:
    assert "Clermont Auvergne Métropole" in notifier("add", "epci", "--code", "246300701")
    shown = notifier("show", "epci:246300701")
    assert "21 communes : " in shown
    assert "Blanzat (63042)" in shown
    assert "origine : DGCL, liste des EPCI au 1er janvier 2026" in shown
    assert "epci:246300701" in notifier("list", "--commune", "63042")
    assert notifier("list", "--commune", "63178") == "Aucun organisme inscrit.\n"


def test_a_police_unit_has_its_company_above_it() -> None:
    notifier("add", "gendarmerie", "Compagnie d’exemple", "--code", "cie-exemple")
    notifier(
        *("add", "gendarmerie", "Brigade d’exemple", "--code", "bta-exemple"),
        *("--parent", "gendarmerie:cie-exemple"),
    )
    assert "organisme supérieur : gendarmerie:cie-exemple" in notifier(
        "show", "gendarmerie:bta-exemple"
    )


def test_what_belongs_to_a_departement_is_said() -> None:
    notifier("add", "departement", "--code", "69")
    notifier("add", "prefecture", "--code", "69")
    notifier("add", "commune", "--code", "69123")
    council = notifier("show", "departement:69")
    assert "Département du Rhône" in council
    assert "communes du département" in council
    assert council != notifier("show", "prefecture:69")
    assert "la commune" in notifier("show", "commune:69123")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "partenaire", "--code", "sans-nom"), "un nom est nécessaire"),
        (("add", "partenaire", "X", "--code", "à b"), "lettres sans accent"),
        (("add", "epci", "--code", "123456789"), "un nom est nécessaire"),
        (("add", "epci", "--code", "63"), "neuf chiffres"),
        (("add", "commune", "--code", "99999"), "aucune commune actuelle"),
        (("add", "partenaire", "X", "--code", "x", "--phone", "12"), "--phone : "),
        (("add", "partenaire", "X", "--code", "x", "--parent", "police:y"), "aucun organisme"),
        (("add", "partenaire", "X", "--code", "x", "--time-zone", "Mars"), "fuseau"),
        (("add", "partenaire", "X" * 101, "--code", "x"), "100"),
        (("show", "partenaire:x"), "n’est pas inscrit"),
        (("show", "x"), "ne désigne pas un organisme"),
        (("set", "partenaire:conseil-clermont"), "rien à changer"),
        (("set", "partenaire:conseil-clermont", "--name", " "), "nom"),
        (("add", "partenaire", "Bis", "--code", "conseil-clermont"), "porte déjà ce code"),
        (("territory",), "donner un organisme"),
        (("territory", "partenaire:x"), "n’est pas inscrit"),
        (("list", "--commune", "38000"), "aucune commune actuelle"),
    ],
)
def test_what_is_wrong_is_refused_in_french_and_writes_nothing(
    council: None, arguments: tuple[str, ...], says: str
) -> None:
    assert says in refusal(*arguments)
    assert Organisation.objects.count() == 1


def test_a_council_grows_from_seven_to_twenty_one_communes(council: None) -> None:
    notifier("add", "police_municipale", "Police municipale", "--code", "pm-metropole63")
    said = notifier("territory", "--file", str(SAMPLES / "territoires.csv"))
    assert "ajouté : 21 (" in said
    before = notifier("show", COUNCIL, "--le", "30/11/2022")
    after = notifier("show", COUNCIL, "--le", "2022-12-01")
    assert "7 communes : " in before
    assert f"14 à venir : notifier organisation territory {COUNCIL}" in before
    assert "21 communes : " in after
    assert COUNCIL in notifier("list", "--commune", "63042", "--le", "2022-12-01")
    assert COUNCIL not in notifier("list", "--commune", "63042", "--le", "2022-11-30")
    whole = notifier("territory", COUNCIL)
    assert "Blanzat (63042)" in whole
    assert "à partir du 01/12/2022" in whole
    assert "territoires.csv" in whole


def test_a_list_without_dates_holds_from_the_day_given(
    council: None, file: Callable[..., str]
) -> None:
    notifier("territory", COUNCIL, "--file", file("63113", "63014"))
    said = notifier("territory", COUNCIL, "--file", file("63113", "63042"), "--du", "1/12/2026")
    assert "ajouté : 1 (Blanzat (63042))" in said
    assert "finit : 1 (Aubière (63014))" in said
    assert "inchangé : 1" in said
    assert "Aubière (63014)" in notifier("show", COUNCIL, "--le", "2026-11-30")
    assert "Aubière (63014)" not in notifier("show", COUNCIL, "--le", "2026-12-01")


def test_an_operators_file_replaces_the_packaged_members(file: Callable[..., str]) -> None:
    """The row of the métropole is made on the way."""
    said = notifier("territory", "epci:246300701", "--file", file("63113"))
    assert "retiré : 20 (" in said
    assert "inchangé : 1" in said
    assert "1 commune : Clermont-Ferrand (63113)" in notifier("show", "epci:246300701")


def test_a_dry_run_says_the_same_and_writes_nothing(file: Callable[..., str]) -> None:
    arguments = "territory", "epci:246300701", "--file", file("63113")
    tried = notifier(*arguments, "--dry-run")
    assert not Organisation.objects.exists()
    assert tried == notifier(*arguments) + "Essai à blanc : rien n’a été écrit.\n"


@pytest.fixture
def sites() -> None:
    notifier("add", "partenaire", "Habitat Exemple", "--code", "habitat-exemple")
    notifier("add", "quartier", "Quartier d’exemple", "--code", "delle-centre")
    notifier("territory", "--file", str(SAMPLES / "lieux.geojson"))


def test_who_added_and_changed_an_organisation_is_kept_with_before_and_after(
    fiction: None,
) -> None:
    notifier("add", "partenaire", "Habitat Exemple", "--code", "habitat", "--who", "Mme Exemple")
    unchanged = "set", "partenaire:habitat", "--name", "Habitat Exemple", "--who", "Mme Exemple"
    notifier(*unchanged)
    notifier("set", "partenaire:habitat", "--nature", "bailleur", "--who", "M. Exemple")
    assert list(Change.objects.order_by("pk").values_list("kind", "author", "source")) == [
        ("saisie", "Mme Exemple", "partenaire:habitat"),
        ("saisie", "M. Exemple", "partenaire:habitat"),
    ]
    added, changed = Entry.objects.filter(step=Step.DIRECTORY).order_by("pk")
    assert added.text == ("Organisme Habitat Exemple (partenaire:habitat) inscrit par Mme Exemple.")
    assert changed.text == (
        "Organisme Habitat Exemple (partenaire:habitat) modifié par M. Exemple : "
        "nature (vide) → « bailleur »."
    )
    assert changed.data["changed"] == {"nature": ["", "bailleur"]}
    printed = StringIO()
    call_command("directory", "history", stdout=printed)
    assert "M. Exemple" in printed.getvalue()
    with pytest.raises(CommandError, match="organisation"):
        call_command("directory", "undo", str(Change.objects.latest("pk").pk))


def test_who_changed_a_territory_is_in_the_history_and_what_changed_in_the_journal(
    file: Callable[..., str],
) -> None:
    arguments = "territory", "epci:246300701", "--file", file("63113"), "--who", "Mme Exemple"
    notifier(*arguments, "--dry-run")
    assert not Change.objects.exists()
    notifier(*arguments)
    change = Change.objects.get()
    assert (change.kind, change.author, change.source) == (
        "territoire", "Mme Exemple", "communes.csv"
    )  # fmt: skip
    assert (change.counts["removed"], change.counts["unchanged"]) == (20, 1)
    entry = Entry.objects.get(step=Step.DIRECTORY)
    assert entry.text == (
        "Territoire de Clermont Auvergne Métropole (epci:246300701) modifié par Mme Exemple, "
        "selon communes.csv."
    )
    assert "63042" in entry.data["zones"]["removed"]
    assert entry.data["change"] == change.pk
    printed = StringIO()
    call_command("directory", "history", stdout=printed)
    assert "Mme Exemple" in printed.getvalue()
    assert "retirés : 20" in printed.getvalue()
    with pytest.raises(CommandError, match="« notifier organisation »"):
        call_command("directory", "undo", str(change.pk))
    notifier(*arguments)
    assert Change.objects.count() == 1


def test_sites_of_several_organisations_come_in_one_file(sites: None) -> None:
    assert Zone.objects.filter(kind=ZoneKind.SITE).count() == 7
    shown = notifier("show", "epci:246300701")
    assert "2 lieux : « Déchetterie du Val », « Espace naturel des Puys »" in shown
    assert "21 communes" in shown
    assert "1 contour : « Centre »" in notifier("show", "quartier:delle-centre")
    assert ZoneCommune.objects.filter(zone__name="Résidence du Verger", commune="90033").exists()


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        (
            ("63113", "99999"),
            (),
            "rien n’est changé, une erreur :\nligne 3 : code_commune « 99999 »",
        ),
        (("99999", "99998"), (), "rien n’est changé, 2 erreurs :"),
        (("63113;2026-01-01",), ("--du", "2026-12-01"), "ne pas donner une autre date"),
    ],
)
def test_a_file_is_refused_as_a_whole(
    council: None,
    file: Callable[..., str],
    rows: tuple[str, ...],
    options: tuple[str, ...],
    says: str,
) -> None:
    header = "commune;du" if ";" in rows[0] else "commune"
    assert says in refusal("territory", COUNCIL, "--file", file(*rows, header=header), *options)
    assert not Zone.objects.exists()


@pytest.mark.parametrize("ref", ["commune:63113", "departement:63", "prefecture:63"])
def test_the_communes_of_a_departement_are_not_chosen(ref: str, file: Callable[..., str]) -> None:
    assert "ne se choisissent pas" in refusal("territory", ref, "--file", file("63113"))


def test_an_unknown_partner_is_not_made_by_a_file(file: Callable[..., str]) -> None:
    said = refusal("territory", "partenaire:x", "--file", file("63113"))
    assert "notifier organisation add" in said


def test_a_site_of_a_convention_is_not_removed(sites: None, tmp_path: Path) -> None:
    landlord = Organisation.objects.get(code="habitat-exemple")
    agreement = Convention.objects.create(
        reference="exemple", kind="gpo", title="Convention", starts_on="2026-01-01"
    )
    ConventionRule.objects.create(
        convention=agreement,
        organisation=landlord,
        territory_of=landlord,
        categories=["L01"],
        sites=["Résidence du Verger"],
        starts_at="2026-01-01T00:00:00Z",
    )
    assert "conventions : exemple" in notifier("show", "partenaire:habitat-exemple")
    other = tmp_path / "autre.geojson"
    text = (SAMPLES / "lieux.geojson").read_text("utf-8")
    other.write_text(text.replace("Résidence du Verger", "Cité du Verger"), "utf-8")
    said = refusal("territory", "--file", str(other))
    assert "« Résidence du Verger » (exemple)" in said
    assert not Zone.objects.filter(name="Cité du Verger").exists()
    notifier("territory", "--file", str(other), "--du", "2027-01-01")
    assert Zone.objects.get(name="Résidence du Verger").ends_on is not None
