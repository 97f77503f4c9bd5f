"""Territories and conventions: who else than a mayor is told, since when, in which words.

Clermont, the Isère, Delle. The people, their sites and their days are the samples'; dates count
from the day on which it is played.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from notifier.moments import written_day
from notifier.ops.demo.scenario import CONVENTIONS, SAMPLES, Command, Push, Reader, Scene, Source

_FILES = SAMPLES / "conventions"
_ZONE = ZoneInfo("Europe/Paris")
_CLERMONT = Source("Gendarmerie du Puy-de-Dôme", "63", "03 53 01 00 63")
_ISERE = Source("Gendarmerie de l’Isère", "38", "03 53 01 00 38")
_BELFORT = Source("Gendarmerie du Territoire de Belfort", "90", "03 53 01 00 90")

_METROPOLE = "epci:246300701"
_COUNCIL = "partenaire:conseil-clermont"
_POLICE = "police_municipale:pm-metropole63"
_LANDLORD = "partenaire:habitat-exemple"
_QUARTER = "quartier:delle-centre"
_COUNCIL_NAME = "Conseil métropolitain de sécurité (partenaire:conseil-clermont)"
_ON_CALL = "responsable d’astreinte"
_SMS, _MAIL = ("sms",), ("email",)

# Those of the métropole who take turns, the first turn first, and their numbers as logs show them.
_TURNS = (
    ("Joël Jonquille", "+33 6 •• •• •• 09"),
    ("Inès Bouleau", "+33 6 •• •• •• 05"),
    ("Karine Kerria", "+33 6 •• •• •• 10"),
)
_HANDOVER = time(18)


def scene(folder: Path, now: datetime) -> Scene:
    """Return the scene as it is played at `now`, in a folder for the files that it needs."""
    today = now.astimezone(_ZONE).date()
    return Scene(
        contacts=_FILES / "contacts.csv",
        sources=(_CLERMONT, _ISERE, _BELFORT),
        preparation=_preparation(folder, today),
        stories={
            "enlargement": _enlargement(today),
            "natural zone": _natural_zone(),
            "estate": _estate(),
            "school": _school(),
            "quarter": _quarter(),
            "absence": _absence(today),
            "rota": _rota(today),
            "three hats": _three_hats(),
            "elected official": _elected_official(),
        },
        columns=("Référence", "Organisme", "Prévenus", "Reçu après"),
        timelines=("CORG63-2026-000003",),
    )


# --- days


def _joining(today: date) -> date:
    """Return when the council grows: far enough off that it does not while the scene plays."""
    return today + timedelta(days=7)


def _sunday(today: date) -> date:
    """Return the next Sunday, not today."""
    return today + timedelta(days=7 - (today.weekday() + 1) % 7)


def _first_handover(today: date) -> date:
    """Return the last Friday, from which the rota runs; on a Friday the last Monday.

    Nobody then hands over while the scene plays.
    """
    friday, monday = 4, 0
    weekday = monday if today.weekday() == friday else friday
    return today - timedelta(days=(today.weekday() - weekday) % 7)


def _clock_change(today: date) -> date:
    """Return the next day on which the clock is put forward or back."""
    day = today + timedelta(days=1)
    while _offset(day) == _offset(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day


def _offset(day: date) -> timedelta | None:
    """Return the offset from UTC at the beginning of a day."""
    return datetime.combine(day, time(), _ZONE).utcoffset()


# --- the steps


def _preparation(folder: Path, today: date) -> tuple[Command, ...]:
    """Return what an operator enters before: people, territories, conventions, the rota."""
    names = (
        *("clermont-conseil", "clermont-metropole", "clermont-police-municipale"),
        *("grenoble-metropole", "isere-colleges"),
        *("bailleur-gpo", "elus-prefecture", "participation-citoyenne"),
    )
    start = datetime.combine(_first_handover(today), _HANDOVER)
    consent = ("consent", "give", _QUARTER)
    return (
        Command(("directory", "import", _FILES / "contacts.csv"), says=("ajoutés",), is_brief=True),
        Command(
            ("organisation", "territory", "--file", _dated_territories(folder, _joining(today))),
            says=(_COUNCIL_NAME, "ajouté : 21"),
            is_brief=True,
        ),
        Command(
            ("organisation", "territory", "--file", _FILES / "lieux.geojson"),
            says=("Espace naturel des Puys", "Résidence des Acacias", "Collège des Tilleuls"),
            is_brief=True,
        ),
        Command((*consent, "Sonia Bruyère", "--preuve", "formulaire signé, registre de la mairie")),
        Command((*consent, "Max Loriot", "--preuve", "formulaire signé, registre de la mairie")),
        Command(
            ("convention", "import", *(CONVENTIONS / f"{name}.toml" for name in names)),
            says=("nouvelle convention",),
            is_brief=True,
        ),
        Command(
            (
                *("on-call", "plan", _METROPOLE, *(name for name, _ in _TURNS)),
                *("--from", f"{start:%Y-%m-%d %H:%M}"),
            ),
            says=(f"{written_day(start)} à 18 h 00 au",),
            is_brief=True,
        ),
    )


def _dated_territories(folder: Path, joins_on: date) -> Path:
    """Write the sample's territories, those who joined the council joining on this day."""
    file = folder / "territoires-a-venir.csv"
    with (_FILES / "territoires.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows({**row, "du": row["du"] and joins_on.isoformat()} for row in rows)
    return file


def _enlargement(today: date) -> tuple[Push | Command, ...]:
    """Return the same event before and after a council grew from 7 communes to 21."""
    who = ("who", "--commune", "63308", "--categorie", "C07.13.02", "--a")
    joins_on = _joining(today)
    eve = joins_on - timedelta(days=1)

    def rodeo(title: str, number: int, place: dict[str, str], *told: Reader) -> Push:
        body = _body("C07.13.02", "moderate", place)
        return Push(title, _CLERMONT, f"CORG63-2026-{number:06d}", body, told)

    return (
        rodeo(
            f"Rodéo à Royat, hors du conseil jusqu’au {written_day(eve)} : le maire seul",
            1,
            {"insee": "63308", "label": "place des Peupliers"},
            Reader("commune:63308", "maire", says=("Royat", "place des Peupliers")),
        ),
        Command((*who, f"{eve} 23:59"), never=(_COUNCIL_NAME,)),
        Command((*who, f"{joins_on} 00:00"), says=(_COUNCIL_NAME,)),
        Command(
            ("organisation", "territory", "--file", _FILES / "territoires.csv"),
            says=("modifié : 14",),
            title="La liste officielle arrive : quatorze communes en sont depuis 2022",
            is_brief=True,
        ),
        rodeo(
            "Le même fait à Royat, qui en est : le conseil aussi, sans le lieu",
            2,
            {"insee": "63308", "label": "place des Peupliers"},
            Reader("commune:63308", "maire", says=("place des Peupliers",)),
            Reader(_COUNCIL, "référent sûreté", says=("Royat",), never=("Peupliers",)),
        ),
    )


def _natural_zone() -> tuple[Push, ...]:
    """Return a rodeo in a natural zone of the métropole."""
    place = {"latitude": 45.8125, "longitude": 3.077, "label": "chemin des Côtes"}
    metropole = (_METROPOLE, _ON_CALL, 2)
    police = (_POLICE, "police municipale", 1)
    law = "information du maire"
    return (
        Push(
            "Rodéo en espace naturel : le maire, la métropole, la police municipale",
            _CLERMONT,
            "CORG63-2026-000003",
            _body("L01.10.00", "moderate", place),
            (
                Reader("commune:63042", "maire", channels=_SMS, says=("Blanzat",)),
                Reader("commune:63042", "maire", channels=_MAIL, says=("votre commune", law)),
                Reader(*metropole, channels=_SMS, says=("Blanzat, Espace naturel des Puys",)),
                Reader(
                    *metropole,
                    channels=_MAIL,
                    says=("votre site Espace naturel des Puys", "Protocole de partenariat"),
                    never=(law,),
                ),
                Reader(*police, channels=_SMS, says=("Blanzat", "chemin des Côtes")),
                Reader(
                    *police,
                    channels=_MAIL,
                    says=("à Blanzat", "Coordination de la police municipale"),
                    never=(law, "Espace naturel des Puys"),
                ),
            ),
        ),
    )


def _estate() -> tuple[Push, ...]:
    """Return a burglary of which a landlord reads the estate, never the dwelling."""
    dwelling = ("12 rue des Lilas", "Lilas")
    place = {"latitude": 47.5085, "longitude": 6.9975, "label": "12 rue des Lilas, appartement 4"}
    estate = ("Résidence des Acacias",)
    mayor = Reader(
        "commune:90033",
        "maire",
        channels=_MAIL,
        says=("cambriolage",),
        never=(*dwelling, "Acacias"),
    )
    return (
        Push(
            "Cambriolage : le bailleur lit sa résidence, jamais le logement",
            _BELFORT,
            "CORG90-2026-000001",
            _body("C03.03.00", "moderate", place),
            (
                mayor,
                Reader(_LANDLORD, _ON_CALL, channels=_MAIL, says=estate, never=dwelling),
                Reader(_LANDLORD, "gardien", channels=_MAIL, says=estate, never=dwelling),
            ),
        ),
        Push(
            "Cambriolage de position inconnue : le bailleur n’est pas prévenu",
            _BELFORT,
            "CORG90-2026-000002",
            _body("C03.03.00", "moderate", {"insee": "90033"}),
            (mayor,),
        ),
    )


def _school() -> tuple[Push, ...]:
    """Return trouble at a collège, told to the département under its convention."""
    place = {"latitude": 45.17, "longitude": 5.715, "label": "allée du Collège"}
    return (
        Push(
            "Trouble aux abords d’un collège : le maire et le département",
            _ISERE,
            "CORG38-2026-000001",
            _body("L01.03.01", "moderate", place),
            (
                Reader("commune:38185", "maire", says=("Grenoble",), never=("Collège du Parc",)),
                Reader("departement:38", "référent sûreté", says=("Collège du Parc",)),
            ),
        ),
        Push(
            "Violences intrafamiliales au même endroit : secret, ni maire ni département",
            _ISERE,
            "CORG38-2026-000002",
            _body("C02.15.04", "severe", place),
        ),
    )


def _quarter() -> tuple[Push | Command, ...]:
    """Return what those of a quarter who consented read, once somebody releases it."""
    reference = "CORG90-2026-000003"
    place = {"latitude": 47.5075, "longitude": 6.999, "label": "8 rue de l’Allaine"}
    return (
        Push(
            "Vol par ruse dans un quartier : le maire seul, tant qu’il ne le relaie pas",
            _BELFORT,
            reference,
            _body("C03.02.10", "moderate", place),
            (Reader("commune:90033", "maire", channels=_MAIL, says=("vol par ruse",)),),
        ),
        Command(
            ("release", reference, "--who", "maire de Delle"),
            title="Le maire relaie : les deux habitants qui y ont consenti, pas la troisième",
            told=tuple(
                Reader(
                    *(_QUARTER, "habitant relais", rank),
                    channels=_MAIL,
                    says=("vol par ruse",),
                    never=("Allaine",),
                )
                for rank in (1, 2)
            ),
        ),
    )


def _absence(today: date) -> tuple[Push | Command, ...]:
    """Return the absence of a mayor until Sunday, with a stand-in."""
    sunday = _sunday(today)
    monday = sunday + timedelta(days=1)
    who = ("who", "--commune", "38229", "--categorie", "C01.01.01")
    return (
        Command(
            (
                *("absence", "add", "commune:38229", "maire"),
                *("--until", f"{sunday}", "--stand-in", "2e adjoint"),
            ),
            title="Le maire de Meylan, absent jusqu’à dimanche, est remplacé",
            says=(f"dimanche {written_day(sunday)}", "remplacé par Denis Hulotte"),
        ),
        Push(
            "",
            _ISERE,
            "CORG38-2026-000003",
            _body("C01.01.01", "severe", {"insee": "38229", "label": "avenue de Verdun"}),
            (Reader("commune:38229", "adjoint", 2, says=("accident de la route",)),),
        ),
        Command(who, says=("absent jusqu’au dimanche",)),
        Command((*who, "--a", f"{monday} 09:00"), never=("absent",)),
    )


def _rota(today: date) -> tuple[Command, ...]:
    """Return the week on call over the change of the clock: it ends at 18 h all the same."""
    first, change = _first_handover(today), _clock_change(today)
    turn = (change - first).days // 7
    start, end = (first + timedelta(weeks=weeks) for weeks in (turn, turn + 1))
    before, after = (_TURNS[number % len(_TURNS)] for number in (turn, turn + 1))
    weeks = (end - today).days // 7 + 2
    who = ("who", "--commune", "63113", "--categorie", "L02.02.00", "--a")
    return (
        Command(
            ("on-call", "show", _METROPOLE, "--weeks", f"{weeks}"),
            title=f"L’astreinte de la métropole au changement d’heure du {written_day(change)}",
            says=(
                f"{written_day(start)} à 18 h 00 au",
                f"{written_day(end)} à 18 h 00 : {before[0]}",
                f"{written_day(end)} à 18 h 00 au",
            ),
            is_brief=True,
        ),
        Command((*who, f"{end} 17:59"), says=(before[1],), never=(after[1],)),
        Command((*who, f"{end} 18:00"), says=(after[1],), never=(before[1],)),
    )


def _three_hats() -> tuple[Push | Command, ...]:
    """Return what is told to a mayor who serves the métropole and the council as well."""
    reference = "CORG63-2026-000004"
    place = {"insee": "63042", "label": "place de la République"}
    return (
        Push(
            "Maire, vice-président et référent du conseil à la fois : un seul texte",
            _CLERMONT,
            reference,
            _body("C07.02.00", "severe", place),
            (
                Reader("commune:63042", "maire", says=("violences urbaines", "République")),
                Reader("commune:63042", "adjoint", says=("violences urbaines",)),
            ),
        ),
        Command(
            ("who", reference),
            says=(
                "1er vice-président (SMS +33 6 •• •• •• 02) : le sait déjà par Blanzat",
                "référent sûreté (SMS +33 6 •• •• •• 02) : le sait déjà par Blanzat",
            ),
        ),
    )


def _elected_official() -> tuple[Push, ...]:
    """Return what befalls an elected official, told to the préfecture's duty at once."""
    officer = ("prefecture:90", _ON_CALL)
    return (
        Push(
            "Faits visant un élu : le maire et la permanence de la préfecture",
            _BELFORT,
            "CORG90-2026-000004",
            _body("L03.01.00", "severe", {"insee": "90033", "label": "2 place de la République"}),
            (
                Reader("commune:90033", "maire", says=("élu",), never=("République",)),
                Reader(*officer, says=("Delle", "élu"), never=("République",)),
            ),
        ),
    )


def _body(category: str, severity: str, location: dict[str, Any]) -> dict[str, Any]:
    state = {"sequence": 1, "status": "engaged", "category": category, "severity": severity}
    return state | {"location": location}
