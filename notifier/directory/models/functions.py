"""In which function somebody is told, in the field's French."""

from __future__ import annotations

from django.db import models


class Function(models.TextChoices):
    """In which function someone is told, in the default order of escalation.

    CGCT art. L2122-17: an absent mayor is replaced by the deputies in the order of their
    nomination (L5211-2 has it apply to an EPCI's vice-presidents); those who answer for an
    organisation without replacing its head come after.
    """

    MAYOR = "maire", "maire"
    PRESIDENT = "president", "président"
    DIRECTOR = "directeur", "directeur"
    HEAD_OF_SCHOOL = "chef_etablissement", "chef d’établissement"
    DEPUTY = "adjoint", "adjoint au maire"
    VICE_PRESIDENT = "vice_president", "vice-président"
    ON_CALL = "astreinte", "élu d’astreinte"
    ON_CALL_OFFICER = "responsable_astreinte", "responsable d’astreinte"
    MUNICIPAL_POLICE = "police_municipale", "police municipale"
    SECURITY_OFFICER = "referent_surete", "référent sûreté"
    FORCE_OFFICER = "referent_forces", "gendarme ou policier référent"
    CARETAKER = "gardien", "gardien"
    CHIEF_EXECUTIVE = "dgs", "directeur général des services"
    RESIDENT = "habitant_relais", "habitant relais"
    OTHER = "autre", "autre contact"


# Those of a commune, as the categories and the file of contacts name them.
OF_COMMUNE = (
    Function.MAYOR,
    Function.DEPUTY,
    Function.ON_CALL,
    Function.MUNICIPAL_POLICE,
    Function.CHIEF_EXECUTIVE,
    Function.OTHER,
)

ESCALATION_ORDER = {function.value: position for position, function in enumerate(Function)}

# Functions of which an organisation has several, told apart by their rank.
_NUMBERED = {Function.DEPUTY: "adjoint", Function.VICE_PRESIDENT: "vice-président"}


def function_title(function: str, rank: int) -> str:
    """Return a function and rank in French, such as "maire", "1er adjoint", "2e adjoint"."""
    if numbered := _NUMBERED.get(Function(function)):
        return f"{rank}{'er' if rank == 1 else 'e'} {numbered}"
    return Function(function).label
