"""A push that is taken: 202 with an id, 200 for the same again, 409 for a contradiction."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from notifier.alerting.decision.pipeline import decide
from notifier.delivery.models import Message
from notifier.intake.models import Report, ReportState
from tests.api.caller import INTERVENTIONS, Caller, fields, refusal
from tests.intake.samples import body


def _read(answer: HttpResponse) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(answer.content)
    return content


def test_202_then_200_then_409(corg: Caller) -> None:
    content = body()
    first, again = corg.push(content), corg.push(content)
    assert (first.status_code, again.status_code) == (202, 200)
    assert _read(first) == _read(again)
    other = corg.push(content | {"severity": "minor"})
    assert other.status_code == 409
    assert "augmentez sequence" in fields(other)["sequence"]
    assert Report.objects.get().severity == "severe"


def test_the_answer_names_where_to_ask(corg: Caller) -> None:
    pushed = _read(corg.push(body()))
    assert pushed["status_url"] == f"http://127.0.0.1:1{INTERVENTIONS}/{pushed['id']}"
    assert (
        _read(corg.get(pushed["status_url"].removeprefix("http://127.0.0.1:1")))["id"]
        == (pushed["id"])
    )


def test_answers_are_readable_french(corg: Caller) -> None:
    answer = corg.push(body(sequence=0, surplus=1))
    assert "refusés" in answer.content.decode()
    assert "\\u" not in answer.content.decode()


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", ""],
)
def test_json_is_taken_whatever_its_type_says(corg: Caller, content_type: str) -> None:
    """What can be read for certain is never lost for a header."""
    assert corg.push(body(), content_type=content_type).status_code == 202


def test_a_body_of_exactly_64_kib(corg: Caller) -> None:
    content = json.dumps(body()).encode()
    assert corg.push(content.ljust(65_536)).status_code == 202


@pytest.mark.parametrize(
    "location",
    [
        {"insee": "90999"},
        {"insee": "90100"},
        {"communes": ["90100"]},
        {"insee": "90033", "name": "Beaucourt"},
        {"insee": "90033", "postal_code": "25200"},
        {"name": "Villeneuve-sur-Nulle-Part", "postal_code": "90100"},
        {"name": "Sainte-Colombe"},
        {"latitude": 0.0, "longitude": 0.0},
    ],
)
def test_a_place_in_doubt_is_stored_and_no_mayor_is_told(
    corg: Caller, location: dict[str, Any]
) -> None:
    answer = corg.push(body(location=location))
    assert answer.status_code == 202
    decide(Report.objects.get().pk)
    status = _read(corg.status(_read(answer)["id"]))
    assert status["state"] == ReportState.REVIEW
    assert status["verdict"] in ("conflict", "unknown")
    assert status["reason"]
    assert status["alerts"] == []
    assert {message.recipient for message in Message.objects.all()} == {"duty"}


def test_a_place_that_turns_out_to_lie_outside_is_said_and_nobody_is_told(corg: Caller) -> None:
    answer = corg.push(body(location={"name": "Montbéliard", "postal_code": "25200"}))
    assert answer.status_code == 202
    decide(Report.objects.get().pk)
    status = _read(corg.status(_read(answer)["id"]))
    assert status["state"] == ReportState.OUTSIDE
    assert "hors des départements" in status["reason"]
    assert not Message.objects.exists()


def test_a_surplus_parameter_of_the_status_is_no_matter(corg: Caller) -> None:
    pushed = _read(corg.push(body()))
    assert corg.get(f"{INTERVENTIONS}/{pushed['id']}?t=1").status_code == 200


def test_a_refusal_is_in_one_shape(corg: Caller) -> None:
    assert set(refusal(corg.push(body(sequence=0)))) == {"error", "fields"}


def _without(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator takes a category out of the configuration."""
    from notifier.alerting.policy import current as in_force
    from notifier.alerting.policy.categories import Categories

    known = in_force.categories()
    left = Categories({c: known.get(c) for c in known.codes() if c != code}, known.storm, {})
    monkeypatch.setattr("notifier.alerting.service.categories", lambda: left)


def test_what_was_received_stays_so_when_its_category_goes(
    corg: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = body()
    first = corg.push(content)
    _without(content["category"], monkeypatch)
    again = corg.push(content)
    assert (again.status_code, _read(again)) == (200, _read(first))
    assert corg.push(content | {"severity": "minor"}).status_code == 409
    unknown = corg.push(content | {"sequence": 2})
    assert unknown.status_code == 422
    assert "catégorie inconnue" in fields(unknown)["category"]
    assert Report.objects.count() == 1
