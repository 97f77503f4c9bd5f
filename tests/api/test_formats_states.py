"""What RC-RI and EMSI say of how far it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from notifier.alerting.models import Alert
from notifier.intake.correlation.pending import MAX_WAIT
from notifier.intake.formats.message import adapted_reference
from notifier.intake.models import Distribution, Report, ReportState
from tests.alerting.house import run_round
from tests.api.caller import Caller
from tests.api.foreign import EDXL, journal, kinds, push, status_of, stored, told
from tests.api.test_formats_emsi import IN_DELLE, emsi
from tests.intake import messages as m

pytestmark = pytest.mark.usefixtures("mayor")


# --- resources


LEFT = ("TRANSP", "ETAPE1", "TRANSP2", "ETAPE2", "TRANSP3", "DESTIN", "FINPEC")


@pytest.mark.parametrize("left", LEFT)
def test_after_its_departure_nobody_is_on_scene(corg: Caller, number: str, left: str) -> None:
    stored(push(corg, m.envelope(m.resources(number, A="ARRIVEE"), sent=-50)))
    stored(push(corg, m.envelope(m.resources(number, A=left, B="ANNULE"), sent=-40)))
    assert status_of(number) == "engaged"
    stored(push(corg, m.envelope(m.resources(number, A="REN-BASE"), sent=-30)))
    assert kinds(adapted_reference(number)) == [("90033", False)]


@pytest.mark.parametrize("there", ["ARRIVEE", "PEC", "BILAN", "ORIENTAT"])
def test_until_its_departure_it_is_on_scene(corg: Caller, number: str, there: str) -> None:
    stored(push(corg, m.envelope(m.resources(number, A=there, B="TRANSP"), sent=-50)))
    assert status_of(number) == "on_scene"


def test_the_last_vehicle_that_is_back_ends_it(corg: Caller, number: str) -> None:
    steps: list[dict[str, str]] = [
        {"A": "DEPART", "B": "DEPART"},
        {"A": "ARRIVEE", "B": "ARRIVEE"},
        {"A": "TRANSP", "B": "RETOUR"},
        {"A": "FINPEC", "B": "REN-BASE"},
        {"A": "RETOUR"},
    ]
    seen = []
    for second, step in enumerate(steps):
        push_any(corg, m.envelope(m.resources(number, **step), sent=second - 50))
        seen.append(status_of(number))
    assert seen == ["engaged", "on_scene", "engaged", "engaged", "closed"]


def states(number: str, *said: tuple[str, float, str]) -> dict[str, Any]:
    """A bare RC-RI of the states of resources, each with how many seconds ago it began."""
    message = m.resources(number)
    message["resourcesInfoCisu"]["resource"] = [
        {
            "datetime": m.moment(-900),
            "resourceId": f"fr.gendarmerie.corg900.resource.{name}",
            "vehicleType": "SIS",
            "state": {"datetime": m.moment(-ago), "status": status},
        }
        for name, ago, status in said
    ]
    return message


def test_a_bare_report_of_a_new_moment_is_a_new_one(corg: Caller, number: str) -> None:
    for ago, status in ((50, "DEPART"), (40, "ARRIVEE"), (30, "DEPART"), (20, "ARRIVEE")):
        answer = push_any(corg, states(number, ("A", ago, status)))
        assert "déjà reçu" not in answer["note"]
    assert status_of(number) == "on_scene"
    again = states(number, ("A", 10, "REN-BASE"))
    push_any(corg, again)
    assert kinds(adapted_reference(number)) == [("90033", False)]
    assert "déjà reçu" in push(corg, again, 200)["note"]


def push_any(corg: Caller, document: dict[str, Any]) -> dict[str, Any]:
    answer = corg.push(document, EDXL)
    assert answer.status_code in (200, 202), answer.content.decode()
    content: dict[str, Any] = json.loads(answer.content)
    if content["id"]:
        stored(content)
    return content


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_states_of_a_resource_the_newest_counts(
    corg: Caller, number: str, newest_first: bool
) -> None:
    said = [("A", 40, "ARRIVEE"), ("A", 20, "REN-BASE")]
    push_any(corg, states(number, *(reversed(said) if newest_first else said)))
    assert kinds(adapted_reference(number)) == [("90033", False)]


# --- events


def test_a_pause_is_no_end(corg: Caller, number: str) -> None:
    push_any(corg, m.envelope(emsi(number, STATUS="STOP", SCALE="1"), "Update", sent=-40))
    assert kinds(adapted_reference(number)) == [("90033", True)]
    stored(push(corg, m.envelope(emsi(number, STATUS="COM"), "Update", sent=-30)))
    assert kinds(adapted_reference(number)) == [("90033", False)]


def test_an_event_of_which_nothing_has_begun_is_told_when_it_begins(corg: Caller) -> None:
    number = m.case_id()
    first = emsi(number, "ALERT", STATUS="NST", EGEO=IN_DELLE)
    answer = push(corg, m.envelope(first, sent=-40))
    assert answer["id"] is None
    assert "rien n’est engagé" in answer["note"]
    assert not Report.objects.exists()
    begun = emsi(number, STATUS="IPR", EGEO=IN_DELLE)
    stored(push(corg, m.envelope(begun, "Update", sent=-30)))
    assert kinds(adapted_reference(number)) == [("90033", True)]
    assert not Distribution.objects.filter(is_pending=True).exists()


def test_an_event_that_never_begins_is_in_the_journal_and_troubles_nobody(corg: Caller) -> None:
    push(corg, m.envelope(emsi(m.case_id(), "ALERT", STATUS="NST", EGEO=IN_DELLE)))
    with time_machine.travel(timezone.now() + MAX_WAIT + timedelta(seconds=5), tick=True):
        run_round()
    assert not Report.objects.exists()
    assert "rien n’a été engagé" in journal()


def test_nothing_begun_takes_nothing_back_and_reopens_nothing(corg: Caller, number: str) -> None:
    stored(push(corg, m.envelope(emsi(number, STATUS="NST"), "Update", sent=-50)))
    assert Alert.objects.get().severity == "extreme"
    stored(push(corg, m.envelope(m.case(number), "Cancel", sent=-40)))
    push_any(corg, m.envelope(emsi(number, STATUS="NST"), "Update", sent=-30))
    assert kinds(adapted_reference(number)) == [("90033", False)]


def test_what_goes_on_again_within_the_second_of_its_end_goes_on(corg: Caller) -> None:
    case, at = m.case_id(), m.moment(-60)
    sent = m.moment(-20)
    for status, where in (("IPR", IN_DELLE), ("COM", []), ("IPR", IN_DELLE)):
        event = emsi(case, "UPDATE", STATUS=status, EGEO=where, OCC_DATIME=at)
        event["emsi"]["CONTEXT"]["ID"] = m.case_id()
        push_any(corg, m.envelope(event, dateTimeSent=sent))
    assert kinds(adapted_reference(case)) == [("90033", True)]


def geo(kind: str | None, latitude: float, longitude: float) -> dict[str, Any]:
    position = {"POSITION": {"COORD": [{"LAT": latitude, "LONG": longitude}]}}
    return position | ({"TYPE": kind} if kind else {})


COMMAND_POST = geo("GEN/COMCKP", 47.638, 6.863)


@pytest.mark.parametrize("own", ["GEN/EVENT", "GEN/INCGRD", "GEN/LOCAT", None])
@pytest.mark.parametrize("is_first", [True, False])
def test_of_several_positions_the_events_own_is_the_place(
    corg: Caller, own: str | None, is_first: bool
) -> None:
    here = geo(own, 47.508, 6.999)
    geos = [here, COMMAND_POST] if is_first else [COMMAND_POST, here]
    answer = push(corg, m.envelope(emsi(m.case_id(), "ALERT", EGEO=geos)))
    assert stored(answer).communes == ["90033"]
    assert "emsi.EVENT.EGEO (GEN/COMCKP)" in answer["dropped"]


def test_one_place_said_under_several_kinds_is_one(corg: Caller) -> None:
    geos = [geo("GEN/ROUTE", 47.508, 6.999), geo("DGR/HZD", 47.508, 6.999)]
    answer = push(corg, m.envelope(emsi(m.case_id(), "ALERT", EGEO=geos)))
    assert stored(answer).communes == ["90033"]
    assert not any("EGEO (" in name for name in answer["dropped"])


def test_positions_of_which_none_is_the_events_own_name_nobody(corg: Caller) -> None:
    geos = [geo("GEN/SUPPT", 47.508, 6.999), COMMAND_POST]
    answer = push(corg, m.envelope(emsi(m.case_id(), "ALERT", EGEO=geos)))
    assert stored(answer).state == ReportState.REVIEW
    assert {"emsi.EVENT.EGEO (GEN/SUPPT)", "emsi.EVENT.EGEO (GEN/COMCKP)"} <= set(answer["dropped"])
    assert told() == []


@pytest.mark.parametrize(
    "beside", ["GEN/COMCKP", "GEN/SUPPT", "GEN/RNDZPT", "GEN/ASYGEN", "GEN/SAFZ", "AIR/LZ", "AIR"]
)
def test_a_place_beside_the_event_alone_is_not_where_it_is(corg: Caller, beside: str) -> None:
    """A landing zone in Belfort for what happens who knows where tells Belfort nothing."""
    answer = push(corg, m.envelope(emsi(m.case_id(), "ALERT", EGEO=[geo(beside, 47.638, 6.863)])))
    assert stored(answer).state == ReportState.REVIEW
    assert f"emsi.EVENT.EGEO ({beside})" in answer["dropped"]
    assert told() == []


@pytest.mark.parametrize("kind", ["GEN/ROUTE", "GEN/EVENT", "GEN/LOCAT", "DGR/HZD", "CMB/CZ", None])
def test_the_only_position_is_where_the_event_is(corg: Caller, kind: str | None) -> None:
    answer = push(corg, m.envelope(emsi(m.case_id(), "ALERT", EGEO=[geo(kind, 47.508, 6.999)])))
    assert stored(answer).communes == ["90033"]


def test_of_several_kinds_of_event_the_others_are_named(corg: Caller) -> None:
    kinds_of = {"CATEGORY": ["FIR/CLA", "TRP/COL"]}
    event = emsi(m.case_id(), "ALERT", EGEO=IN_DELLE, ETYPE=kinds_of)
    answer = push(corg, m.envelope(event))
    assert "emsi.EVENT.ETYPE.CATEGORY" in answer["dropped"]
