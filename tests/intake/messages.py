"""Foreign messages of the tests: invented, except where the shared samples are read."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

_numbers = itertools.count(1)


def moment(seconds: float = 0) -> str:
    """Now and so many seconds, as CISU writes an instant."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def case_id() -> str:
    """A new case's number."""
    return f"fr.gendarmerie.corg900.case.{next(_numbers):06d}"


def case(number: str, **changes: Any) -> dict[str, Any]:
    """An RC-EDA: a road accident in Delle, with all that must never be kept."""
    usual: dict[str, Any] = {
        "caseId": number,
        "creation": moment(-60),
        "referenceVersion": "1.3",
        "qualification": {
            "whatsHappen": {"code": "C01.01.01", "label": "Accident"},
            "riskThreat": [{"code": "R30", "label": "Blessé"}],
            "healthMotive": {"code": "M03.10", "label": "SECRET-motif"},
            "victims": {"count": "1", "mainVictim": "ENFANT", "freetext": "SECRET-victime"},
        },
        "location": {
            "locID": "1",
            "locLabel": "SECRET-chez Jean Dupont",
            "name": "SECRET-résidence",
            "country": "FR",
            "city": {"name": "Delle", "inseeCode": "90033", "detail": "SECRET-détail"},
            "detailedAddress": {
                "complete": "3 rue de Déridé SECRET",
                "number": "SECRET-3",
                "wayName": {"complete": "rue de Déridé"},
            },
            "access": {"digicode": "SECRET-1234"},
            "freetext": "SECRET-volets verts",
        },
        "initialAlert": {
            "reporting": "STANDARD",
            "caller": {"detailedName": {"complete": "SECRET-Marie Martin"}},
            "notes": [{"freetext": "SECRET-note"}],
        },
        "freetext": ["SECRET-libre"],
    }
    return {"createCase": usual | changes}


def resources(number: str, **states: str) -> dict[str, Any]:
    """An RC-RI: the state of each resource by its name."""
    return {
        "resourcesInfoCisu": {
            "caseId": number,
            "resource": [
                {
                    "datetime": moment(),
                    "resourceId": f"fr.gendarmerie.corg900.resource.{name}",
                    "vehicleType": "SIS",
                    "state": {"datetime": moment(), "status": status},
                    "freetext": ["SECRET-équipage"],
                }
                for name, status in states.items()
            ],
        }
    }


def envelope(
    message: dict[str, Any], kind: str = "Report", *, sent: float = 0, **changes: Any
) -> dict[str, Any]:
    """An EDXL-DE envelope around it, sent so many seconds from now."""
    usual: dict[str, Any] = {
        "distributionID": f"corg900_{next(_numbers)}",
        "senderID": "fr.gendarmerie.corg900",
        "dateTimeSent": moment(sent),
        "dateTimeExpires": moment(3600),
        "distributionStatus": "Actual",
        "distributionKind": kind,
        "descriptor": {"language": "fr-FR"},
        "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
    }
    return usual | changes


def xml(document: dict[str, Any]) -> bytes:
    """The document as XML: lists become repeated elements."""
    return _elements(document).encode()


def _elements(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return "".join(
        f"<{name}>{_elements(item)}</{name}>"
        for name, items in value.items()
        for item in (items if isinstance(items, list) else [items])
    )


def cap(identifier: str, kind: str = "Alert", *, references: str = "", **changes: str) -> bytes:
    """A CAP 1.2 alert: a fire within 500 m of a point in Delle. `info` and more can be replaced."""
    part = {
        "sent": moment(),
        "status": "Actual",
        "info": info("fr-FR"),
        "declaration": "",
    } | changes
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{part["declaration"]}'
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{identifier}</identifier><sender>cod@prefecture.example</sender>"
        f"<sent>{part['sent']}</sent><status>{part['status']}</status><msgType>{kind}</msgType>"
        f"<scope>Public</scope><references>{references}</references>{part['info']}</alert>"
    ).encode()


def info(
    language: str,
    area: str = "<circle>47.508,6.999 0.5</circle>",
    *,
    severity: str = "Severe",
    more: str = "",
) -> str:
    """An `info` of a CAP alert."""
    return (
        f"<info><language>{language}</language><category>Fire</category><event>SECRET</event>"
        f"<urgency>Immediate</urgency><severity>{severity}</severity>"
        f"<certainty>Observed</certainty>{more}<headline>SECRET-titre</headline>"
        f"<area><areaDesc>SECRET-zone</areaDesc>{area}</area></info>"
    )


def written(document: dict[str, Any]) -> bytes:
    """The document as JSON."""
    return json.dumps(document).encode()
