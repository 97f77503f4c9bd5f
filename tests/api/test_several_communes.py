"""A report that names several communes: all are told, through each door that can say it."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.alerting.models import Alert
from notifier.intake.models import Distribution, Report, ReportState
from tests.api.caller import Caller, fields
from tests.api.foreign import CAP, answered, kinds, push_cap, stored
from tests.harness.people import add_contact
from tests.intake import messages as m
from tests.intake.samples import body

CODES = ("90033", "90056", "90010")
AROUND = "<polygon>47.49,6.96 47.49,7.03 47.53,7.03 47.53,6.96 47.49,6.96</polygon>"


@pytest.fixture(autouse=True)
def _mayors(db: None) -> None:
    for n, code in enumerate(CODES, start=1):
        add_contact(commune=code, function="maire", rank=1, mobile=f"+3363998000{n}")


def geocode(*codes: str) -> str:
    """The codes as CAP says them."""
    return "".join(
        f"<geocode><valueName>INSEE</valueName><value>{code}</value></geocode>" for code in codes
    )


def several(**place: Any) -> dict[str, Any]:
    return body(category="C04.01.01", location=place)


def test_a_list_of_codes_tells_every_commune(corg: Caller) -> None:
    answer = answered(corg.push(several(communes=list(CODES), label="rue de Déridé")), 202)
    report = stored(answer)
    assert (report.state, report.verdict) == (ReportState.DECIDED, "certain")
    assert report.communes == list(CODES)
    assert "limite" not in report.reason
    assert sorted(kinds(report.reference)) == sorted((code, True) for code in CODES)


def test_a_code_that_is_others_postal_code_waits_for_a_person_and_the_rest_is_told(
    corg: Caller,
) -> None:
    add_contact(commune="90100", function="maire", rank=1, mobile="+33639980009")
    report = stored(answered(corg.push(several(communes=["90100", "90033"])), 202))
    assert (report.state, report.verdict) == (ReportState.REVIEW, "conflict")
    assert report.communes == ["90033"]
    assert [code for code, _ in kinds(report.reference)] == ["90033"]


@pytest.mark.parametrize(
    ("place", "field", "said"),
    [
        ({"communes": []}, "location.communes", "au moins 1"),
        ({"communes": ["90033"] * 501}, "location.communes", "au plus 500"),
        ({"communes": ["9003", "Delle"]}, "location.communes.1", "forme inattendue"),
        ({"communes": ["90033"], "name": "Delle"}, "location", "remplace"),
        ({"communes": ["90033"], "insee": "90033"}, "location", "remplace"),
    ],
)
def test_a_list_that_is_none_is_refused(
    corg: Caller, place: dict[str, Any], field: str, said: str
) -> None:
    answer = corg.push(several(**place))
    assert answer.status_code == 422
    assert said in fields(answer)[field]


def test_one_of_another_departement_refuses_them_all(corg: Caller) -> None:
    answer = corg.push(several(communes=["90033", "70117"]))
    assert answer.status_code == 403
    assert "70117" in fields(answer)["location.communes"]
    info = m.info("fr", geocode("90033", "70117"))
    answer = corg.push(m.cap("W1", info=info), CAP, content_type="application/xml")
    assert answer.status_code == 403
    assert "70117" in fields(answer)["alert.info.area.geocode"]
    assert not Report.objects.exists()
    assert not Distribution.objects.exists()


@pytest.mark.parametrize(
    "area",
    [
        geocode(*CODES),
        "</area><area><areaDesc>x</areaDesc>".join(map(geocode, CODES)),
        geocode("90033", "90056", "90033", "90010"),
    ],
)
def test_a_cap_alert_for_several_communes_its_update_and_its_end(corg: Caller, area: str) -> None:
    sent = m.moment(-30)
    first = stored(
        push_cap(corg, m.cap("S1", info=m.info("fr", area, severity="Minor"), sent=sent))
    )
    assert first.communes == list(CODES)
    references = f"cod@x,S1,{sent}"
    graver = m.info("fr", area, severity="Extreme")
    stored(push_cap(corg, m.cap("S2", "Update", references=references, info=graver)))
    assert set(Alert.objects.values_list("kind", flat=True)) == {"update"}
    ended = stored(push_cap(corg, m.cap("S3", "Cancel", references=references, info="")))
    assert ended.communes == list(CODES)
    assert not any(is_open for _, is_open in kinds("S1"))
    assert set(Alert.objects.values_list("kind", flat=True)) == {"cancellation"}


def test_a_commune_that_an_update_no_longer_names_is_told_so(corg: Caller) -> None:
    sent = m.moment(-30)
    stored(push_cap(corg, m.cap("L1", info=m.info("fr", geocode(*CODES)), sent=sent)))
    fewer = m.info("fr", geocode(*CODES[:2]))
    stored(push_cap(corg, m.cap("L2", "Update", references=f"cod@x,L1,{sent}", info=fewer)))
    assert dict(kinds("L1")) == {"90033": True, "90056": True, "90010": False}


def test_an_area_that_agrees_keeps_to_the_communes_named(corg: Caller) -> None:
    info = m.info("fr", AROUND + geocode("90033", "90056"))
    report = stored(push_cap(corg, m.cap("P1", info=info)))
    assert (report.verdict, report.communes) == ("certain", ["90033", "90056"])


def test_a_commune_beyond_the_area_waits_for_a_person(corg: Caller) -> None:
    info = m.info("fr", AROUND + geocode("90033", "90010"))
    report = stored(push_cap(corg, m.cap("P2", info=info)))
    assert (report.state, report.verdict) == (ReportState.REVIEW, "conflict")
    assert kinds("P2") == [("90033", True)]


def test_a_dry_run_says_who_is_told_and_that_a_person_decides_the_rest(corg: Caller) -> None:
    answer = answered(corg.dry_run(several(communes=["90033", "90999"])), 200)
    assert (answer["state"], answer["verdict"]) == ("review", "unknown")
    assert [telling["commune"]["code"] for telling in answer["tellings"]] == ["90033"]


def test_a_push_of_before_is_still_the_same(corg: Caller) -> None:
    content = several(communes=["90033", "90056"])
    first = answered(corg.push(content), 202)
    assert answered(corg.push(content), 200)["id"] == first["id"]
    other = several(communes=["90033"]) | {"reference": content["reference"]}
    assert corg.push(other).status_code == 409
