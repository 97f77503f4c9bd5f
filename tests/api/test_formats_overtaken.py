"""Messages of other formats that their sender's clock puts before what was told already."""

from __future__ import annotations

import pytest

from notifier.delivery.models import Message
from notifier.intake.models import Report, ReportState
from tests.api.caller import Caller
from tests.api.foreign import EDXL, answered, push, push_cap, stored
from tests.intake import messages as m

pytestmark = pytest.mark.usefixtures("mayor")


def shown() -> list[Message]:
    return list(Message.objects.filter(recipient="duty", subject__contains="Message dépassé"))


def test_an_end_that_the_clock_puts_before_what_was_told(corg: Caller) -> None:
    """The sender was four minutes ahead, then somebody set its clock; EDXL-DE names no message."""
    case = m.case_id()
    first = stored(push(corg, m.envelope(m.case(case), sent=240)))
    answer = push(corg, m.envelope(m.case(case), "Cancel", sent=0))
    assert "dépassé" in answer["note"]
    overtaken = stored(answer)
    assert overtaken.pk != first.pk
    assert (overtaken.state, overtaken.status) == (ReportState.SUPERSEDED, "cancelled")
    assert overtaken.sequence < first.sequence
    (mail,) = shown()
    assert first.reference in mail.subject
    # Another of the same second finds a number as well.
    stored(push(corg, m.envelope(m.case(case), "Cancel", sent=0)))
    assert Report.objects.filter(incident__reference=first.reference).count() == 3


def test_an_end_of_the_same_second_as_what_was_told(corg: Caller) -> None:
    case, sent = m.case_id(), m.moment(-20)
    stored(push(corg, m.envelope(m.case(case), dateTimeSent=f"{sent[:19]}.900+00:00")))
    early = m.envelope(m.case(case), "Cancel", dateTimeSent=f"{sent[:19]}.100+00:00")
    overtaken = stored(push(corg, early))
    assert (overtaken.state, len(shown())) == (ReportState.SUPERSEDED, 1)


def test_an_aggravation_that_the_clock_puts_before_what_was_told(corg: Caller) -> None:
    case = m.case_id()
    stored(push(corg, m.envelope(m.case(case), sent=240)))
    graver = m.case(case)
    graver["createCase"]["qualification"]["riskThreat"] = [{"code": "R05"}]
    late = stored(push(corg, m.envelope(graver, "Update", sent=0)))
    assert (late.state, len(shown())) == (ReportState.SUPERSEDED, 1)


def test_an_end_that_a_later_update_took_back_by_its_clock(corg: Caller) -> None:
    sent, second = m.moment(-60), m.moment(-10)
    named = f"cod@prefecture.example,OV1,{sent}"
    stored(push_cap(corg, m.cap("OV1", sent=sent)))
    stored(push_cap(corg, m.cap("OV2", "Update", references=named, sent=second)))
    late = m.cap("OV3", "Cancel", references=named, info="", sent=m.moment(-30))
    assert stored(push_cap(corg, late)).state == ReportState.SUPERSEDED
    assert len(shown()) == 1


def test_the_dry_run_of_one_that_is_overtaken_tells_nobody(corg: Caller) -> None:
    case = m.case_id()
    stored(push(corg, m.envelope(m.case(case), sent=240)))
    cancel = m.envelope(m.case(case), "Cancel", sent=0)
    tried = answered(corg.push(cancel, f"{EDXL}?dry_run=true"), 200)
    assert (tried["state"], tried["tellings"]) == ("superseded", [])
    assert shown() == []


def test_resources_that_come_late_are_no_matter(corg: Caller) -> None:
    case = m.case_id()
    stored(push(corg, m.envelope(m.case(case), sent=-60)))
    stored(push(corg, m.envelope(m.resources(case, A="ARRIVEE"), sent=-20)))
    push(corg, m.envelope(m.resources(case, A="DEPART"), sent=-40), 200)
    assert not Message.objects.filter(recipient="duty").exists()


@pytest.mark.parametrize("kind", ["Cancel", "Update"])
def test_an_envelope_that_names_another_comes_after_it(corg: Caller, kind: str) -> None:
    """EDXL-DE's own reference: "distributionID,senderID,dateTimeSent"."""
    case, sent = m.case_id(), m.moment(240)
    first = m.envelope(m.case(case), dateTimeSent=sent)
    stored(push(corg, first))
    graver = m.case(case)
    graver["createCase"]["qualification"]["riskThreat"] = [{"code": "R05"}]
    named = f"{first['distributionID']},{first['senderID']},{sent}"
    answer = push(corg, m.envelope(graver, kind, sent=0, distributionReference=[named]))
    assert "edxlDistribution.distributionReference" not in answer["dropped"]
    assert stored(answer).state == ReportState.DECIDED
    assert shown() == []


def test_a_reference_of_an_envelope_that_names_nothing_is_named(corg: Caller) -> None:
    odd = m.envelope(m.case(m.case_id()), distributionReference="voir plus haut")
    assert "edxlDistribution.distributionReference" in push(corg, odd)["dropped"]
