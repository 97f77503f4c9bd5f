"""The door for EMSI: a coarse report of what another message may have said better."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.alerting.models import Alert
from notifier.intake.models import ReportState
from tests.api.caller import Caller
from tests.api.foreign import kinds, push, stored
from tests.intake import messages as m

pytestmark = [
    pytest.mark.usefixtures("mayor"),
    pytest.mark.one_database("how a message is read; what becomes of one is held on both"),
]


def emsi(number: str, kind: str = "UPDATE", **event: Any) -> dict[str, Any]:
    """A grave fire, of the case of this number; nothing says where."""
    usual: dict[str, Any] = {
        "ID": "1",
        "MAIN_EVENT_ID": number,
        "ETYPE": {"CATEGORY": ["FIR/CLA"], "ACTOR": ["PPL"], "LOCTYPE": ["OTH"]},
        "SCALE": "4",
        "OCC_DATIME": m.moment(-60),
    }
    context = {"ID": "1", "MODE": "ACTUAL", "MSGTYPE": kind, "FREETEXT": "SECRET"}
    return {"emsi": {"CONTEXT": context, "EVENT": usual | event}}


IN_DELLE = [{"POSITION": {"COORD": [{"LAT": 47.508, "LONG": 6.999}]}}]


def test_a_coarse_category_does_not_replace_a_fine_one(corg: Caller) -> None:
    """An EMSI of the same case must not uncover what the case's own category withholds."""
    number = m.case_id()
    case = m.case(number)
    case["createCase"]["qualification"]["whatsHappen"]["code"] = "C02.05.03"
    stored(push(corg, m.envelope(case, sent=-9)))
    update = stored(push(corg, m.envelope(emsi(number, EGEO=IN_DELLE), "Update")))
    assert (update.category, update.severity) == ("C02.05.03", "extreme")
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("given", [["HLT", "FIR/CLA"], ["FIR/CLA", "HLT"], ["ASR", "OTH", "FIR"]])
def test_a_fire_with_wounded_people_is_a_fire_in_whichever_order(
    corg: Caller, given: list[str]
) -> None:
    document = emsi(m.case_id(), "ALERT", EGEO=IN_DELLE, ETYPE={"CATEGORY": given})
    assert stored(push(corg, m.envelope(document))).category == "C04.00.00"
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("nowhere", [{}, {"EGEO": []}, {"EGEO": [{"POSITION": {"TYPE": "POINT"}}]}])
def test_an_event_without_a_position_is_where_its_incident_is(
    corg: Caller, nowhere: dict[str, Any]
) -> None:
    number = m.case_id()
    first = stored(push(corg, m.envelope(m.case(number), sent=-9)))
    update = stored(push(corg, m.envelope(emsi(number, **nowhere), "Update")))
    assert (update.reference, update.severity) == (first.reference, "extreme")
    assert update.location == first.location
    assert update.communes == ["90033"]
    assert Alert.objects.get().severity == "extreme"


def test_an_event_without_a_position_of_an_unknown_case_is_a_persons_to_place(
    corg: Caller,
) -> None:
    doubt = stored(push(corg, m.envelope(emsi(m.case_id(), "ALERT"))))
    assert doubt.state == ReportState.REVIEW
    assert Alert.objects.count() == 0


@pytest.mark.parametrize(("kind", "event"), [("CANCEL", {}), ("UPDATE", {"STATUS": "COM"})])
def test_an_end_needs_no_position(corg: Caller, kind: str, event: dict[str, Any]) -> None:
    number = m.case_id()
    assert push(corg, m.envelope(emsi(m.case_id(), kind, **event)))["id"] is None
    stored(push(corg, m.envelope(m.case(number), sent=-9)))
    ended = stored(push(corg, m.envelope(emsi(number, kind, **event))))
    assert ended.communes == ["90033"]
    assert kinds(ended.reference) == [("90033", False)]
