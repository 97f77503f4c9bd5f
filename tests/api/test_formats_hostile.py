"""The doors for EDXL-DE and CAP, pushed at by somebody who means harm or errs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from notifier.intake.correlation.pending import MAX_WAIT
from notifier.intake.models import Distribution, Report, Source
from tests.alerting.house import run_round
from tests.api.caller import Caller
from tests.api.foreign import EDXL, journal, kinds, push, push_cap, stored
from tests.intake import messages as m
from tests.intake.samples import body

pytestmark = pytest.mark.usefixtures("mayor")


def test_a_waiting_message_that_cannot_be_joined_holds_up_nobody(corg: Caller) -> None:
    first, second = "CORG90-2026-4101", "CORG90-2026-4102"
    for number in (first, second):
        push(corg, m.envelope(m.resources(number, A="ARRIVEE"), sent=-5))
    # The first one's intervention comes by the native door, then its département is taken away.
    corg.push(body(reference=first))
    Source.objects.update(departements=["25"])
    with time_machine.travel(timezone.now() + MAX_WAIT + timedelta(seconds=5), tick=True):
        run_round()
    assert not Distribution.objects.filter(is_pending=True).exists()
    assert "90033 n’est plus dans les départements" in journal()
    assert Report.objects.filter(incident__reference=second).exists()


def test_an_answer_stays_small_however_much_is_dropped(corg: Caller) -> None:
    many = {f"n{number}": 1 for number in range(4_000)}
    answer = push(corg, {"content": many | m.case(m.case_id())})
    assert len(answer["dropped"]) < 200


def test_a_message_wrapped_without_end_is_refused(corg: Caller) -> None:
    document: dict[str, Any] = m.case(m.case_id())
    for _ in range(300):
        document = {"content": document}
    assert corg.push(document, EDXL).status_code == 422


def test_a_text_in_the_place_of_a_code_is_not_repeated(corg: Caller) -> None:
    qualification = {"whatsHappen": {"code": "SECRET Jean Dupont"}}
    answer = corg.push(m.case(m.case_id(), qualification=qualification), EDXL)
    assert answer.status_code == 422
    assert "createCase.qualification.whatsHappen.code" in answer.content.decode()
    assert "SECRET" not in answer.content.decode()


def test_a_sender_joins_nothing_of_another_by_giving_the_same_number(corg: Caller) -> None:
    first = stored(push_cap(corg, m.cap("COD-1", sent=m.moment(-30))))
    closing = m.info("fr-FR", more="<responseType>AllClear</responseType>")
    same = m.cap("COD-1", info=closing).replace(b"<sender>cod@", b"<sender>other@")
    refused = push_cap(corg, same, 422)
    assert "un autre expéditeur" in refused["fields"][0]["message"]
    assert kinds(first.reference) == [("90033", True)]
