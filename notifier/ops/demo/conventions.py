"""The scenes in which conventions tell further organisations, and who must be told.

People, territories and sites are those of `config/samples/conventions`, the agreements those of
`config/conventions`.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from notifier.ops.demo.scenario import CONTACTS_90, MAYOR, ON_CALL, POLICE, Scene, Story

SAMPLES = Path("samples/conventions")
CONVENTIONS = (
    "clermont-metropole",
    "clermont-conseil",
    "clermont-police-municipale",
    "grenoble-metropole",
    "isere-colleges",
    "bailleur-gpo",
    "elus-prefecture",
    "participation-citoyenne",
)
UNITS = (
    ("gendarmerie", "Groupement d’exemple du Puy-de-Dôme", "ggd63"),
    ("gendarmerie", "Groupement d’exemple de l’Isère", "ggd38"),
    ("gendarmerie", "Groupement d’exemple de Belfort", "ggd90"),
    ("police", "Direction d’exemple de la police nationale", "dipn38"),
)
METROPOLE, COUNCIL = "epci:246300701", "partenaire:conseil-clermont"
ON_CALL_OFFICER, SECURITY_OFFICER = "responsable d’astreinte", "référent sûreté"
_TODAY = date.today()  # noqa: DTZ011 - of this machine, as whoever watches has it
SUNDAY = (_TODAY + timedelta(days=6 - _TODAY.weekday())).isoformat()
TERRITORY = ("organisation", "territory", "--file")


def _new(category: str, severity: str, location: dict[str, Any]) -> dict[str, Any]:
    report = {"sequence": 1, "status": "engaged", "category": category, "severity": severity}
    return report | {"location": location}


_RIOT_IN_ROYAT = _new("C07.02.00", "severe", {"insee": "63308", "label": "place Allard"})
_ESTATE = {"insee": "90033", "latitude": 47.5085, "longitude": 6.9975}

SCENES = (
    Scene(
        "Rodéo dans un espace naturel : le maire, la métropole, la police municipale",
        "CORG-2026-000101",
        _new("L01.10.00", "moderate", {"insee": "63042", "latitude": 45.8115, "longitude": 3.0765}),
        {
            "63042": (MAYOR,),
            METROPOLE: (ON_CALL_OFFICER,),
            "police_municipale:pm-metropole63": ("police municipale",),
        },
        says="rodéo",
    ),
    Scene(
        "Violences urbaines à Royat, avant l’élargissement du conseil : le maire seul",
        "CORG-2026-000102",
        _RIOT_IN_ROYAT,
        {"63308": (MAYOR,)},
        says="violences urbaines",
    ),
    Scene(
        "Les mêmes faits, le conseil élargi de 7 à 21 communes : le conseil aussi",
        "CORG-2026-000103",
        _RIOT_IN_ROYAT,
        {"63308": (MAYOR,), COUNCIL: (SECURITY_OFFICER,)},
        says="violences urbaines",
        command=(*TERRITORY, SAMPLES / "territoires.csv"),
    ),
    Scene(
        "À Blanzat, dont le maire est aussi le référent du conseil : un seul texte, celui du maire",
        "CORG-2026-000104",
        _new("C07.02.00", "severe", {"insee": "63042", "label": "rue de la République"}),
        {"63042": (MAYOR, "adjoint"), COUNCIL: (SECURITY_OFFICER,)},
        says="violences urbaines",
    ),
    Scene(
        "Cambriolage dans une résidence du bailleur : il lit laquelle, jamais quel logement",
        "CORG-2026-000105",
        _new("C03.03.00", "moderate", _ESTATE),
        {
            "90033": (MAYOR, ON_CALL, POLICE),
            "partenaire:habitat-exemple": (ON_CALL_OFFICER, "gardien"),
        },
        channels=("email",),
        says="cambriolage",
    ),
    Scene(
        "Cambriolage à Delle dont la position n’est pas connue : le bailleur n’est pas prévenu",
        "CORG-2026-000106",
        _new("C03.03.00", "moderate", {"insee": "90033"}),
        {"90033": (MAYOR, ON_CALL, POLICE)},
        channels=("email",),
        says="cambriolage",
    ),
    Scene(
        "Trouble aux abords d’un collège : le maire de Grenoble et le département",
        "CORG-2026-000107",
        _new("L01.03.01", "moderate", {"insee": "38185", "latitude": 45.17, "longitude": 5.715}),
        {"38185": (MAYOR,), "departement:38": (SECURITY_OFFICER,)},
        says="collège",
    ),
    Scene(
        "Rodéo à Meylan : la métropole de Grenoble par ses deux référents",
        "CORG-2026-000108",
        _new("L01.10.00", "severe", {"insee": "38229", "latitude": 45.203, "longitude": 5.77}),
        {"38229": (MAYOR,), "epci:200040715": (ON_CALL_OFFICER, SECURITY_OFFICER)},
        says="rodéo",
    ),
    Scene(
        "Le maire de Meylan absent jusqu’à dimanche : son adjointe, qui le remplace",
        "CORG-2026-000109",
        _new("C01.01.01", "severe", {"insee": "38229", "label": "avenue de Verdun"}),
        {"38229": ("adjoint",)},
        says="accident",
        command=(
            *("absence", "add", "commune:38229", "maire"),
            *("--until", SUNDAY, "--stand-in", "1er adjoint"),
        ),
    ),
    Scene(
        "Vol par ruse dans un quartier : le maire ; rien ne part vers les habitants",
        "CORG-2026-000110",
        _new("C03.02.10", "moderate", {"insee": "90033", "latitude": 47.5075, "longitude": 6.999}),
        {"90033": (MAYOR, ON_CALL, POLICE)},
        channels=("email",),
        says="vol par ruse",
    ),
    Scene(
        "Le maire décide de le relayer : l’habitante qui y a consenti, et elle seule",
        "CORG-2026-000110",
        None,
        {"quartier:delle-centre": ("habitant relais",)},
        says="vol par ruse",
    ),
    Scene(
        "Faits visant un élu : le maire et la permanence de la préfecture, au même moment",
        "CORG-2026-000111",
        _new("L03.01.00", "severe", {"insee": "90033"}),
        {"90033": (MAYOR,), "prefecture:90": (ON_CALL_OFFICER,)},
        says="élu",
    ),
    Scene(
        "Violences intrafamiliales près d’un collège : secret, ni maire ni département",
        "CORG-2026-000112",
        _new("C02.15.04", "severe", {"insee": "38185", "latitude": 45.17, "longitude": 5.715}),
    ),
)

STORY = Story(
    source="CORG",
    departements=("38", "63", "90"),
    contacts=(CONTACTS_90, SAMPLES / "contacts.csv"),
    setup=(
        *(("organisation", "add", kind, name, "--code", code) for kind, name, code in UNITS),
        (*TERRITORY, SAMPLES / "territoires-avant.csv"),
        (*TERRITORY, SAMPLES / "lieux.geojson"),
        *(
            ("convention", "import", Path("conventions") / f"{reference}.toml")
            for reference in CONVENTIONS
        ),
        (
            *("consent", "give", "quartier:delle-centre", "Sonia Bruyère"),
            *("--preuve", "bulletin signé, mairie de Delle, registre 2026"),
        ),
    ),
    scenes=SCENES,
)
