"""Every shared sample, read by the adapters: what is kept, and what is named as dropped."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from notifier.alerting.policy.current import categories
from notifier.intake.formats.cap import read_cap
from notifier.intake.formats.edxl import read_edxl
from notifier.intake.formats.message import Effect, ForeignMessage, Phase, adapted_reference
from notifier.intake.formats.reading import FormatRefusedError
from notifier.intake.formats.tables import tables
from notifier.intake.formats.xml import read_xml

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the shared samples (../shared/samples) are not there"
)
MESSAGES = SAMPLES / "cisu" / "messages"
# What people are called, say and suffer in them, and how they are reached.
PERSONAL = (
    "Marie Dubois", "Dubois", "+33671830523", "Agnès", "Duberti", "33671832618", "Delphine",
    "Vigneau", "volets", "maux de tête", "M03", "Mère", "0671830587", "AZERTY", "ANELI", "Soleil",
    "0762865426", "assisance", "IKEA",
)  # fmt: skip


def document(name: str) -> Any:
    path = MESSAGES / name
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    root, _, content = read_xml(path.read_bytes())
    return {root: content}


def message(name: str) -> ForeignMessage:
    return read_edxl(document(name), tables())


ALL = (
    "EMSI-RDC-message",
    "RC-EDA-FuiteDeGaz-AliceGregoireNormand.01",
    "RC-EDA-FemmeEnceinte-DelphineVigneau.01",
    "RC-RI_FuiteDeGaz_AliceGregoireNORMAND.02",
    "RC-RI_FuiteDeGaz_AliceGregoireNORMAND.05",
)


def test_no_sample_is_left_out() -> None:
    assert {path.stem for path in MESSAGES.iterdir()} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_json_and_xml_say_the_same(name: str) -> None:
    in_json, in_xml = message(f"{name}.json"), message(f"{name}.xml")
    assert in_json.content == in_xml.content
    assert in_json.resources == in_xml.resources
    assert in_json.digest == in_xml.digest
    assert set(in_json.dropped) == set(in_xml.dropped)


@pytest.mark.parametrize("name", ALL)
def test_nothing_of_a_person_is_kept(name: str) -> None:
    kept = repr(message(f"{name}.json"))
    assert [word for word in PERSONAL if word in kept] == []


def test_a_gas_leak() -> None:
    leak = message("RC-EDA-FuiteDeGaz-AliceGregoireNormand.01.json")
    assert leak.incident_references == ("fr/health/samu440/DRFR154402413800236",)
    assert leak.content == {
        "category": "C09.03.00",
        "severity": "severe",
        "occurred_at": "2024-05-18T18:15:00+02:00",
        "location": {
            "insee": "44018",
            "name": "Bouaye",
            "label": "Rue des Marins",
            "latitude": 47.147005,
            "longitude": -1.690548,
            "precision": "exact",
        },
    }
    assert {
        "createCase.qualification.healthMotive",
        "createCase.qualification.victims.mainVictim",
        "createCase.location.freetext",
        "createCase.initialAlert.caller",
        "createCase.initialAlert.notes",
    } <= set(leak.dropped)


def test_resources_drive_a_state_and_nothing_else() -> None:
    sent = message("RC-RI_FuiteDeGaz_AliceGregoireNORMAND.02.xml")
    assert sent.effect is Effect.RESOURCES
    assert sent.content is None
    assert sent.incident_references == ("fr/health/samu440/DRFR154402413800236",)
    assert sent.resources == {
        "fr.health.samu440.resource.VLM1": Phase.ON_THE_WAY,
        "fr.health.samu440.resource.VLM2": Phase.ON_THE_WAY,
    }


def test_an_emsi_event() -> None:
    event = message("EMSI-RDC-message.xml")
    assert event.incident_references == ("fr/health/samu690/DRFR15690240430050",)
    assert event.is_update
    assert event.content is not None
    assert event.content["category"] == "C01.00.00"
    assert event.content["severity"] == "moderate"
    assert event.content["location"] == {"latitude": 45.760169, "longitude": 4.830608}


def test_every_published_code_or_its_parent_is_known() -> None:
    with (SAMPLES / "cisu" / "HubSante.fait.csv").open(encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    assert len(codes) > 250
    assert [code for code in codes if categories().closest(code) is None] == []


def test_a_french_info_is_read_before_an_english_one() -> None:
    with time_machine.travel(datetime(2012, 5, 3, tzinfo=UTC)):
        storm = read_cap((SAMPLES / "cap" / "canada.cap").read_bytes(), tables())
    assert storm.effect is Effect.CLOSES
    assert storm.is_update
    # The older of the two messages that it updates names the incident.
    assert storm.incident_references[0] == adapted_reference("2.49.0.1.124.a3f342a4.2012")
    assert storm.content is not None
    assert storm.content["category"] == "C08.09.00"
    assert storm.content["severity"] == "minor"
    assert len(storm.content["location"]["polygon"]) == 2
    assert "orages" not in repr(storm)


def test_a_circle_without_a_radius_is_a_point() -> None:
    with time_machine.travel(datetime(2010, 8, 31, 6, tzinfo=UTC)):
        quake = read_cap((SAMPLES / "cap" / "earthquake.cap").read_bytes(), tables())
    assert quake.content is not None
    assert quake.content["location"] == {
        "latitude": -16.053,
        "longitude": -173.274,
        "radius_m": 0,
    }
    assert quake.content["severity"] == "moderate"


def test_an_old_alert_is_refused_by_its_date() -> None:
    with pytest.raises(FormatRefusedError) as refused:
        read_cap((SAMPLES / "cap" / "canada.cap").read_bytes(), tables())
    assert refused.value.faults[0]["loc"] == ("alert", "sent")
