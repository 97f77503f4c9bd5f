"""Every part of every format, replaced by what does not belong there: refused or read, no crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from notifier.intake.models import Source
from tests.api.caller import Caller
from tests.api.foreign import CAP, EDXL
from tests.api.test_formats_emsi import IN_DELLE, emsi
from tests.intake import messages as m

STRANGE: tuple[Any, ...] = ("x", -1.5, [None], {"x": None}, True)


def paths(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of the document."""
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    for step, part in steps:
        yield (*way, step)
        if isinstance(part, dict | list):
            yield from paths(part, (*way, step))


def replaced(document: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    return changed


def with_a_point(case: dict[str, Any]) -> dict[str, Any]:
    coord = {"lat": 47.508, "lon": 6.999, "precision": "RUE"}
    case["createCase"]["location"]["geometry"] = {"point": {"coord": coord}}
    return case


DOCUMENTS = {
    "RC-EDA": lambda: m.envelope(with_a_point(m.case(m.case_id()))),
    "RC-RI": lambda: m.envelope(m.resources(m.case_id(), A="DEPART")),
    "EMSI": lambda: m.envelope(emsi(m.case_id(), "ALERT", EGEO=IN_DELLE, CASUALTIES=[{}])),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_part_of_another_kind_is_no_crash(corg: Caller, kind: str) -> None:
    Source.objects.update(rate_per_minute=100_000)
    document = DOCUMENTS[kind]()
    answers = []
    for number, way in enumerate(paths(document)):
        for value in (None, STRANGE[number % len(STRANGE)]):
            answer = corg.push(replaced(document, way, value), f"{EDXL}?dry_run=true")
            answers.append((answer.status_code, way, value))
    assert [each for each in answers if each[0] not in (200, 403, 422)] == []
    read = {way for status, way, value in answers if status == 200 and value is None}
    refused = {way for status, way, value in answers if status == 422 and value is None}
    # A null is what is missing: refused only where the format cannot do without.
    left = {way for way in refused if way[-1] not in REQUIRED[kind] or "riskThreat" in way}
    assert left == set()
    assert read


ENVELOPE = {
    "distributionID", "senderID", "dateTimeSent", "distributionStatus", "distributionKind",
    "content", "jsonContent", "embeddedJsonContent", "message", 0,
}  # fmt: skip
REQUIRED = {
    "RC-EDA": ENVELOPE
    | {"createCase", "caseId", "creation", "qualification", "whatsHappen", "code"},
    "RC-RI": ENVELOPE
    | {"resourcesInfoCisu", "caseId", "resource", "resourceId", "state", "status"},
    "EMSI": ENVELOPE
    | {"emsi", "CONTEXT", "EVENT", "ID", "MODE", "MSGTYPE", "ETYPE", "CATEGORY", "OCC_DATIME"},
}


ELEMENTS = (
    "identifier", "sender", "sent", "status", "msgType", "references", "language", "category",
    "urgency", "severity", "circle", "area", "info", "scope",
)  # fmt: skip


def test_an_element_of_cap_of_another_kind_is_no_crash(corg: Caller) -> None:
    whole = m.cap("MU1").decode()
    found = {}
    for name in ELEMENTS:
        begin, end = whole.index(f"<{name}>"), whole.index(f"</{name}>") + len(name) + 3
        for value in ("", " ", "x", "<x/>", "<x>1</x>", "0", "-1,-1 -1", "9" * 400):
            body = f"{whole[:begin]}<{name}>{value}</{name}>{whole[end:]}".encode()
            answer = corg.push(body, f"{CAP}?dry_run=true", content_type="application/xml")
            found[name, value] = answer.status_code
        gone = (whole[:begin] + whole[end:]).encode()
        answer = corg.push(gone, f"{CAP}?dry_run=true", content_type="application/xml")
        # What is empty is what is missing.
        assert answer.status_code == found[name, ""], name
    assert {key: status for key, status in found.items() if status not in (200, 422)} == {}


@pytest.mark.parametrize("levels", [20, 400, 900])
def test_levels_of_lists_are_no_crash(corg: Caller, levels: int) -> None:
    deep: Any = "x"
    for _ in range(levels):
        deep = [deep]
    case = m.case(m.case_id())
    case["createCase"]["location"] = deep
    assert corg.push(json.dumps(case).encode(), EDXL).status_code in (400, 422)
    assert corg.push(json.dumps(deep).encode(), EDXL).status_code in (400, 422)
    listed = json.dumps({"content": deep}).encode()
    assert corg.push(listed, EDXL).status_code in (400, 422)
