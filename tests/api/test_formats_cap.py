"""The door for CAP 1.2: incidents, areas, languages, and XML that leads nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.alerting.models import Alert
from notifier.alerting.policy.current import categories
from notifier.alerting.review.notices import deadline
from notifier.delivery.models import Message
from notifier.intake.models import ReportState
from tests.api.caller import Caller, refusal
from tests.api.foreign import CAP, EDXL, kinds, push_cap, stored
from tests.intake import messages as m

pytestmark = [
    pytest.mark.usefixtures("mayor"),
    pytest.mark.one_database("how a message is read; what becomes of one is held on both"),
]


def test_a_cap_alert_and_its_end(corg: Caller) -> None:
    sent = m.moment(-30)
    alert = stored(push_cap(corg, m.cap("prefecture90-1", sent=sent)))
    assert (alert.category, alert.severity) == ("C04.00.00", "severe")
    assert alert.location == {"latitude": 47.508, "longitude": 6.999, "radius_m": 500}
    assert alert.state == ReportState.DECIDED
    references = f"cod@prefecture.example,prefecture90-1,{sent}"
    cancel = m.cap("prefecture90-2", "Cancel", references=references, info="", sent=m.moment(-20))
    ended = stored(push_cap(corg, cancel))
    assert (ended.reference, ended.status) == ("prefecture90-1", "cancelled")
    assert all(not is_open for _, is_open in kinds("prefecture90-1"))


def test_a_cap_chain_is_one_incident(corg: Caller) -> None:
    first, second = m.moment(-30), m.moment(-20)
    stored(push_cap(corg, m.cap("A1", sent=first)))
    stored(push_cap(corg, m.cap("A2", "Update", references=f"cod@x,A1,{first}", sent=second)))
    # It only names the one before it.
    last = stored(push_cap(corg, m.cap("A3", "Cancel", references=f"cod@x,A2,{second}", info="")))
    assert (last.reference, last.status) == ("A1", "cancelled")


def test_a_cap_cancellation_before_its_alert(corg: Caller) -> None:
    sent = m.moment(-30)
    cancel = m.cap("B2", "Cancel", references=f"cod@x,B1,{sent}", info="", sent=m.moment(-20))
    assert push_cap(corg, cancel)["id"] is None
    alert = stored(push_cap(corg, m.cap("B1", sent=sent)))
    assert (alert.status, alert.state) == ("cancelled", ReportState.DECIDED)
    assert Alert.objects.count() == 0


def test_a_polygon_and_a_french_info_first(corg: Caller) -> None:
    ring = "47.50,6.98 47.50,7.01 47.52,7.01 47.52,6.98 47.50,6.98"
    infos = m.info("en-GB", severity="Minor") + m.info("fr-FR", f"<polygon>{ring}</polygon>")
    answer = push_cap(corg, m.cap("C1", info=infos))
    report = stored(answer)
    assert report.severity == "severe"
    assert report.location["polygon"][0][0][0] == [6.98, 47.5]
    assert "90033" in report.communes
    assert "alert.info.headline" in answer["dropped"]
    assert "alert.info.area.areaDesc" in answer["dropped"]


def test_the_areas_of_a_cap_alert_pierce_no_hole_in_one_another(corg: Caller) -> None:
    danger, perimeter = "<circle>47.508,6.999 0.3</circle>", "<circle>47.508,6.999 2</circle>"
    found = stored(
        push_cap(corg, m.cap("COD90-2026-0301", info=m.info("fr-FR", danger + perimeter)))
    )
    assert found.communes[0] == "90033"
    (clue,) = found.clues
    assert [mark["code"] for mark in clue["marks"] if mark["holds"]] == ["90033"]


def test_areas_that_overlap_count_no_ground_twice(corg: Caller) -> None:
    wide, small = "<circle>47.638,6.863 3</circle>", "<circle>47.63,6.85 0.5</circle>"
    shares = []
    for identifier, area in (("O1", wide), ("O2", wide + small), ("O3", wide + wide + small)):
        (clue,) = stored(push_cap(corg, m.cap(identifier, info=m.info("fr", area)))).clues
        shares.append({mark["code"]: mark["share"] for mark in clue["marks"]})
    alone, with_small, twice = shares
    assert sum(alone.values()) == pytest.approx(1, abs=0.001)
    assert sum(with_small.values()) == pytest.approx(1, abs=0.001)
    assert with_small == twice
    assert with_small.keys() == alone.keys()
    for code, share in alone.items():
        # Alone it has 48 corners, among others 36.
        assert with_small[code] == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("kinds_given", ["Health Fire", "Fire Health", "Rescue Other Fire Health"])
def test_a_fire_with_wounded_people_is_a_fire_in_whichever_order(
    corg: Caller, kinds_given: str
) -> None:
    given = "".join(f"<category>{kind}</category>" for kind in kinds_given.split())
    info = m.info("fr").replace("<category>Fire</category>", given)
    answer = push_cap(corg, m.cap("D2", info=info))
    assert stored(answer).category == "C04.00.00"
    assert kinds("D2") == [("90033", True)]
    assert "alert.info.category" in answer["dropped"]


def test_a_second_code_of_ours_is_named(corg: Caller) -> None:
    more = "".join(
        f"<eventCode><valueName>CISU</valueName><value>{code}</value></eventCode>"
        for code in ("C04.05.00", "C01.01.01")
    )
    answer = push_cap(corg, m.cap("D3", info=m.info("fr", more=more)))
    assert stored(answer).category == "C04.05.00"
    assert "alert.info.eventCode" in answer["dropped"]


def test_a_code_of_a_commune_in_a_cap_alert(corg: Caller) -> None:
    area = "<geocode><valueName>INSEE</valueName><value>90033</value></geocode>"
    more = "<eventCode><valueName>CISU</valueName><value>C04.05.00</value></eventCode>"
    report = stored(push_cap(corg, m.cap("D1", info=m.info("fr", area, more=more))))
    assert (report.communes, report.category) == (["90033"], "C04.05.00")


def test_a_lifetime_in_the_far_future_is_the_categorys_own(corg: Caller) -> None:
    more = "<expires>2099-01-01T00:00:00+00:00</expires>"
    report = stored(push_cap(corg, m.cap("E1", info=m.info("fr", more=more))))
    category = categories().get(report.category)
    message = Message.objects.filter(incident_id=report.incident_id).first()
    assert category is not None
    assert message is not None
    assert message.expires_at <= timezone.now() + category.lifetime


def test_what_the_source_holds_useless_earlier_expires_earlier(corg: Caller) -> None:
    soon = timezone.now().replace(microsecond=0) + timedelta(minutes=7)
    more = f"<expires>{soon.isoformat()}</expires>"
    report = stored(push_cap(corg, m.cap("E2", info=m.info("fr", more=more))))
    until = Message.objects.filter(incident_id=report.incident_id).values_list(
        "expires_at", flat=True
    )
    assert set(until) == {soon}
    cancel = m.cap("E3", "Cancel", references=f"cod@x,E2,{m.moment(-9)}", info="")
    ended = stored(push_cap(corg, cancel))
    last = Alert.objects.get(incident=ended.incident)
    assert last.expires_at > soon


def test_a_doubt_waits_no_longer_than_the_source_holds_it_useful(corg: Caller) -> None:
    soon = timezone.now().replace(microsecond=0) + timedelta(minutes=7)
    area = "<geocode><valueName>INSEE</valueName><value>90999</value></geocode>"
    info = m.info("fr", area, more=f"<expires>{soon.isoformat()}</expires>")
    assert deadline(stored(push_cap(corg, m.cap("E4", info=info)))) == soon


BILLION = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
)


@pytest.mark.parametrize("declaration", BILLION)
def test_xml_is_led_nowhere(corg: Caller, declaration: str) -> None:
    body = m.cap("F1", declaration=declaration)
    for path in (CAP, EDXL):
        answer = corg.push(body, path, content_type="application/xml")
        assert answer.status_code == 400
        assert "DOCTYPE" in refusal(answer)["error"]


@pytest.mark.parametrize("body", [b"<alert", b"<a>" * 60 + b"</a>" * 60, b"", b"\xff\xfe<"])
def test_what_is_no_document_is_refused(corg: Caller, body: bytes) -> None:
    for path in (CAP, EDXL):
        assert corg.push(body, path).status_code in (400, 422)
