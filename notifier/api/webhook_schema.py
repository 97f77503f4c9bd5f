"""What sources' own software is told, as OpenAPI describes it: the answers' part of its document.

The event is made in notifier/alerting/webhooks; a test holds this description to it.
"""

from __future__ import annotations

from typing import Any

from notifier.alerting.models import AnswerKind, AnswerMeans
from notifier.alerting.webhooks.events import EventType

Described = dict[str, Any]


def _text(description: str = "", **more: Any) -> Described:
    return {"type": "string", **({"description": description} if description else {}), **more}


def _moment(description: str, *, is_optional: bool = False) -> Described:
    kind: Any = ["string", "null"] if is_optional else "string"
    return {"type": kind, "format": "date-time", "description": description}


def _object(*, is_optional: bool = False, **properties: Described) -> Described:
    return {
        "type": ["object", "null"] if is_optional else "object",
        "required": list(properties),
        "properties": properties,
    }


def _answer(*, is_optional: bool = False) -> Described:
    return _object(
        is_optional=is_optional,
        kind=_text(enum=AnswerKind.values),
        label=_text("Pour une personne."),
        by=_text("La fonction de qui a répondu."),
        means=_text(enum=AnswerMeans.values),
        at=_moment("Quand."),
        handed_to={"type": ["string", "null"], "description": "À quelle fonction c’est transmis."},
    )


def _alert() -> Described:
    optional = {"type": ["string", "null"]}
    return _object(
        is_optional=True,
        commune=_object(code=_text(), name=_text()),
        neighbour_of={**optional, "description": "Prévenue en voisine de cette commune."},
        kind=_text("Dernier texte."),
        open={"type": "boolean"},
        revision={"type": "integer"},
        answers_wanted={"type": "integer", "description": "De combien de personnes."},
        answer_due_at=_moment("Quand la suite est prévenue.", is_optional=True),
        answered_at=_moment("Depuis quand il y en a assez.", is_optional=True),
        taken_at=_moment("Depuis quand quelqu’un s’en occupe.", is_optional=True),
        taken_by={**optional, "description": "Sa fonction."},
        answers={"type": "array", "items": _answer()},
    )


def _event() -> Described:
    optional = {"type": ["string", "null"]}
    data = _object(
        id=_text(format="uuid"),
        reference=_text(),
        sequence={"type": "integer"},
        exercise={"type": "boolean"},
        status_url=_text(format="uri"),
        alert=_alert(),
        answer=_answer(is_optional=True),
        reason={**optional, "description": "Pourquoi, en français."},
    )
    # A trial is of no incident.
    data["required"] = ["alert", "answer", "reason"]
    return _object(
        type=_text(enum=EventType.values), timestamp=_moment("De l’événement."), data=data
    )


def _header(name: str, description: str) -> Described:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


WEBHOOKS: Described = {
    "event": {
        "post": {
            "summary": "Retour au logiciel du centre",
            "description": "Posté à l’adresse donnée pour la source, signé selon Standard "
            "Webhooks, renvoyé jusqu’à une réponse 2xx : docs/retours.md.",
            "parameters": [
                _header("webhook-id", "Numéro de l’événement, le même à chaque essai."),
                _header("webhook-timestamp", "Heure de l’essai, en secondes depuis 1970."),
                _header("webhook-signature", "Une ou deux signatures « v1,… »."),
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _event()}},
            },
            "responses": {"2XX": {"description": "Reçu : il n’est plus renvoyé."}},
        }
    }
}
