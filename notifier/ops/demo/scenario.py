"""The scenes of the demonstration, and who must be told: fixed before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

MAYOR, ON_CALL, POLICE = "maire", "astreinte", "police_municipale"
BOTH = ("sms", "email")
CONTACTS_90 = Path("samples/contacts-90.csv")
Command: TypeAlias = tuple[str | Path, ...]
"""Arguments of `notifier`; a path is one in the packaged config folder."""
# Of the numbers that Arcep keeps for works of fiction; closes every text.
DUTY_PHONE = "03 53 01 00 90"


@dataclass(frozen=True)
class Scene:
    """One push by dispatch and its expected outcome.

    `told`: by commune, or by organisation (epci:246300701), the functions told, as the sample
    contacts write them, over `channels` or else over what they have. `state`: the report's state
    afterwards; None when the push is refused. `says`: what each of its texts must contain.
    `decide`: the commune that a person then chooses with `notifier review`. `command`: what an
    operator runs first. Without a body nothing is pushed: a person relays what waits, with
    `notifier release`.
    """

    title: str
    reference: str
    body: Mapping[str, Any] | None
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: tuple[str, ...] = BOTH
    answer: int = 202
    state: str | None = "decided"
    decide: str | None = None
    repeats: bool = False
    says: str = ""
    command: Command = ()


@dataclass(frozen=True)
class Story:
    """Scenes in their order, and what they need: a source, people, and what an operator sets up."""

    source: str
    departements: tuple[str, ...]
    contacts: tuple[Path, ...]
    """In the packaged config folder."""
    scenes: tuple[Scene, ...]
    setup: tuple[Command, ...] = ()


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


SCENES = (
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

STORY = Story("CORG 90", ("90",), (CONTACTS_90,), SCENES)
