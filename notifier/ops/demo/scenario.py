"""The scenes of the demonstration, and who must be told: fixed before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAYOR, ON_CALL, POLICE = "maire", "astreinte", "police_municipale"
BOTH = ("sms", "email")
# Of the numbers that Arcep keeps for works of fiction; closes every text.
DUTY_PHONE = "03 53 01 00 90"


@dataclass(frozen=True)
class Scene:
    """One push by dispatch and its expected outcome.

    `told`: by commune, the functions told, over `channels` or else over what they have. `state`:
    the report's state afterwards; None when the push is refused. `says`: what each of its texts
    must contain. `decide`: the commune that a person then chooses with `notifier review`.
    """

    title: str
    reference: str
    body: Mapping[str, Any]
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: tuple[str, ...] = BOTH
    answer: int = 202
    state: str | None = "decided"
    decide: str | None = None
    repeats: bool = False
    says: str = ""


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


STORY = (
    Scene(
        "Accident de la route à Delle",
        "CORG90-2026-004217",
        _delle(),
        {"90033": (MAYOR, ON_CALL, POLICE)},
        says="Delle",
    ),
    Scene(
        "Le même envoi une seconde fois : même numéro, personne n’est dérangé",
        "CORG90-2026-004217",
        _delle(),
        answer=200,
        repeats=True,
    ),
    Scene(
        "L’accident s’aggrave",
        "CORG90-2026-004217",
        _delle(sequence=2, status="on_scene", severity="severe"),
        {"90033": (MAYOR, ON_CALL, POLICE)},
        says="situation aggravée",
    ),
    Scene(
        "L’intervention est terminée",
        "CORG90-2026-004217",
        _delle(sequence=3, status="closed", severity="severe"),
        {"90033": (MAYOR, ON_CALL, POLICE)},
        says="intervention terminée",
    ),
    Scene(
        "Incendie à Belfort",
        "CORG90-2026-004218",
        _new("C04.02.03", "severe", {"insee": "90010", "label": "faubourg de Montbéliard"}),
        {"90010": (MAYOR, ON_CALL, POLICE)},
        says="incendie",
    ),
    Scene(
        "Cambriolage à Beaucourt, situé par son nom et son code postal seulement",
        "CORG90-2026-004219",
        _new("C03.03.00", "moderate", {"name": "BEAUCOURT", "postal_code": "90500"}),
        {"90009": (MAYOR, ON_CALL, POLICE)},
        channels=("email",),
        says="cambriolage",
    ),
    Scene(
        "Violences intrafamiliales à Giromagny : secret, personne n’est prévenu",
        "CORG90-2026-004220",
        _new("C02.15.04", "severe", {"insee": "90052"}),
    ),
    Scene(
        "Code de Delle, nom de Valdoie : contradiction, une personne doit trancher",
        "CORG90-2026-004221",
        _new("C01.01.01", "moderate", {"insee": "90033", "name": "Valdoie"}),
        {"90099": (MAYOR, ON_CALL)},
        says="Valdoie",
        state="review",
        decide="90099",
    ),
    Scene(
        "Un exercice à Offemont",
        "CORG90-2026-004222",
        _new("C04.01.01", "moderate", {"insee": "90075"}, exercise=True),
        {"90075": (MAYOR,)},
        says="EXERCICE",
    ),
    Scene(
        "Montbéliard, dans le Doubs : cette source n’a pas à en parler",
        "CORG90-2026-004223",
        _new("C01.01.01", "moderate", {"insee": "25388"}),
        answer=403,
        state=None,
    ),
)
