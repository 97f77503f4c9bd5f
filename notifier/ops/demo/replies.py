"""A fire that the mayor sleeps through: who takes it, and whose commune it is not."""

from __future__ import annotations

from typing import Any

from notifier.ops.demo.scenario import (
    SAMPLES,
    Command,
    Push,
    Reader,
    Reply,
    Scene,
    Silence,
    Source,
    Step,
)

_CORG = Source("CORG du Territoire de Belfort", "90", "03 53 01 00 90")
_CONTACTS = SAMPLES / "reponse" / "contacts.csv"
_ANGEOT, _ANJOUTEY, _ARGIESANS = "commune:90002", "commune:90003", "commune:90004"
_SMS = ("sms",)


def scene() -> Scene:
    """Return the scene."""
    return Scene(
        contacts=_CONTACTS,
        sources=(_CORG,),
        preparation=(
            Command(("contacts", "import", _CONTACTS), label="Contacts de trois communes"),
        ),
        stories={"silent mayor": _silent_mayor(), "not mine": _not_mine()},
        columns=("Référence", "Commune", "Nature", "Prévenus", "Reçu après"),
        timelines=("CORG90-2026-000011", "CORG90-2026-000012"),
    )


def _silent_mayor() -> tuple[Step, ...]:
    """Return a fire at Angeot: a silent mayor, a deputy who goes, and the end."""
    reference = "CORG90-2026-000011"
    mayor, deputy = Reader(_ANGEOT, "maire"), Reader(_ANGEOT, "adjoint")
    return (
        Push(
            "Incendie à Angeot : le texte demande une réponse",
            _CORG,
            reference,
            _fire("90002"),
            (Reader(_ANGEOT, "maire", says=("incendie",)),),
        ),
        Silence(
            "Le maire ne répond pas : son téléphone sonne, puis l’adjoint est prévenu",
            reference,
            mayor,
            (Reader(_ANGEOT, "adjoint", says=("maire n’a pas répondu",)),),
        ),
        Reply(
            "Il s’en occupe, et le maire l’apprend",
            reference,
            deputy,
            "taken",
            (Reader(_ANGEOT, "maire", channels=_SMS, says=("1er adjoint s’en occupe",)),),
        ),
        Push(
            "Le feu est éteint : ceux qui ont été prévenus le lisent",
            _CORG,
            reference,
            _fire("90002", sequence=2, status="closed", closure="fire_out"),
            (
                Reader(_ANGEOT, "maire", says=("terminée", "feu éteint")),
                Reader(_ANGEOT, "adjoint", says=("terminée", "feu éteint")),
            ),
        ),
    )


def _not_mine() -> tuple[Step, ...]:
    """Return a fire that was reported of the wrong commune."""
    reference = "CORG90-2026-000012"
    return (
        Push(
            "Incendie signalé à Anjoutey, par erreur",
            _CORG,
            reference,
            _fire("90003"),
            (Reader(_ANJOUTEY, "maire", says=("Anjoutey",)),),
        ),
        Reply(
            "Le maire d’Anjoutey : pas ma commune ; une personne doit trancher",
            reference,
            Reader(_ANJOUTEY, "maire"),
            "not_mine",
            state="review",
        ),
        Command(
            (
                *("review", reference, "--commune", "90004"),
                *("--why", "le maire d’Anjoutey dit que ce n’est pas sa commune"),
            ),
            title="C’est à Argiésans : Anjoutey apprend que non, Argiésans que oui",
            told=(
                Reader(_ANJOUTEY, "maire", says=("Anjoutey",)),
                Reader(_ARGIESANS, "maire", says=("Argiésans", "incendie")),
            ),
        ),
    )


def _fire(commune: str, **changes: Any) -> dict[str, Any]:
    first = {"sequence": 1, "status": "engaged", "category": "C04.02.01", "severity": "severe"}
    return first | {"location": {"insee": commune}} | changes
