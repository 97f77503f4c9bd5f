"""A reference that a mayor may not read: refused at our door, told under one of ours elsewhere."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from notifier.alerting.decision.pipeline import decide
from notifier.delivery.models import Message
from notifier.intake.models import Distribution, Incident, Report, ReportState, Source
from notifier.intake.schema.reference import is_short_reference
from tests.api.caller import Caller, fields
from tests.api.foreign import EDXL, push, push_cap, stored
from tests.intake import messages as m
from tests.intake.samples import body

SECRET = "Mme-DUPONT-Jeanne-viol"

pytestmark = pytest.mark.usefixtures("mayor")


def printed(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("reference", [SECRET, "0899-70-00-00-57448", "203.0.113.7/a57449"])
@pytest.mark.parametrize("path", ["", "?dry_run=true"])
def test_the_native_door_refuses_it_and_says_what_to_do(
    corg: Caller, reference: str, path: str
) -> None:
    answer = corg.push(body(reference=reference), f"/api/v1/interventions{path}")
    assert answer.status_code == 422
    assert "forme de ses références" in fields(answer)["reference"]
    assert not Report.objects.exists()


def test_a_source_has_a_shape_of_its_own(corg: Caller) -> None:
    Source.objects.update(reference_pattern=r"BELFORT-DELLE-\d{3}")
    assert corg.push(body(reference="BELFORT-DELLE-001")).status_code == 202
    answer = corg.push(body(reference="CORG90-2026-1"))
    assert answer.status_code == 422
    assert "par exemple BELFORT-DELLE-123" in fields(answer)["reference"]


def test_what_goes_on_already_is_heard_to_its_end_though_the_shape_has_changed(
    corg: Caller,
) -> None:
    assert corg.push(body(reference="CORG90-2026-1")).status_code == 202
    Source.objects.update(reference_pattern=r"BELFORT-\d{3}")
    again = body(reference="CORG90-2026-1", sequence=2, status="closed")
    assert corg.push(again).status_code == 202


@pytest.mark.parametrize("given", [SECRET, "0899-70-00-00-57448", "tel/33899700000/1"])
def test_a_foreign_case_is_told_under_our_own_reference_and_found_by_both(
    corg: Caller, given: str
) -> None:
    answer = push(corg, m.envelope(m.case(given)))
    report = stored(answer)
    own = report.reference
    assert is_short_reference(own)
    assert own in answer["note"]
    (sms,) = Message.objects.filter(channel="sms")
    assert own in sms.body
    status = json.loads(corg.status(answer["id"]).content)
    assert status["reference"] == own
    assert printed("timeline", given) == printed("timeline", own)
    everything = [*Report.objects.values_list(), *Distribution.objects.values_list()]
    everything += [*Incident.objects.values_list(), *Message.objects.values_list()]
    assert given not in repr(everything)
    # What follows finds its incident by the sender's own number.
    ended = push(corg, m.envelope(m.resources(given, A="REN-BASE"), sent=5))
    assert stored(ended).incident == report.incident


def test_a_foreign_number_is_told_as_the_shape_of_its_source_allows(corg: Caller) -> None:
    Source.objects.update(reference_pattern=r"fr/[a-z]+/belfort\d+/\d+")
    fits, fits_not = "fr.gendarmerie.belfort90.1", "CORG90-2026-1"
    assert stored(push(corg, m.envelope(m.case(fits)))).reference == fits.replace(".", "/")
    other = stored(push(corg, m.envelope(m.case(fits_not))))
    assert is_short_reference(other.reference)
    assert printed("timeline", fits_not) == printed("timeline", other.reference)
    assert "fr/gendarmerie/belfort90/1" in printed("timeline", fits)


def test_the_administration_finds_it_by_both(corg: Caller, admin_client: Client) -> None:
    kept = stored(push(corg, m.envelope(m.case(SECRET))))
    for asked in (SECRET, kept.reference):
        page = admin_client.get("/admin/intake/report/", {"q": asked}).content.decode()
        assert f">{kept.reference}</a>" in page
    assert SECRET not in admin_client.get("/admin/intake/report/").content.decode()


def test_a_foreign_case_that_waits_for_a_decision_is_found_by_both(corg: Caller) -> None:
    case = m.case(SECRET)
    case["createCase"]["location"]["city"] = {"name": "Giromagny", "inseeCode": "90033"}
    waiting = stored(push(corg, m.envelope(case)))
    assert waiting.state == ReportState.REVIEW
    assert printed("review", SECRET) == printed("review", waiting.reference)


def test_a_cap_identifier_too(corg: Caller) -> None:
    answer = push_cap(corg, m.cap(SECRET))
    decide(answer["id"])
    (sms,) = Message.objects.filter(channel="sms")
    assert SECRET not in sms.body
    assert Report.objects.get(pk=answer["id"]).reference in sms.body


def test_a_foreign_dry_run_says_what_the_mayor_would_read(corg: Caller) -> None:
    answer = corg.push(m.envelope(m.case(SECRET)), f"{EDXL}?dry_run=true")
    assert SECRET not in answer.content.decode()
    assert "AM-" in json.loads(answer.content)["tellings"][0]["sms"]
