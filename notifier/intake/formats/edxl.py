"""Read EDXL-DE: the envelope with its one message, or the message alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from notifier.intake.formats import eda, emsi, ri
from notifier.intake.formats.message import (
    Effect,
    ForeignMessage,
    ReferenceOf,
    adapted_reference,
    identity_of,
)
from notifier.intake.formats.reading import (
    MAX_NAMES,
    Many,
    Part,
    blank_to_none,
    dropped_names,
    instant_in,
    read_part,
    refuse,
    shown,
)
from notifier.intake.formats.tables import Tables
from notifier.intake.schema.report import Instant, RecentInstant

_ROOT = "edxlDistribution"
_BODIES = (eda.NAME, ri.NAME, emsi.NAME)
# What may stand between the envelope and its message, in JSON and in XML.
_WRAPPERS = (
    "content",
    "contentObject",
    "jsonContent",
    "embeddedJsonContent",
    "contentXML",
    "embeddedXMLContent",
    "message",
)
# All of them twice: no message stands deeper, and each name is said with its whole path.
_MAX_DEPTH = 2 * len(_WRAPPERS)


class Envelope(Part):
    """The fields read from the envelope itself; `content` is read separately."""

    distributionID: str  # noqa: N815 # the documents' own names, here and below
    senderID: str  # noqa: N815
    dateTimeSent: RecentInstant  # noqa: N815
    dateTimeExpires: Instant | None = None  # noqa: N815
    distributionStatus: Literal["Actual", "Exercise", "System", "Test"]  # noqa: N815
    distributionKind: Literal["Report", "Update", "Cancel", "Ack", "Error"]  # noqa: N815
    distributionReference: Many[str] = []  # noqa: N815, RUF012 # pydantic copies defaults
    content: Any


@dataclass(frozen=True)
class _Found:
    """A message's body, by its name."""

    name: str
    body: Any


def read_edxl(
    document: Any, tables: Tables, reference_of: ReferenceOf = adapted_reference
) -> ForeignMessage:
    """Read the message of a parsed document (JSON's value, or XML's under its root's name).

    Raises FormatRefusedError, with paths in the document's own names.
    """
    if not isinstance(document, Mapping):
        raise refuse("corps", "un objet est attendu")
    inner = document.get(_ROOT, document)
    dropped: dict[str, None] = {}
    if isinstance(inner, Mapping) and "distributionID" in inner:
        beside = {} if inner is document else {k: v for k, v in document.items() if k != _ROOT}
        message = _read_enveloped(inner, tables, list(_bodies(beside, "", dropped)), reference_of)
        return _with_dropped(message, dropped)
    found = _only(list(_bodies(document, "", dropped)))
    return _with_dropped(_read_bare(found, tables, reference_of), dropped)


def _read_enveloped(
    document: Mapping[str, Any], tables: Tables, beside: list[_Found], reference_of: ReferenceOf
) -> ForeignMessage:
    envelope = read_part(Envelope, document, _ROOT)
    if envelope.distributionStatus == "System":
        raise refuse(f"{_ROOT}.distributionStatus", "message de service : il n’alerte personne")
    if envelope.distributionKind in ("Ack", "Error"):
        raise refuse(f"{_ROOT}.distributionKind", "accusé ou erreur : il n’alerte personne")
    dropped = dict.fromkeys(dropped_names(Envelope, document, _ROOT))
    beside += [_Found(name, document[name]) for name in _BODIES if name in document]
    found = _only([*_bodies(envelope.content, f"{_ROOT}.content", dropped), *beside])
    message = _read_bare(found, tables, reference_of)
    exercise = envelope.distributionStatus != "Actual" or message.exercise is True
    enveloped = replace(
        message,
        identity=identity_of("EDXL", envelope.senderID, envelope.distributionID),
        exercise=exercise,
        sent_at=envelope.dateTimeSent,
        after=_after(envelope, dropped),
        expires_at=envelope.dateTimeExpires,
        is_update=envelope.distributionKind == "Update",
        effect=_effect(envelope, message),
        paths={**message.paths, "expires_at": f"{_ROOT}.dateTimeExpires"},
    )
    return _with_dropped(enveloped, dropped)


def _after(envelope: Envelope, dropped: dict[str, None]) -> datetime | None:
    """Return when the last referenced envelope ("distributionID,senderID,dateTimeSent") left."""
    moments = [instant_in(name.rpartition(",")[2]) for name in envelope.distributionReference]
    if None in moments:
        dropped[f"{_ROOT}.distributionReference"] = None
    return max((moment for moment in moments if moment), default=None)


def _effect(envelope: Envelope, message: ForeignMessage) -> Effect:
    if envelope.distributionKind != "Cancel":
        return message.effect
    if message.effect is Effect.RESOURCES:
        raise refuse(
            f"{_ROOT}.distributionKind",
            "annuler un RC-RI n’annule pas l’intervention : envoyez l’état des moyens, ou l’RC-EDA",
        )
    return Effect.CANCELS


def _bodies(node: Any, path: str, dropped: dict[str, None]) -> Iterator[_Found]:
    """Return every message in the wrappers; record the names of everything else as dropped.

    Raises FormatRefusedError.
    """
    if path.count(".") > _MAX_DEPTH:
        raise refuse("content", f"plus de {_MAX_DEPTH} éléments emboîtés autour du message")
    for item in node if isinstance(node, list) else [node]:
        if not isinstance(item, Mapping):
            if blank_to_none(item) is not None:
                dropped[path] = None
            continue
        for name, value in item.items():
            if name in _BODIES:
                yield _Found(name, value)
            elif name in _WRAPPERS:
                yield from _bodies(value, f"{path}.{name}".lstrip("."), dropped)
            elif len(dropped) < MAX_NAMES and blank_to_none(value) is not None:
                dropped[f"{path}.{shown(name)}".lstrip(".")] = None


def _only(found: list[_Found]) -> _Found:
    expected = ", ".join(_BODIES)
    if not found:
        raise refuse("content", f"aucun message reconnu ; attendu : {expected}")
    if len(found) > 1:
        raise refuse("content", "plusieurs messages : envoyez-en un par enveloppe")
    return found[0]


def _read_bare(found: _Found, tables: Tables, reference_of: ReferenceOf) -> ForeignMessage:
    """Return a message as if it stood alone, so that a repetition is recognised word for word."""
    if found.name == ri.NAME:
        read = ri.read_resources(found.body, reference_of)
        message = ForeignMessage(
            format="RC-RI",
            identity="",
            incident_references=(read.reference,),
            name=read.reference,
            effect=Effect.RESOURCES,
            exercise=None,
            sent_at=None,
            content=None,
            resources=read.phases,
            moments=read.moments,
            dropped=tuple(read.dropped),
            paths=ri.PATHS,
        )
    elif found.name == eda.NAME:
        reference, content, dropped = eda.read_case(found.body, tables, reference_of)
        message = ForeignMessage(
            format="RC-EDA",
            identity="",
            incident_references=(reference,),
            name=reference,
            effect=Effect.OPENS,
            exercise=False,
            sent_at=None,
            content=content,
            dropped=tuple(dropped),
            paths=eda.PATHS,
        )
    else:
        message = _read_emsi(found.body, tables, reference_of)
    return replace(message, identity=message.identity or identity_of("bare", message.digest))


def _read_emsi(body: Any, tables: Tables, reference_of: ReferenceOf) -> ForeignMessage:
    said = emsi.read_emsi(body, tables, reference_of)
    return ForeignMessage(
        format="EMSI",
        identity=identity_of("EMSI", said.reference, said.own_id),
        incident_references=(said.reference,),
        name=said.reference,
        effect=said.effect,
        exercise=said.exercise,
        sent_at=None,
        content=said.content,
        is_update=said.is_update,
        coarse_category=True,
        dropped=tuple(said.dropped),
        paths=emsi.PATHS,
    )


def _with_dropped(message: ForeignMessage, around: Mapping[str, None]) -> ForeignMessage:
    return replace(message, dropped=(*around, *message.dropped))
