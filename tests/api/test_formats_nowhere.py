"""Reports of other formats that do not say where: their incident's place, or a person's."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from notifier.alerting.models import Alert
from notifier.delivery.models import Message
from notifier.intake.models import ReportState
from tests.api.caller import Caller
from tests.api.foreign import kinds, push, push_cap, stored, told
from tests.api.test_formats_emsi import emsi
from tests.intake import messages as m

pytestmark = [
    pytest.mark.usefixtures("mayor"),
    pytest.mark.one_database("how a message is read; what becomes of one is held on both"),
]


NOWHERE: list[dict[str, Any]] = [
    {"location": None},
    {"location": {}},
    {"location": {"locID": "1", "country": "FR"}},
    {"location": {"city": {"inseeCode": None, "name": ""}}},
    {"location": {"detailedAddress": {"wayName": {"complete": "rue de Déridé"}}}},
    {"location": {"geometry": {"sketch": "croquis"}}},
]


@pytest.mark.parametrize("nowhere", NOWHERE)
def test_a_case_without_a_place_comes_before_a_person(
    corg: Caller, nowhere: dict[str, Any]
) -> None:
    doubt = stored(push(corg, m.envelope(m.case(m.case_id(), **nowhere))))
    assert (doubt.state, told()) == (ReportState.REVIEW, [])
    assert "commune à vérifier" in doubt.reason
    mail = Message.objects.get(recipient="duty")
    assert doubt.reference in mail.subject
    call_command(
        "review", doubt.reference, "--commune", "90033", "--why", "le centre le dit",
        stdout=StringIO(),
    )  # fmt: skip
    stored({"id": doubt.pk})
    assert kinds(doubt.reference) == [("90033", True)]
    assert len(told()) == 1


@pytest.mark.parametrize(
    "place",
    [
        {"city": {"name": "Delle"}},
        {"city": {"name": "Delle", "inseeCode": "90033"}},
        {"geometry": {"point": {"coord": {"lat": 47.508, "lon": 6.999, "precision": "ADRESSE"}}}},
        {"city": {"name": ""}},
    ],
)
@pytest.mark.parametrize("country", ["CH", "ch", "BEL", "Suisse"])
def test_a_case_abroad_comes_before_a_person_whatever_bears_its_name_here(
    corg: Caller, place: dict[str, Any], country: str
) -> None:
    """Saint-Gingolph, Comines, Warneton lie on both sides of the frontier."""
    case = m.case(m.case_id(), location={"country": country, **place})
    doubt = stored(push(corg, m.envelope(case)))
    assert (doubt.state, told()) == (ReportState.REVIEW, [])


@pytest.mark.parametrize("country", ["FR", "fr", "FRA", "France", "", None, "RE"])
def test_a_case_in_france_is_told(corg: Caller, country: str | None) -> None:
    place = {"country": country, "city": {"name": "Delle", "inseeCode": "90033"}}
    stored(push(corg, m.envelope(m.case(m.case_id(), location=place))))
    assert len(told()) == 1


def test_a_case_without_the_element_of_its_place(corg: Caller) -> None:
    case = m.case(m.case_id())
    del case["createCase"]["location"]
    assert stored(push(corg, case)).state == ReportState.REVIEW


def test_what_is_decided_of_no_place_holds_for_its_later_states(corg: Caller) -> None:
    number = m.case_id()
    doubt = stored(push(corg, m.envelope(m.case(number, location=None), sent=-30)))
    call_command(
        "review", doubt.reference, "--commune", "90033", "--why", "le centre le dit",
        stdout=StringIO(),
    )  # fmt: skip
    stored({"id": doubt.pk})
    ended = m.resources(number, A="REN-BASE")
    stored(push(corg, m.envelope(ended, sent=-20)))
    assert kinds(doubt.reference) == [("90033", False)]


def test_an_update_without_a_place_is_where_its_incident_is(corg: Caller, number: str) -> None:
    graver = m.case(number, location={"locID": "1"})
    graver["createCase"]["qualification"]["riskThreat"] = [{"code": "R05"}]
    update = stored(push(corg, m.envelope(graver, "Update", sent=-20)))
    assert (update.communes, Alert.objects.get().severity) == (["90033"], "extreme")


def test_an_end_without_a_place_waits_for_what_it_ends(corg: Caller) -> None:
    number = m.case_id()
    cancelled = push(corg, m.envelope(m.case(number, location=None), "Cancel", sent=-10))
    assert cancelled["id"] is None
    late = stored(push(corg, m.envelope(m.case(number), sent=-20)))
    assert (late.status, told()) == ("cancelled", [])


def test_the_place_that_comes_after_all_settles_it(corg: Caller) -> None:
    number = m.case_id()
    event = stored(push(corg, m.envelope(emsi(number, "ALERT"), sent=-30)))
    assert event.state == ReportState.REVIEW
    stored(push(corg, m.envelope(m.case(number), sent=-20)))
    event.refresh_from_db()
    assert (event.state, len(told())) == (ReportState.SUPERSEDED, 1)


AREAS = (
    "",
    "<polygon/>",
    "<geocode><valueName>EMMA_ID</valueName><value>FR090</value></geocode>",
)


@pytest.mark.parametrize("area", AREAS)
def test_a_cap_alert_without_an_area_comes_before_a_person(corg: Caller, area: str) -> None:
    answer = push_cap(corg, m.cap("NW1", info=m.info("fr", area)))
    assert "alert.info.area.areaDesc" in answer["dropped"]
    assert stored(answer).state == ReportState.REVIEW


def test_a_cap_update_without_an_area_is_where_its_alert_is(corg: Caller) -> None:
    sent = m.moment(-30)
    stored(push_cap(corg, m.cap("NW2", sent=sent)))
    update = m.cap(
        "NW3", "Update", references=f"cod@prefecture.example,NW2,{sent}",
        info=m.info("fr", "", severity="Extreme"),
    )  # fmt: skip
    assert stored(push_cap(corg, update)).communes == ["90033"]
    assert Alert.objects.get(organisation="90033").severity == "extreme"
