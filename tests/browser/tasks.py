"""The tasks of the console, as its people do them: where each begins is where its role arrives."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from notifier.ops.api_client import DispatchClient
from notifier.settings import packaged
from tests.browser.visitor import Visitor

CONTACTS = packaged("config") / "samples" / "contacts-90.csv"
# One for each way of doing a task: none finds what another has changed. Commune, mayor's number.
PLACES = (
    ("90053", "Grandvillars", "+33639980119"),
    ("90088", "Rougegoutte", "+33639980189"),
    ("90075", "Offemont", "+33639980162"),
    ("90099", "Valdoie", "+33639980209"),
)

AWAY = (
    ("90026", "Chèvremont"),
    ("90032", "Danjoutin"),
    ("90017", "Bourogne"),
    ("90052", "Giromagny"),
)
# The last number of each of them.
DEPUTIES = ("+33639980121", "+33639980190", "+33639980164", "+33639980212")


@dataclass(frozen=True)
class Turn:
    """Which of the ways this is; `folder` is for files."""

    number: int
    folder: Path

    @property
    def place(self) -> tuple[str, str, str]:
        """The commune of this turn: code, name, the mayor's number."""
        return PLACES[self.number]


@dataclass(frozen=True)
class Task:
    """Who does what."""

    name: str
    role: str
    do: Callable[[Visitor, Turn], None]


def new_mayor(v: Visitor, turn: Turn) -> None:
    v.menu("Annuaire")
    v.press("Delle", role="link")
    v.press("Nouveau maire")
    v.fill("Prénom", "Ariane")
    v.fill("Nom", f"Cormoran {'ABCD'[turn.number]}", exact=True)
    v.fill("Mobile", f"06 39 98 40 {turn.number:02d}")
    v.press("Enregistrer", role="button")
    v.sees(f"Cormoran {'ABCD'[turn.number]}")


def away_until_sunday(v: Visitor, turn: Turn) -> None:
    find(v, AWAY[turn.number])
    v.press(v.page.get_by_role("button", name="Absence : ").first)
    v.fill_date("Absent jusqu’au", next_sunday())
    v.choose("Remplaçant", "1er adjoint")
    v.press("Enregistrer", role="button")
    v.sees("Absence notée")
    v.sees("remplaçant : ")


def import_and_undo(v: Visitor, turn: Turn) -> None:
    file = write_list(turn.folder / f"maires-{turn.number}.xlsx")
    v.menu("Importer")
    v.upload("Fichier", file)
    v.press("Lire la liste", role="button")
    v.press("Importer les lignes justes")
    v.press("Importer", role="button", exact=True)
    v.sees("98")
    imported = len(v.steps)
    v.press(v.page.get_by_role("button", name="Annuler").first)
    v.press("Annuler", role="button")
    v.sees("rétabli")
    v.note_part("101 communes from a spreadsheet, three rows faulty", imported)
    v.note_part("that taken back", len(v.steps) - imported)


def nobody_rings_tonight(v: Visitor, turn: Turn) -> None:
    v.menu("Territoire")
    v.press("2", role="link", exact=True)
    v.sees("Montbouton")
    v.sees("Auxelles-Bas")


def last_night(v: Visitor, turn: Turn) -> None:
    v.menu("Cette nuit")
    v.sees("La nuit d’avant")
    # Before dawn the night that the samples tell of is this one, from then on the one before.
    if not v.page.get_by_role("link", name="Grandvillars").count():
        v.press("La nuit d’avant")
    v.press("Grandvillars", role="link")
    v.sees("Grandvillars")


def decide_commune(v: Visitor, turn: Turn) -> None:
    reference = f"90-2026-0003{turn.number:02d}"
    push(v, reference, {"insee": "90033", "name": "Valdoie"})
    v.page.reload()
    v.press(f"Décider : {reference}")
    v.tick(v.page.get_by_role("radio", name="Valdoie"))
    v.fill("Motif", "confirmé par radio")
    v.press("Vérifier ma décision")
    v.press("Confirmer Valdoie")
    v.trial.receives(PLACES[3][2], "Valdoie")


def yearly_figures(v: Visitor, turn: Turn) -> None:
    v.menu("Chiffres")
    v.sees("interventions annoncées")
    with v.page.expect_download() as download:
        v.press("CSV")
    assert download.value.suggested_filename.endswith(".csv")


def correct_number(v: Visitor, turn: Turn) -> None:
    code, name, number = turn.place
    wanted = f"+336399850{turn.number:02d}"
    v.trial.simulator.fault("answer_500", to=number)
    push(v, f"90-2026-0004{turn.number:02d}", {"insee": code})
    find(v, turn.place)
    v.press(v.page.get_by_role("link", name="Corriger : mobile").first)
    v.fill("Nouvelle adresse", wanted)
    v.press("Enregistrer la nouvelle adresse")
    v.trial.receives(wanted, name)
    v.trial.simulator.clear_faults()


def invite_colleague(v: Visitor, turn: Turn) -> None:
    address = f"collegue-{turn.number}@ggd90.example"
    v.menu("Comptes")
    v.press("Inviter un collègue")
    v.fill("Adresse électronique", address)
    v.choose("Rôle", "opérateur")
    v.press("Inviter", role="button", exact=True)
    v.sees(address)
    v.trial.receives_mail(address)


def who_changed_what(v: Visitor, turn: Turn) -> None:
    v.menu("Historique")
    v.press(v.page.get_by_role("table").get_by_role("link").first)
    v.sees("Camille Sorbier")


def test_text(v: Visitor, turn: Turn) -> None:
    find(v, turn.place)
    v.press(v.page.get_by_role("link", name="Corriger : mobile").last)
    v.press("Envoyer un essai")
    v.fill("Code lu par la personne", v.trial.code_of_test(DEPUTIES[turn.number]))
    v.press("Vérifier le code")
    v.sees("Confirmée")


def rotate_key(v: Visitor, turn: Turn) -> None:
    v.menu("Sources")
    v.press("CORG 90", role="link")
    v.press("Remplacer la clé")
    v.press("Créer la nouvelle clé", role="button")
    v.confirm_identity()
    v.sees("Clé")


def pause_everything(v: Visitor, turn: Turn) -> None:
    v.menu("Sources")
    v.press("Suspendre les envois")
    dialog = v.page.get_by_role("dialog")
    v.fill(dialog.get_by_label("Motif"), "exercice de coupure")
    v.press(dialog.get_by_role("button", name="Suspendre les envois"))
    v.sees("exercice de coupure")
    paused = len(v.steps)
    v.press("Reprendre")
    v.press("Reprendre", role="button")
    v.note_part("everything paused", paused)
    v.note_part("and resumed", len(v.steps) - paused)


def find(v: Visitor, place: tuple[str, ...]) -> None:
    """Find a commune by its name; a search that finds one page leads there."""
    code, name, *_ = place
    v.menu("Annuaire")
    v.fill("Chercher", name)
    v.press("Chercher", role="button")
    v.page.wait_for_url(f"**/{code}")


TASKS = (
    Task("new mayor in Delle", "delle", new_mayor),
    Task("away until Sunday with a stand-in", "groupement", away_until_sunday),
    Task("101 communes from a spreadsheet, then undone", "groupement", import_and_undo),
    Task("communes that nobody can ring tonight", "groupement", nobody_rings_tonight),
    Task("last night on a phone", "groupement", last_night),
    Task("a doubtful commune decided", "operateur", decide_commune),
    Task("the council's yearly figures", "auditeur", yearly_figures),
    Task("a number corrected, what was to go follows it", "groupement", correct_number),
    Task("a colleague for the Territoire de Belfort only", "groupement", invite_colleague),
    Task("who changed what", "groupement", who_changed_what),
    Task("a test text", "groupement", test_text),
    Task("a key rotated", "groupement", rotate_key),
    Task("everything paused", "groupement", pause_everything),
)


def next_sunday() -> date:
    """Return the next Sunday, not today."""
    today = datetime.now(UTC).astimezone().date()
    return today + timedelta(days=7 - (today.weekday() + 1) % 7)


def push(v: Visitor, reference: str, location: dict[str, str], **more: Any) -> None:
    """Report an accident, as dispatch does."""
    body = {
        "reference": reference,
        "sequence": 1,
        "status": "engaged",
        "category": "C01.01.01",
        "severity": "severe",
        "occurred_at": datetime.now(UTC).isoformat(),
        "exercise": False,
        "location": location,
    }
    answer = DispatchClient(v.trial.url, v.trial.key).push(body | more)
    assert answer.code == 202, answer


def write_list(file: Path) -> Path:
    """Write the mayors of 101 communes, all of them new, as a workbook with three faulty rows."""
    with CONTACTS.open(encoding="utf-8", newline="") as lines:
        mayors = [row for row in csv.DictReader(lines, delimiter=";") if row["fonction"] == "maire"]
    mayors[10]["mobile"] = "06 39 98"
    mayors[20]["code_commune"] = "90999"
    mayors[30]["courriel"] = "personne"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(mayors[0]))
    for number, mayor in enumerate(mayors):
        mayor["nom"], mayor["prenom"] = mayors[(number + 40) % 101]["nom"], "Andrée"
        sheet.append(list(mayor.values()))
    book.save(file)
    return file
