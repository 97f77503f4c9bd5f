"""The doors for EDXL-DE and CAP: what is kept, what is told, and what comes out of order."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import serializers
from django.db import connection
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert
from notifier.intake.correlation import pending
from notifier.intake.correlation.pending import MAX_WAIT
from notifier.intake.formats.message import adapted_reference
from notifier.intake.models import Distribution, Report, ReportState
from notifier.intake.schema.vocabulary import Status
from notifier.journal.models import Entry
from tests.alerting.house import run_round
from tests.api.caller import Caller, fields
from tests.api.foreign import EDXL, answered, journal, kinds, push, stored
from tests.intake import messages as m

pytestmark = pytest.mark.usefixtures("mayor")


def test_an_enveloped_case_is_a_report(corg: Caller) -> None:
    number = m.case_id()
    answer = push(corg, m.envelope(m.case(number)))
    report = stored(answer)
    assert report.reference == number.replace(".", "/")
    assert report.state == ReportState.DECIDED
    assert (report.status, report.category, report.severity) == (
        *("engaged", "C01.01.01", "moderate"),
    )
    assert report.location == {
        "insee": "90033",
        "name": "Delle",
        "radius_m": 0,
        "label": "rue de Déridé",
    }
    assert not report.exercise
    assert kinds(report.reference) == [("90033", True)]
    assert answer["status_url"].endswith(answer["id"])


def test_nothing_personal_is_stored_anywhere(corg: Caller) -> None:
    answer = push(corg, m.envelope(m.case(m.case_id())))
    stored(answer)
    push(corg, m.resources(m.case_id(), VSAV1="DEPART"))
    everything = "".join(
        serializers.serialize("json", model.objects.all())
        for model in (Report, Distribution, Entry, Alert)
    )
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            everything += repr(cursor.fetchall())
    assert "SECRET" not in everything
    assert {
        "createCase.initialAlert.caller",
        "createCase.initialAlert.notes",
        "createCase.location.access",
        "createCase.location.freetext",
        "createCase.qualification.healthMotive",
        "createCase.qualification.victims.freetext",
        "createCase.freetext",
    } <= set(answer["dropped"])
    assert "SECRET" not in json.dumps(answer)


@pytest.mark.parametrize("enveloped", [True, False])
def test_xml_says_the_same_as_json(corg: Caller, enveloped: bool) -> None:
    number = m.case_id()
    document: dict[str, Any] = m.case(number)
    if enveloped:
        inner = m.envelope({}, content={"contentObject": {"contentXML": {"embeddedXMLContent": {
            "message": m.case(number)}}}})  # fmt: skip
        document = {"edxlDistribution": inner}
    answer = corg.push(m.xml(document), EDXL, content_type="application/xml")
    report = stored(answered(answer, 202))
    assert report.location["insee"] == "90033"
    assert kinds(report.reference) == [("90033", True)]


def test_the_same_distribution_twice_is_one(corg: Caller) -> None:
    document = m.envelope(m.case(m.case_id()))
    first, second = push(corg, document), push(corg, document, 200)
    assert first["id"] == second["id"]
    assert Report.objects.count() == 1
    assert "déjà reçu à l’identique" in journal()


def test_one_distribution_cannot_say_two_things(corg: Caller) -> None:
    number = m.case_id()
    document = m.envelope(m.case(number))
    push(corg, document)
    other = m.case(number, location={"city": {"inseeCode": "90052"}})
    again = m.envelope(other, distributionID=document["distributionID"])
    assert corg.push(again, EDXL).status_code == 409


def test_an_update_that_is_graver_is_told_and_a_cancellation_ends_it(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), sent=-30)))
    graver = m.case(number)
    graver["createCase"]["qualification"]["riskThreat"] = [{"code": "R05"}]
    assert stored(push(corg, m.envelope(graver, "Update", sent=-20))).severity == "extreme"
    cancelled = stored(push(corg, m.envelope(graver, "Cancel", sent=-10)))
    assert (cancelled.status, cancelled.state) == ("cancelled", ReportState.DECIDED)
    assert kinds(cancelled.reference) == [("90033", False)]


def test_an_update_of_an_unknown_case_is_a_first_report(corg: Caller) -> None:
    answer = push(corg, m.envelope(m.case(m.case_id()), "Update"))
    assert stored(answer).state == ReportState.DECIDED
    assert "affaire inconnue" in answer["note"]
    assert "affaire inconnue" in journal()
    assert Alert.objects.count() == 1


def test_a_cancellation_before_its_alert_leaves_nothing_to_tell(corg: Caller) -> None:
    number = m.case_id()
    cancelled = push(corg, m.envelope(m.case(number), "Cancel", sent=-10))
    stored(cancelled)
    assert "annulation reçue avant l’alerte" in cancelled["note"]
    late = stored(push(corg, m.envelope(m.case(number), sent=-20)))
    assert late.state == ReportState.SUPERSEDED
    assert Alert.objects.count() == 0


def test_a_report_that_was_overtaken_is_not_told(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), "Update", sent=-10)))
    assert stored(push(corg, m.envelope(m.case(number), sent=-20))).state == ReportState.SUPERSEDED
    assert Alert.objects.count() == 1


def test_resources_move_the_state_each_with_its_own_last_one(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), sent=-60)))
    same = push(corg, m.envelope(m.resources(number, A="DEPART", B="DECISION"), sent=-50), 200)
    assert "rien de nouveau" in same["note"]
    arrived = stored(push(corg, m.envelope(m.resources(number, A="ARRIVEE"), sent=-40)))
    assert arrived.status == "on_scene"
    # One is back, the other has not even arrived: it is not over.
    back = stored(push(corg, m.envelope(m.resources(number, A="REN-BASE"), sent=-30)))
    assert back.status == "engaged"
    ended = stored(push(corg, m.envelope(m.resources(number, B="ANNULE"), sent=-20)))
    assert ended.status == "closed"
    assert kinds(ended.reference) == [("90033", False)]


def test_resources_wait_for_their_case(corg: Caller) -> None:
    number = m.case_id()
    waiting = push(corg, m.envelope(m.resources(number, A="ARRIVEE"), sent=-5))
    assert waiting["id"] is None
    assert waiting["status_url"] is None
    assert "il l’attend" in waiting["note"]
    case = stored(push(corg, m.envelope(m.case(number), sent=-10)))
    assert (case.status, case.state) == ("on_scene", ReportState.DECIDED)
    assert not Distribution.objects.filter(is_pending=True).exists()


def test_resources_without_a_case_come_before_a_person(corg: Caller) -> None:
    number = m.case_id()
    push(corg, m.envelope(m.resources(number, A="ARRIVEE")))
    run_round()
    assert not Report.objects.exists()
    with time_machine.travel(timezone.now() + MAX_WAIT + timedelta(seconds=5), tick=True):
        run_round()
        lonely = Report.objects.get()
        decide(lonely.pk)
        lonely.refresh_from_db()
        assert lonely.state == ReportState.REVIEW
        # It comes after all: nobody needs to look any more.
        case = stored(push(corg, m.envelope(m.case(number), sent=-5)))
        lonely.refresh_from_db()
    assert (case.state, case.status, lonely.state) == (
        *(ReportState.DECIDED, "on_scene", ReportState.SUPERSEDED),
    )


def test_a_message_that_cannot_be_resolved_holds_up_no_other(
    corg: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pending, "BATCH_SIZE", 1)
    request_review = pending._request_review
    for number in (m.case_id(), m.case_id()):
        push(corg, m.envelope(m.resources(number, A="ARRIVEE")))
    poisoned = Distribution.objects.earliest("received_at")

    def fails(row: Distribution, status: Status) -> None:
        if row.pk == poisoned.pk:
            raise RuntimeError("poisoned")
        request_review(row, status)

    monkeypatch.setattr(pending, "_request_review", fails)
    with time_machine.travel(timezone.now() + MAX_WAIT + timedelta(seconds=5), tick=True):
        run_round()
        assert not Report.objects.exists()
        run_round()
    assert Report.objects.get().reference != poisoned.reference
    assert list(Distribution.objects.filter(is_pending=True)) == [poisoned]
    assert f"'distribution': {poisoned.pk}" in caplog.text


def test_cancelling_resources_does_not_cancel_the_report(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), sent=-9)))
    answer = corg.push(m.envelope(m.resources(number, A="ANNULE"), "Cancel"), EDXL)
    assert list(fields(answer)) == ["edxlDistribution.distributionKind"]
    assert Report.objects.count() == 1


@pytest.mark.parametrize(("status", "exercise"), [("Exercise", True), ("Test", True)])
def test_an_exercise_is_marked(corg: Caller, status: str, exercise: bool) -> None:
    document = m.envelope(m.case(m.case_id()), distributionStatus=status)
    assert stored(push(corg, document)).exercise is exercise


def test_an_exercise_cannot_end_what_is_real(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), sent=-9)))
    closing = m.envelope(m.resources(number, A="REN-BASE"), distributionStatus="Exercise")
    assert corg.push(closing, EDXL).status_code == 422
    assert kinds(adapted_reference(number)) == [("90033", True)]


@pytest.mark.parametrize(
    ("code", "known"), [("C01.01.77", "C01.01.00"), ("C01.88.01", "C01.00.00")]
)
def test_an_unknown_code_is_its_known_parent(corg: Caller, code: str, known: str) -> None:
    case = m.case(m.case_id())
    case["createCase"]["qualification"]["whatsHappen"]["code"] = code
    assert stored(push(corg, m.envelope(case))).category == known


def test_errors_are_given_by_path_in_order(corg: Caller) -> None:
    case = m.case("fr.x.y.z", creation="hier")
    case["createCase"]["location"]["geometry"] = {
        "point": {"coord": {"lat": 91, "lon": 7, "precision": "ENVIRON"}}
    }
    found = fields(corg.push(m.envelope(case), EDXL))
    assert list(found) == [
        "createCase.creation",
        "createCase.location.geometry.point.coord.lat",
        "createCase.location.geometry.point.coord.precision",
    ]
    assert found["createCase.location.geometry.point.coord.lat"] == "au plus 90.0"
    assert "EXACTE" in found["createCase.location.geometry.point.coord.precision"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"distributionKind": "Ack"}, "edxlDistribution.distributionKind"),
        ({"distributionStatus": "System"}, "edxlDistribution.distributionStatus"),
        ({"dateTimeSent": "2026-11-22T03:00:00"}, "edxlDistribution.dateTimeSent"),
        ({"dateTimeExpires": m.moment(-60)}, "edxlDistribution.dateTimeExpires"),
        ({"content": []}, "content"),
    ],
)
def test_an_envelope_that_alerts_nobody_is_refused(
    corg: Caller, changes: dict[str, Any], field: str
) -> None:
    answer = corg.push(m.envelope(m.case(m.case_id()), **changes), EDXL)
    assert answer.status_code == 422
    assert list(fields(answer)) == [field]


def test_corsica_passes(db: None) -> None:
    from tests.intake.samples import source

    corsica = Caller(source("CORG 2A", "2A"))
    case = m.case(m.case_id(), location={"city": {"inseeCode": "2A004", "name": "Ajaccio"}})
    report = stored(push(corsica, m.envelope(case)))
    assert report.communes == ["2A004"]


def test_a_malformed_code_is_named_by_its_path(corg: Caller) -> None:
    case = m.case(m.case_id(), location={"city": {"inseeCode": "2A-04"}})
    assert list(fields(corg.push(m.envelope(case), EDXL))) == ["createCase.location.city.inseeCode"]


def test_another_departement_is_refused(corg: Caller) -> None:
    case = m.case(m.case_id(), location={"city": {"inseeCode": "44018", "name": "Bouaye"}})
    assert corg.push(m.envelope(case), EDXL).status_code == 403
    assert not Distribution.objects.exists()


def test_a_dry_run_stores_nothing(corg: Caller) -> None:
    answer = answered(corg.push(m.envelope(m.case(m.case_id())), f"{EDXL}?dry_run=true"), 200)
    assert answer["tellings"][0]["commune"]["code"] == "90033"
    assert "createCase.initialAlert.caller" in answer["dropped"]
    assert not Distribution.objects.exists()
    assert not Report.objects.exists()


def test_a_bare_case_counts_by_its_arrival(corg: Caller) -> None:
    number = m.case_id()
    case = m.case(number)
    first, again = push(corg, case), push(corg, case, 200)
    assert first["id"] == again["id"]
    graver = m.case(number)
    graver["createCase"]["qualification"]["victims"]["count"] = "BEAUCOUP"
    assert stored(push(corg, graver)).severity == "extreme"


def test_an_end_that_names_another_place_is_the_end_of_what_was_told(corg: Caller) -> None:
    number = m.case_id()
    stored(push(corg, m.envelope(m.case(number), sent=-9)))
    elsewhere = m.case(number, location={"city": {"inseeCode": "90052"}}, creation=m.moment(-9e5))
    ended = stored(push(corg, m.envelope(elsewhere, "Cancel")))
    assert (ended.status, ended.communes) == ("cancelled", ["90033"])
    assert kinds(ended.reference) == [("90033", False)]
