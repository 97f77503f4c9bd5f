"""A night in the Territoire de Belfort, and who must be told of what: fixed before it runs."""

from __future__ import annotations

from typing import Any

from notifier.ops.demo.scenario import BOTH, SAMPLES, Command, Push, Reader, Scene, Source

MAYOR, ON_CALL, POLICE = "maire", "astreinte", "police_municipale"
CORG = Source("CORG 90", "90", "03 53 01 00 90")
_CONTACTS = SAMPLES / "contacts-90.csv"


def _readers(
    commune: str, *functions: str, says: str, channels: tuple[str, ...] = BOTH
) -> tuple[Reader, ...]:
    return tuple(
        Reader(f"commune:{commune}", function, channels=channels, says=(says,))
        for function in functions
    )


def _push(title: str, number: int, body: dict[str, Any], **expected: Any) -> Push:
    return Push(title, CORG, f"CORG90-2026-{number:06d}", body, **expected)


def _delle(**changes: Any) -> dict[str, Any]:
    accident = {
        "sequence": 1,
        "status": "engaged",
        "category": "C01.01.01",
        "severity": "moderate",
        "location": {
            "insee": "90033",
            "name": "Delle",
            "postal_code": "90100",
            "label": "12 bis rue de Déridé",
        },
    }
    return accident | changes


def _new(category: str, severity: str, location: dict[str, Any], **more: Any) -> dict[str, Any]:
    first = {"sequence": 1, "status": "engaged", "category": category, "severity": severity}
    return first | {"location": location} | more


STEPS = (
    _push(
        "Accident de la route à Delle",
        4217,
        _delle(),
        told=_readers("90033", MAYOR, ON_CALL, POLICE, says="Delle"),
    ),
    _push(
        "Le même envoi une seconde fois : même numéro, personne n’est dérangé",
        4217,
        _delle(),
        answer=200,
        repeats=True,
    ),
    _push(
        "L’accident s’aggrave",
        4217,
        _delle(sequence=2, status="on_scene", severity="severe"),
        told=_readers("90033", MAYOR, ON_CALL, POLICE, says="situation aggravée"),
    ),
    _push(
        "L’intervention est terminée",
        4217,
        _delle(sequence=3, status="closed", severity="severe"),
        told=_readers("90033", MAYOR, ON_CALL, POLICE, says="intervention terminée"),
    ),
    _push(
        "Incendie à Belfort",
        4218,
        _new("C04.02.03", "severe", {"insee": "90010", "label": "faubourg de Montbéliard"}),
        told=_readers("90010", MAYOR, ON_CALL, POLICE, says="incendie"),
    ),
    _push(
        "Cambriolage à Beaucourt, situé par son nom et son code postal seulement",
        4219,
        _new("C03.03.00", "moderate", {"name": "BEAUCOURT", "postal_code": "90500"}),
        told=_readers("90009", MAYOR, ON_CALL, POLICE, says="cambriolage", channels=("email",)),
    ),
    _push(
        "Violences intrafamiliales à Giromagny : secret, personne n’est prévenu",
        4220,
        _new("C02.15.04", "severe", {"insee": "90052"}),
    ),
    _push(
        "Code de Delle, nom de Valdoie : contradiction, une personne doit trancher",
        4221,
        _new("C01.01.01", "moderate", {"insee": "90033", "name": "Valdoie"}),
        told=_readers("90099", MAYOR, ON_CALL, says="Valdoie"),
        state="review",
        decide="90099",
    ),
    _push(
        "Un exercice à Offemont",
        4222,
        _new("C04.01.01", "moderate", {"insee": "90075"}, exercise=True),
        told=_readers("90075", MAYOR, says="EXERCICE"),
    ),
    _push(
        "Montbéliard, dans le Doubs : cette source n’a pas à en parler",
        4223,
        _new("C01.01.01", "moderate", {"insee": "25388"}),
        answer=403,
        state=None,
    ),
)


def scene() -> Scene:
    """Return the night in Belfort."""
    told = dict.fromkeys(step.reference for step in STEPS if step.state is not None)
    return Scene(
        contacts=_CONTACTS,
        sources=(CORG,),
        preparation=(
            Command(("contacts", "import", _CONTACTS), label="Contacts du Territoire de Belfort"),
        ),
        stories={"night": STEPS},
        columns=("Référence", "Commune", "Nature", "Prévenus", "Remis après", "Reçu après"),
        timelines=tuple(told),
    )
