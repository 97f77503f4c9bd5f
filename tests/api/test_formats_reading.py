"""What other software writes otherwise than we would: nulls, empty elements, spaces, encodings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notifier.intake.formats.detect import Endpoint, detect_endpoint
from notifier.intake.models import Report
from tests.api.caller import INTERVENTIONS, Caller, fields, refusal
from tests.api.foreign import CAP, EDXL, answered, push, push_cap, stored
from tests.api.test_formats_emsi import IN_DELLE, emsi
from tests.intake import messages as m
from tests.intake.samples import body

BOM = b"\xef\xbb\xbf"

pytestmark = [
    pytest.mark.usefixtures("mayor"),
    pytest.mark.one_database(reason="how a message is read is the subject"),
]


def set_at(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The document with another value there."""
    *way, last = path.split(".")
    place = document
    for name in way:
        place = place[name]
    place[last] = value
    return document


NOTHING = (
    "createCase.qualification.riskThreat",
    "createCase.qualification.victims",
    "createCase.initialAlert",
    "createCase.newAlert",
    "createCase.location.detailedAddress",
    "createCase.location.geometry",
)


@pytest.mark.parametrize("path", NOTHING)
@pytest.mark.parametrize("nothing", [None, "", "  ", [None]], ids=["null", "empty", "blank", "[]"])
def test_what_says_nothing_is_absent(corg: Caller, path: str, nothing: Any) -> None:
    if nothing == [None] and not path.endswith(("riskThreat", "newAlert")):
        nothing = None
    case = set_at(m.case(m.case_id()), path, nothing)
    assert stored(push(corg, m.envelope(case))).communes == ["90033"]


@pytest.mark.parametrize("name", ["SCALE", "STATUS", "CASUALTIES", "DECL_DATIME", "MAIN_EVENT_ID"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_what_says_nothing_in_an_event_is_absent(
    corg: Caller, name: str, nothing: str | None
) -> None:
    event = emsi(m.case_id(), "ALERT", EGEO=IN_DELLE, **{name: nothing})
    assert stored(push(corg, m.envelope(event))).communes == ["90033"]


HALVES: list[dict[str, Any]] = [
    {"lat": 47.508, "lon": None, "precision": "RUE"},
    {"lat": None, "lon": None, "precision": "RUE"},
    {"lat": 47.508, "lon": 6.999, "precision": None},
]


@pytest.mark.parametrize("coord", HALVES)
def test_a_point_that_is_not_whole_takes_no_commune_away(
    corg: Caller, coord: dict[str, Any]
) -> None:
    case = m.case(m.case_id())
    case["createCase"]["location"]["geometry"] = {"point": {"coord": coord}}
    answer = push(corg, m.envelope(case))
    assert stored(answer).communes == ["90033"]
    is_half = coord["lon"] is None and coord["lat"] is not None
    assert ("createCase.location.geometry.point.coord" in answer["dropped"]) is is_half


def test_what_is_required_is_missed_when_it_is_null(corg: Caller) -> None:
    case = set_at(m.case(m.case_id()), "createCase.creation", None)
    found = fields(corg.push(m.envelope(case), EDXL))
    assert found == {"createCase.creation": "champ obligatoire"}


def test_an_empty_element_of_xml_is_absent(corg: Caller) -> None:
    case = m.case(m.case_id())
    case["createCase"]["location"]["geometry"] = ""
    case["createCase"]["qualification"]["riskThreat"] = ""
    answer = corg.push(m.xml(case), EDXL, content_type="application/xml")
    assert stored(answered(answer, 202)).communes == ["90033"]


CODE = "<geocode><valueName>INSEE</valueName><value>90033</value></geocode>"


NAMELESS = "<geocode><valueName>INSEE</valueName><value/></geocode>"


@pytest.mark.parametrize(
    "empty", ["<polygon/>", "<circle/>", "<polygon> </polygon>", "<geocode/>", NAMELESS]
)
def test_an_empty_area_is_no_area(corg: Caller, empty: str) -> None:
    report = stored(push_cap(corg, m.cap("EM1", info=m.info("fr", empty + CODE))))
    assert report.location == {"insee": "90033", "radius_m": 0}
    assert report.communes == ["90033"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+01", "+01:00"),
        ("-01", "-01:00"),
        (" +01:00", "+01:00"),
        (" +01", "+01:00"),
        (" Z", "+00:00"),
        ("+0100", "+01:00"),
        ("-00:00", "+00:00"),
    ],
)
def test_offsets_as_others_write_them(corg: Caller, written: str, read: str) -> None:
    at = m.moment(-3600 * 3)[:19]
    answer = answered(corg.push(body(occurred_at=f"{at}{written}"), INTERVENTIONS), 202)
    kept = Report.objects.get(pk=answer["id"]).occurred_at
    case = m.case(m.case_id(), creation=f"{at}{read}")
    assert stored(push(corg, m.envelope(case))).occurred_at == kept


def test_a_short_offset_among_the_references(corg: Caller) -> None:
    sent = m.moment(-30)
    first = stored(push_cap(corg, m.cap("OF1", sent=sent)))
    short = sent.removesuffix(":00")
    cancel = m.cap("OF2", "Cancel", references=f"cod@x,OF1,{short}", info="")
    assert stored(push_cap(corg, cancel)).reference == first.reference


@pytest.mark.parametrize("nowhere", ["", "+1", "UTC", "Europe/Paris"])
def test_an_hour_without_an_offset_is_refused(corg: Caller, nowhere: str) -> None:
    at = f"{m.moment(-60)[:19]}{nowhere}"
    assert list(fields(corg.push(body(occurred_at=at)))) == ["occurred_at"]


@pytest.mark.parametrize(
    ("name", "value"), [("category", "C01.01.01 "), ("reference", " CORG90-sp-1\t")]
)
def test_spaces_around_other_codes_neither(corg: Caller, name: str, value: str) -> None:
    kept = stored(answered(corg.push(body(**{name: value})), 202))
    assert getattr(kept, name) == value.strip()


@pytest.mark.parametrize("code", ["90033 ", " 90033", "90033\u00a0", "90033\n"])
def test_spaces_around_a_code_are_no_part_of_it(corg: Caller, code: str) -> None:
    native = answered(corg.push(body(location={"insee": code}), INTERVENTIONS), 202)
    case = m.case(m.case_id(), location={"city": {"inseeCode": code}})
    several = answered(corg.push(body(location={"communes": [code, "90056"]})), 202)
    assert stored(native).communes == ["90033"]
    assert stored(push(corg, m.envelope(case))).communes == ["90033"]
    assert stored(several).communes == ["90033", "90056"]


def test_a_number_in_the_place_of_a_text(corg: Caller) -> None:
    case = m.case(m.case_id(), location={"city": {"inseeCode": 90033}})
    assert stored(push(corg, m.envelope(case))).communes == ["90033"]
    event = emsi(m.case_id(), "ALERT", EGEO=IN_DELLE, SCALE=5)
    assert stored(push(corg, m.envelope(event))).severity == "extreme"


def test_a_byte_order_mark_before_json(corg: Caller) -> None:
    native = BOM + json.dumps(body()).encode()
    enveloped = BOM + json.dumps(m.envelope(m.case(m.case_id()))).encode()
    assert detect_endpoint(native) is Endpoint.NATIVE
    assert detect_endpoint(enveloped) is Endpoint.EDXL
    assert stored(answered(corg.push(native), 202)).communes == ["90033"]
    assert stored(answered(corg.push(enveloped, EDXL), 202)).communes == ["90033"]


def test_json_of_another_encoding_is_refused_by_what_to_send(corg: Caller) -> None:
    answer = corg.push(json.dumps(body()).encode("utf-16"))
    assert answer.status_code == 400
    assert "envoyez de l’UTF-8" in refusal(answer)["error"]


# As Windows, .NET and Java write it: marks, none, a declaration that is not true.
WAYS = {
    "utf-8 with a mark": lambda text: BOM + text.encode(),
    "utf-16 with a mark": lambda text: text.encode("utf-16"),
    "big endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "without a mark": lambda text: text.encode("utf-16-le"),
    "declared": lambda text: text.replace("UTF-8", "utf-16").encode("utf-16"),
    "declared but not so": lambda text: text.replace("UTF-8", "utf-16").encode(),
    "latin": lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "windows": lambda text: text.replace("UTF-8", "windows-1252").encode("cp1252"),
    "space before it": lambda text: b"\r\n " + text.encode(),
}
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'


@pytest.mark.parametrize("way", WAYS)
def test_xml_of_other_encodings_is_read(corg: Caller, way: str) -> None:
    cap = WAYS[way](m.cap(f"EN-{len(way)}", info=m.info("fr-FR", CODE)).decode())
    case = WAYS[way](DECLARED + m.xml(m.case(m.case_id())).decode())
    assert (detect_endpoint(cap), detect_endpoint(case)) == (Endpoint.CAP, Endpoint.EDXL)
    kind = {"content_type": "application/xml"}
    assert stored(answered(corg.push(cap, CAP, **kind), 202)).communes == ["90033"]
    street = stored(answered(corg.push(case, EDXL, **kind), 202)).location["label"]
    assert street == "rue de Déridé"


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE x SYSTEM "file:///etc/hostname">',
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("declaration", LAUGHS)
def test_xml_of_other_encodings_is_led_nowhere_either(
    corg: Caller, way: str, declaration: str
) -> None:
    laughing = WAYS[way](m.cap("LA1", declaration=declaration).decode())
    for path in (CAP, EDXL):
        answer = corg.push(laughing, path, content_type="application/xml")
        assert answer.status_code == 400
        assert "DOCTYPE" in refusal(answer)["error"]
