"""Read CAP 1.2 (OASIS): an alert, its updates and its cancellation, in XML.

Several `info` of one language are one alert with several areas if they say the same about them;
else the message is refused, for an update or an end names an alert and not its `info`: what was
told about each could neither be updated nor ended.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

from notifier.intake.formats import cap_area
from notifier.intake.formats.cap_area import Area, Pair, place_of
from notifier.intake.formats.message import (
    Effect,
    ForeignMessage,
    ReferenceOf,
    adapted_reference,
    identity_of,
)
from notifier.intake.formats.reading import (
    Many,
    Part,
    dropped_names,
    instant_in,
    read_part,
    refuse,
)
from notifier.intake.formats.tables import Tables
from notifier.intake.formats.xml import read_xml
from notifier.intake.schema.report import Instant, RecentInstant

_ROOT = "alert"
# 1.1 says all that we read in the same words.
_NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
_OUR_CODES = {"cisu", "alerte-maires"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class _Info(Part):
    language: str = "en-US"
    category: Many[str]
    responseType: Many[str] = []  # noqa: N815, RUF012 # the documents' own names; pydantic copies
    urgency: str = "Unknown"
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
    eventCode: Many[Pair] = []  # noqa: N815, RUF012
    effective: Instant | None = None
    onset: Instant | None = None
    expires: Instant | None = None
    area: Many[Area] = []  # noqa: RUF012

    @property
    def is_over(self) -> bool:
        """Return whether nobody need act any more."""
        return "AllClear" in self.responseType or self.urgency == "Past"

    @property
    def our_codes(self) -> list[str]:
        """Return the categories in our own code, if given; usually one."""
        ours = [p.value for p in self.eventCode if p.valueName.lower() in _OUR_CODES and p.value]
        return list(dict.fromkeys(ours))


class Alert(Part):
    """The fields read from `alert`; headline, description, instructions, contacts are dropped."""

    identifier: str
    sender: str
    sent: RecentInstant
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"]
    msgType: Literal["Alert", "Update", "Cancel", "Ack", "Error"]  # noqa: N815
    references: str = ""
    info: Many[_Info] = []  # noqa: RUF012


PATHS = cap_area.PATHS | {
    "reference": "alert.identifier",
    "category": "alert.info.category",
    "occurred_at": "alert.info.onset",
    "expires_at": "alert.info.expires",
}


def read_cap(
    body: bytes, tables: Tables, reference_of: ReferenceOf = adapted_reference
) -> ForeignMessage:
    """Read a CAP document. Raises XmlRefusedError, FormatRefusedError."""
    root, namespace, document = read_xml(body)
    if root != _ROOT or namespace not in _NAMESPACES:
        raise refuse("corps", f"un élément « alert » est attendu, de l’espace {_NAMESPACES[0]}")
    alert = read_part(Alert, document, _ROOT)
    if alert.status in ("System", "Draft"):
        raise refuse("alert.status", "message de service ou brouillon : il n’alerte personne")
    if alert.msgType in ("Ack", "Error"):
        raise refuse("alert.msgType", "accusé ou erreur : il n’alerte personne")
    dropped = dropped_names(Alert, document, _ROOT)
    earlier = _referenced(alert, reference_of)
    own = reference_of(alert.identifier)
    # A cancellation ends what was told, wherever and however grave it calls it now.
    info = None if alert.msgType == "Cancel" else _one_alert(_in_one_language(alert, dropped))
    return ForeignMessage(
        format="CAP",
        identity=identity_of("CAP", alert.sender, alert.identifier, alert.sent),
        incident_references=(*(reference for _, reference in earlier), own),
        name=own,
        references=tuple(reference for _, reference in earlier),
        after=max((sent for sent, _ in earlier), default=None),
        sender=identity_of(alert.sender),
        effect=_effect(info),
        exercise=alert.status != "Actual",
        sent_at=alert.sent,
        content=_content(alert, info, tables, dropped) if info else None,
        expires_at=info.expires if info else None,
        is_update=alert.msgType == "Update",
        dropped=tuple(dropped),
        paths=PATHS,
    )


def _effect(info: _Info | None) -> Effect:
    if info is None:
        return Effect.CANCELS
    return Effect.CLOSES if info.is_over else Effect.OPENS


def _referenced(alert: Alert, reference_of: ReferenceOf) -> list[tuple[datetime, str]]:
    """Return when the referenced messages were sent, and our references for them, oldest first.

    A reference is "sender,identifier,sent". Raises FormatRefusedError.
    """
    found = []
    for triple in alert.references.split():
        parts = triple.split(",")
        if len(parts) != 3:
            raise refuse("alert.references", "attendu : expéditeur,identifiant,date d’envoi")
        sent = instant_in(parts[2])
        if sent is None:
            raise refuse(
                "alert.references",
                "date d’envoi impossible ; attendu par exemple 2026-11-22T03:16:07+01:00",
            )
        found.append((sent, reference_of(parts[1])))
    if alert.msgType == "Cancel" and not found:
        raise refuse("alert.references", "champ obligatoire : dites quelles alertes sont annulées")
    return sorted(found)


def _in_one_language(alert: Alert, dropped: list[str]) -> list[_Info]:
    """Return the French ones, else those of the first language; others count as translations.

    Raises FormatRefusedError where there is none.
    """
    if not alert.info:
        raise refuse("alert.info", "champ obligatoire")
    languages = [info.language.lower().partition("-")[0] for info in alert.info]
    chosen = next((tongue for tongue in languages if tongue.startswith("fr")), languages[0])
    for info, language in zip(alert.info, languages, strict=True):
        if language != chosen:
            known = info.language if _LANGUAGE.fullmatch(info.language) else "?"
            dropped.append(f"alert.info ({known})")
    return [i for i, language in zip(alert.info, languages, strict=True) if language == chosen]


def _one_alert(infos: list[_Info]) -> _Info:
    """Merge them into one, with all their areas. Raises FormatRefusedError."""
    first = infos[0]
    if not all(info.is_over for info in infos):
        unlike = [
            name
            for name, said in _comparable(first).items()
            if any(_comparable(info)[name] != said for info in infos)
        ]
        if unlike:
            raise refuse(
                "alert.info",
                f"plusieurs alertes en une ({', '.join(unlike)}) : envoyez-les une par une, "
                "chacune sous son identifiant, pour que chacune puisse être suivie et close",
            )
    return first.model_copy(update={"area": [area for info in infos for area in info.area]})


def _comparable(info: _Info) -> dict[str, Any]:
    """Return the content of an `info` without its areas, by its own names."""
    return {
        "category": info.our_codes or info.category,
        "severity": info.severity,
        "onset": info.onset or info.effective,
        "expires": info.expires,
        "responseType": "AllClear" in info.responseType,
        "urgency": info.urgency == "Past",
    }


def _content(alert: Alert, info: _Info, tables: Tables, dropped: list[str]) -> dict[str, Any]:
    happened = info.onset or info.effective or alert.sent
    severity = tables.severity.default if info.severity == "Unknown" else info.severity.lower()
    read_whole = {
        "category": len(info.category) == 1,
        "eventCode": all(pair.valueName.lower() in _OUR_CODES for pair in info.eventCode)
        and len(info.our_codes) < 2,
        "responseType": set(info.responseType) <= {"AllClear"},
    }
    dropped += [f"alert.info.{name}" for name, is_whole in read_whole.items() if not is_whole]
    return {
        "category": _category(info, tables),
        "severity": str(severity),
        # What is only announced has not happened yet: the announcement has.
        "occurred_at": min(happened, alert.sent).isoformat(),
        "location": place_of(info.area, dropped),
        "expires_at": info.expires.isoformat() if info.expires else None,
    }


def _category(info: _Info, tables: Tables) -> str:
    found = next(iter(info.our_codes), None) or tables.categories.of_cap(info.category)
    if found is None:
        raise refuse(PATHS["category"], "catégorie sans équivalent dans foreign_categories.toml")
    return found
