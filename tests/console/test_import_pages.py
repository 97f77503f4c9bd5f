"""The wizard of imports in a browser without scripts: upload, look, choose, import, take back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from notifier.accounts.roles import Role
from notifier.directory.imports import jobs
from notifier.directory.models import Address, Change, ImportJob, ImportState, Mandate, Person
from notifier.territory.resolve import commune_by_code, communes_in
from tests.directory import public_lists
from tests.directory.people import organisation, somebody
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("pages over the room's functions, which both databases run"),
]

HEADER = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
DELLE = "90033;maire;1;Noyer;Anne;06 39 98 00 01;"
BELFORT = "90010;maire;1;Sorbier;Luc;06 39 98 00 02;"
BESANCON = "25056;maire;1;Lérot;Luc;06 39 98 00 03;"


@pytest.fixture(autouse=True)
def _fiction(settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="anne"))


def send(client: Client, content: bytes, name: str = "liste.csv") -> ImportJob:
    answer = client.post("/importer", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302, plain(answer)
    job = ImportJob.objects.latest("pk")
    assert answer.headers["Location"] == f"/importer/{job.pk}"
    jobs.run(job.pk)
    return ImportJob.objects.get(pk=job.pk)


def listed(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def plain(answer: Any) -> str:
    """The page, its spaces as one types them."""
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return plain(answer)


def test_the_whole_way(client: Client) -> None:
    job = send(client, listed(DELLE, BELFORT, BESANCON, DELLE.replace("06 39 98 00 01", "12")))
    shown = text(client, f"/importer/{job.pk}")
    for said in ("Delle (90033), maire", "Importer les lignes justes", "hors de votre périmètre"):
        assert said in shown
    assert "06 39 98 00 01" not in shown
    assert (
        "Belfort" not in text(client, f"/importer/{job.pk}?voir=refuses").split("Lignes montr")[1]
    )
    line = {"line": "3", "back": f"/importer/{job.pk}?voir=nouveaux"}
    answer = client.post(f"/importer/{job.pk}/lignes", line)
    assert answer.headers["Location"] == line["back"]
    assert "Laissé de côté" in text(client, f"/importer/{job.pk}")
    assert "1 nouveau, 0 modifié, 0 terminé ; 1 ligne laissée de côté" in text(
        client, f"/importer/{job.pk}/confirmer"
    )
    assert not Mandate.objects.exists()
    client.post(f"/importer/{job.pk}/confirmer")
    assert list(Mandate.objects.values_list("organisation__code", flat=True)) == ["90033"]
    done = text(client, f"/importer/{job.pk}")
    assert "La liste est importée" in done
    change = Change.objects.get()
    assert change.author == "anne"
    undoing = text(client, f"/historique/{change.pk}/annuler")
    assert "retiré" in undoing
    assert "1 commune ou organisme n’aurait plus personne" in undoing
    assert f"/historique/{change.pk}/annuler" in text(client, "/importer")
    client.post(f"/historique/{change.pk}/annuler")
    assert not Person.objects.exists()
    assert "Annulé" in text(client, "/importer")
    answer = client.post(f"/historique/{change.pk}/annuler", follow=True)
    assert "déjà annulé" in plain(answer)
    assert Change.objects.count() == 2


def test_a_landline_in_the_column_of_mobiles_is_said_and_taken(client: Client) -> None:
    job = send(client, listed(DELLE.replace("06 39 98 00 01", "03 84 36 66 66")))
    shown = text(client, f"/importer/{job.pk}")
    assert "un téléphone fixe, pris comme tel ; aucun texte n’y arrive" in shown
    assert "une ligne fixe pour toute adresse" in shown
    assert "36 66 66" not in shown
    client.post(f"/importer/{job.pk}/confirmer")
    assert list(Address.objects.values_list("kind", "value")) == [("fixe", "+33384366666")]


def test_101_communes_of_a_workbook_with_three_faulty_rows(client: Client) -> None:
    book, content = Workbook(), BytesIO()
    book.active.append([*HEADER.split(";"), "commune"])
    for number, commune in enumerate(communes_in("90")):
        mobile = "12" if number in (7, 50, 90) else f"06399{80_000 + number}"
        name = f"Essai{number}"
        book.active.append([commune.code, "maire", 1, name, "Anne", mobile, "", commune.name])
    book.save(content)
    job = send(client, content.getvalue(), "communes.xlsx")
    assert (job.counts["new"], job.counts["refused"]) == (len(communes_in("90")) - 3, 3)
    client.post(f"/importer/{job.pk}/confirmer")
    jobs.run(job.pk)
    assert Mandate.objects.count() == len(communes_in("90")) - 3
    corrected = load_workbook(BytesIO(client.get(f"/importer/{job.pk}/a-corriger.xlsx").content))
    sheet = corrected.active
    assert [sheet.cell(1, column).value for column in (1, 9, 10)] == [
        "code_commune", "ligne du fichier", "motif du refus",
    ]  # fmt: skip
    assert sheet.max_row == 4
    for row in range(2, 5):
        assert sheet.cell(row, 6).data_type == "s"
        sheet.cell(row, 6).value = f"06 39 98 09 0{row}"
    again = BytesIO()
    corrected.save(again)
    job = send(client, again.getvalue(), "lignes-a-corriger.xlsx")
    assert (job.counts["new"], job.counts["refused"]) == (3, 0)
    client.post(f"/importer/{job.pk}/confirmer")
    jobs.run(job.pk)
    assert Mandate.objects.count() == len(communes_in("90"))
    done = Change.objects.earliest("pk")
    undo = f"/historique/{done.pk}/annuler"
    assert f"{len(communes_in('90')) - 3} communes ou organismes n’auraient plus" in text(
        client, undo
    )
    assert client.post(undo).status_code == 422
    assert client.post(undo, {"word": "oui"}).status_code == 422
    assert client.post(undo, {"word": "Annuler"}).status_code == 302
    assert Mandate.objects.count() == 3


def _mayors() -> bytes:
    delle, besancon = commune_by_code("90033"), commune_by_code("25056")
    assert delle
    assert besancon
    since = date(2026, 3, 21)
    rows = (
        public_lists.mayor(delle, "NOYER", "Anne", since),
        public_lists.mayor(besancon, "HÊTRE", "Luc", since),
    )
    return "\r\n".join([public_lists.MAYORS_HEADER, *rows, ""]).encode()


TOWN_HALL = (
    '{"service": [{"nom": "Mairie - Delle", "pivot": [{"type_service_local": "mairie", '
    '"code_insee_commune": ["90033"]}], "code_insee_commune": "90033", '
    '"telephone": [{"valeur": "03 84 36 66 66"}], "adresse_courriel": ["mairie@delle.example"]}]}'
)


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("rne-maires.csv", _mayors, "RNE, maires"),
        ("contacts.csv", lambda: listed(DELLE), "Liste de contacts"),
        (
            "contacts.ods",
            lambda: public_lists.ods(public_lists.cells([HEADER, DELLE])),
            "Liste de contacts",
        ),
        ("annuaire.json", lambda: TOWN_HALL.encode(), "Annuaire de l’administration"),
    ],
)
def test_each_public_layout_passes(
    client: Client, name: str, content: Callable[[], bytes], form: str
) -> None:
    job = send(client, content(), name)
    shown = text(client, f"/importer/{job.pk}")
    assert (job.counts["new"], job.counts["refused"]) == (1, 0), job.reasons
    assert form in shown
    client.post(f"/importer/{job.pk}/confirmer")
    jobs.run(job.pk)
    assert Mandate.objects.get().organisation.code == "90033"


def test_a_file_that_is_none_or_too_large_says_so(client: Client) -> None:
    assert "Choisissez un fichier" in client.post("/importer", {}).content.decode()
    for content, said in ((b"", "vide"), (b"x" * (jobs.MAX_BYTES + 1), "dépasse 10 Mo")):
        answer = client.post("/importer", {"file": SimpleUploadedFile("l.csv", content)})
        assert (answer.status_code, said in plain(answer)) == (422, True)
    assert "dépasse 10 Mo" in text(client, "/importer?trop-grand")
    assert not ImportJob.objects.exists()
    job = send(client, b"nom;prenom\nNoyer;Anne\n")
    assert job.state == ImportState.REFUSED
    assert "colonne manquante" in text(client, f"/importer/{job.pk}")


def test_a_long_list_shows_its_progress_with_and_without_scripts(client: Client) -> None:
    book, content = Workbook(), BytesIO()
    book.active.append(HEADER.split(";"))
    book.save(content)
    client.post("/importer", {"file": SimpleUploadedFile("l.xlsx", content.getvalue())})
    job = ImportJob.objects.get()
    ImportJob.objects.update(rows_read=2_000, rows_expected=35_000)
    shown = text(client, f"/importer/{job.pk}")
    for said in ('hx-trigger="every 2s"', 'value="2000"', "Actualiser", "lignes lues"):
        assert said in shown
    ImportJob.objects.update(claim="x", claimed_until=timezone.now() - timedelta(1))
    jobs.upkeep(timezone.now())
    assert "Recommencer la lecture" in text(client, f"/importer/{job.pk}")
    client.post(f"/importer/{job.pk}/reprendre")
    assert "every 2s" in text(client, f"/importer/{job.pk}")
    client.post(f"/importer/{job.pk}/abandonner")
    assert "abandonnée" in text(client, f"/importer/{job.pk}")


# --- As an attacker would -------------------------------------------------------------------------


def test_nobody_sees_or_steers_the_list_of_another(client: Client) -> None:
    job = send(client, listed(DELLE))
    colleague = logged_in(add_account(Role.GROUPEMENT, "90"))
    for path in ("", "/confirmer", "/abandonner", "/a-corriger.xlsx"):
        assert colleague.get(f"/importer/{job.pk}{path}").status_code == 404
    for path in ("/lignes", "/confirmer", "/abandonner", "/reprendre"):
        assert colleague.post(f"/importer/{job.pk}{path}", {"line": "2"}).status_code == 404
    job.refresh_from_db()
    assert job.state == ImportState.READY
    assert not Mandate.objects.exists()


def test_a_commune_s_administrator_imports_that_commune_alone() -> None:
    delle = organisation(code="90033")
    client = logged_in(add_account(Role.ORGANISATION, delle))
    job = send(client, listed(DELLE, BELFORT))
    assert (job.counts["new"], job.counts["refused"]) == (1, 1)
    client.post(f"/importer/{job.pk}/confirmer")
    assert list(Mandate.objects.values_list("organisation__code", flat=True)) == ["90033"]


def test_a_role_that_ends_between_look_and_import_imports_nothing(client: Client) -> None:
    job = send(client, listed(DELLE))
    from notifier.accounts.models import RoleAssignment

    RoleAssignment.objects.update(until=timezone.localdate() - timedelta(days=1))
    assert client.post(f"/importer/{job.pk}/confirmer").status_code == 403
    assert not Mandate.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"line": "x"},
        {"line": "9" * 30},
        {"line": "²"},
        {"line": "2", "back": "https://ailleurs.example/"},
        {"line": "2", "back": "//ailleurs.example"},
    ],
)
def test_forged_values_lead_nowhere(client: Client, values: dict[str, str]) -> None:
    job = send(client, listed(DELLE))
    answer = client.post(f"/importer/{job.pk}/lignes", values)
    assert answer.headers["Location"] == f"/importer/{job.pk}"


def test_a_change_of_another_departement_is_neither_seen_nor_undone(client: Client) -> None:
    delle, besancon = organisation(code="90033"), organisation(code="25056")
    for where in (delle, besancon):
        somebody(where, "Noyer", "maire", mobile="+33639980001")
    from notifier.directory.election import unconfirm_since

    theirs = unconfirm_since(date(2026, 3, 15), {"25056"}, "bob")
    both = unconfirm_since(date(2026, 3, 15), {"90033"}, "bob")
    assert theirs
    assert both
    for path in (f"/historique/{theirs.pk}", f"/historique/{theirs.pk}/annuler"):
        assert client.get(path).status_code == 404
    assert client.post(f"/historique/{theirs.pk}/annuler").status_code == 404
    listing = text(client, "/historique")
    assert f"N° {both.pk}" in listing
    assert f"N° {theirs.pk}" not in listing


def test_of_a_change_of_several_departements_one_s_own_lines_are_seen(client: Client) -> None:
    for code, name, last in (("90033", "Anne", "Noyer"), ("25056", "Luc", "Étranger")):
        somebody(organisation(code=code), last, "maire", first_name=name, mobile="+33639980001")
    from notifier.directory.election import unconfirm_since

    change = unconfirm_since(date(2026, 3, 15), {"90033", "25056"}, "bob")
    assert change
    shown = text(client, f"/historique/{change.pk}")
    assert "Anne Noyer, maire, Delle (90033)" in shown
    assert "Étranger" not in shown
    for path in (f"/historique/{change.pk}", "/importer"):
        assert f"/historique/{change.pk}/annuler" not in text(client, path)
    answer = client.post(f"/historique/{change.pk}/annuler", follow=True)
    assert "hors de votre périmètre" in plain(answer)
    assert Mandate.objects.filter(is_confirmed=True).count() == 0


def test_the_history_is_filtered_and_masked(client: Client) -> None:
    job = send(client, listed(DELLE, BELFORT))
    client.post(f"/importer/{job.pk}/confirmer")
    for query, found in (
        ("organisme=Delle", True),
        ("organisme=90033", True),
        ("organisme=commune:90033", True),
        ("organisme=90035", False),
        ("auteur=ann", True),
        ("auteur=bob", False),
        ("type=election", False),
        ("depuis=2020-01-01&jusqu_au=2020-02-01", False),
        ("depuis=2020-01-01", True),
    ):
        assert ("liste.csv" in text(client, f"/historique?{query}")) == found, query
    shown = text(client, f"/historique/{Change.objects.get().pk}")
    assert "+33639980001" not in shown
    assert "+33 6 •• •• •• 01" in shown


@pytest.mark.parametrize("count", [1, 30])
def test_pages_take_a_bounded_number_of_statements(
    client: Client, count: int, django_assert_max_num_queries
) -> None:
    rows = [f"{c.code};maire;1;Essai{n};Anne;;m{n}@e.example"
            for n, c in enumerate(communes_in("90")[:count])]  # fmt: skip
    job = send(client, listed(*rows))
    with django_assert_max_num_queries(14):
        text(client, f"/importer/{job.pk}")
    client.post(f"/importer/{job.pk}/confirmer")
    for path in ("/importer", "/historique", f"/historique/{Change.objects.get().pk}"):
        with django_assert_max_num_queries(24):
            text(client, path)
