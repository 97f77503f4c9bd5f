"""CAP: several `info`, what an end ends, and whose clock counts."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.alerting.models import Alert
from notifier.delivery.models import Message
from notifier.intake.models import Distribution, Report, ReportState
from tests.api.caller import Caller
from tests.api.foreign import CAP, EDXL, answered, journal, kinds, push, push_cap, stored
from tests.harness.people import add_contact
from tests.intake import messages as m


@pytest.fixture(autouse=True)
def _mayors(db: None) -> None:
    for last, commune in enumerate(("90033", "90056", "90052"), start=1):
        mobile = f"+3363998000{last}"
        add_contact(commune=commune, function="maire", rank=1, mobile=mobile)


def code(*communes: str) -> str:
    return "".join(
        f"<geocode><valueName>INSEE</valueName><value>{commune}</value></geocode>"
        for commune in communes
    )


def alert(corg: Caller, identifier: str, *communes: str, sent: str = "") -> str:
    """Push an alert that is told; the reference by which others name it."""
    sent = sent or m.moment(-30)
    area = code(*(communes or ("90033",)))
    stored(push_cap(corg, m.cap(identifier, sent=sent, info=m.info("fr", area))))
    return f"cod@prefecture.example,{identifier},{sent}"


def all_stored(answer: dict[str, Any]) -> list[Report]:
    return [stored(one) for one in (answer, *answer["others"])]


# --- several info


def test_several_areas_in_several_infos_are_all_told(corg: Caller) -> None:
    infos = m.info("fr-FR", code("90033")) + m.info("fr-FR", code("90056", "90052"))
    report = stored(push_cap(corg, m.cap("SI1", info=infos)))
    assert sorted(kinds("SI1")) == [("90033", True), ("90052", True), ("90056", True)]
    assert report.verdict == "certain"


def test_the_same_info_twice_is_told_once(corg: Caller) -> None:
    infos = m.info("fr-FR", code("90033")) + m.info("fr-CA", code("90033"))
    stored(push_cap(corg, m.cap("SI2", info=infos)))
    assert Message.objects.filter(recipient__startswith="person:", channel="sms").count() == 1


GRAVE = m.info("fr-FR", code("90056"), severity="Extreme")
FAINT = m.info("fr-FR", code("90033"), severity="Minor")


@pytest.mark.parametrize(
    ("infos", "named"),
    [
        (FAINT + GRAVE, "severity"),
        (FAINT.replace("Fire", "Health") + GRAVE, "category, severity"),
        (FAINT + FAINT.replace("Immediate", "Past"), "urgency"),
        (FAINT + m.info("fr", severity="Minor", more="<expires>2099-01-01T00:00:00Z</expires>"),
         "expires"),
        (FAINT + m.info("fr", severity="Minor", more=f"<onset>{m.moment(-900)}</onset>"), "onset"),
        (FAINT + m.info("fr", severity="Minor", more="<responseType>AllClear</responseType>"),
         "responseType"),
    ],
)  # fmt: skip
def test_infos_that_say_different_things_are_refused_by_name(
    corg: Caller, infos: str, named: str
) -> None:
    refused = push_cap(corg, m.cap("SI3", info=infos), 422)
    (fault,) = refused["fields"]
    assert fault["field"] == "alert.info"
    assert f"({named})" in fault["message"]
    assert not Distribution.objects.exists()


def test_a_translation_is_named_and_is_no_second_alert(corg: Caller) -> None:
    infos = m.info("en-GB", code("90056"), severity="Minor") + m.info("fr-FR", code("90033"))
    answer = push_cap(corg, m.cap("SI4", info=infos + m.info("de", code("90033"))))
    stored(answer)
    assert kinds("SI4") == [("90033", True)]
    assert {"alert.info (en-GB)", "alert.info (de)"} <= set(answer["dropped"])


def test_what_is_read_in_part_is_named(corg: Caller) -> None:
    more = (
        "<category>Security</category><responseType>Evacuate</responseType>"
        "<eventCode><valueName>SAME</valueName><value>FRW</value></eventCode>"
        "<geocode><valueName>UGC</valueName></geocode>"
    )
    answer = push_cap(corg, m.cap("SI5", info=m.info("fr", code("90033"), more=more)))
    assert {"alert.info.category", "alert.info.responseType", "alert.info.eventCode"} <= set(
        answer["dropped"]
    )


def test_more_names_than_are_listed_are_said_to_be_more(corg: Caller) -> None:
    case = m.case(m.case_id())
    case["createCase"] |= {f"n{number}": 1 for number in range(300)}
    assert push(corg, m.envelope(case))["dropped"][-1] == "…"


def test_a_second_message_beside_an_envelope_is_not_passed_over(corg: Caller) -> None:
    document = {"edxlDistribution": m.envelope(m.case(m.case_id()))}
    both = document | m.case(m.case_id())
    assert corg.push(both, EDXL).status_code == 422
    inside = {"edxlDistribution": document["edxlDistribution"] | m.case(m.case_id())}
    assert corg.push(inside, EDXL).status_code == 422
    beside = push(corg, document | {"signature": "x"})
    assert "signature" in beside["dropped"]


# --- what an end ends


@pytest.mark.parametrize("ends", ["Cancel", "AllClear", "Past"])
def test_an_end_ends_all_that_it_names(corg: Caller, ends: str) -> None:
    one, other = alert(corg, "E1"), alert(corg, "E2", "90056")
    alert(corg, "E3", "90052")
    references = f"{one} {other}"
    if ends == "Cancel":
        body = m.cap("E9", "Cancel", references=references, info="")
    elif ends == "AllClear":
        info = m.info("fr", code("90033"), more="<responseType>AllClear</responseType>")
        body = m.cap("E9", "Update", references=references, info=info)
    else:
        info = m.info("fr", code("90033")).replace("Immediate", "Past")
        body = m.cap("E9", "Update", references=references, info=info)
    answer = push_cap(corg, body)
    ended = all_stored(answer)
    status = "cancelled" if ends == "Cancel" else "closed"
    assert [(i.reference, i.status) for i in ended] == [("E1", status), ("E2", status)]
    assert (kinds("E1"), kinds("E2"), kinds("E3")) == (
        *([("90033", False)], [("90056", False)], [("90052", True)]),
    )
    again = push_cap(corg, body, 200)
    assert (again["id"], again["others"]) == (answer["id"], answer["others"])


def test_one_that_has_ended_does_not_hide_the_others(corg: Caller) -> None:
    one, other = alert(corg, "H1"), alert(corg, "H2", "90056")
    all_stored(push_cap(corg, m.cap("H3", "Cancel", references=one, info="")))
    cancel = m.cap("H4", "Cancel", references=f"{one} {other}", info="", sent=m.moment(1))
    all_stored(push_cap(corg, cancel))
    assert kinds("H2") == [("90056", False)]


def test_what_was_not_heard_of_yet_is_ended_as_well(corg: Caller) -> None:
    one, sent = alert(corg, "U1"), m.moment(-30)
    references = f"cod@prefecture.example,U2,{sent} {one}"
    all_stored(push_cap(corg, m.cap("U3", "Cancel", references=references, info="")))
    assert kinds("U1") == [("90033", False)]
    late = m.cap("U2", sent=sent, info=m.info("fr", code("90056")))
    assert stored(push_cap(corg, late)).status == "cancelled"
    assert kinds("U2") == []


def test_an_end_that_names_only_an_update_not_heard_of_yet(corg: Caller) -> None:
    """The Cancel overtakes the Update that it names; the Update leads to its own first alert."""
    first = alert(corg, "C1")
    sent = m.moment(-20)
    cancel = m.cap("C3", "Cancel", references=f"cod@prefecture.example,C2,{sent}", info="")
    assert push_cap(corg, cancel)["id"] is None
    update = m.cap("C2", "Update", references=first, sent=sent, info=GRAVE)
    assert stored(push_cap(corg, update)).status == "cancelled"
    assert kinds("C1") == [("90033", False)]


def test_the_end_of_an_update_of_several_ends_them_all(corg: Caller) -> None:
    one, other = alert(corg, "M1"), alert(corg, "M2", "90056")
    sent = m.moment(-10)
    update = m.cap("M3", "Update", references=f"{one} {other}", sent=sent, info=FAINT)
    answer = push_cap(corg, update)
    stored(answer)
    assert (kinds("M1"), kinds("M2")) == ([("90033", True)], [("90056", True)])
    assert "M2" in answer["note"]
    named = f"cod@prefecture.example,M3,{sent}"
    all_stored(push_cap(corg, m.cap("M4", "Cancel", references=named, info="")))
    assert (kinds("M1"), kinds("M2")) == ([("90033", False)], [("90056", False)])


def test_a_cancellation_of_nothing_is_refused(corg: Caller) -> None:
    refused = push_cap(corg, m.cap("N1", "Cancel", info=""), 422)
    assert [fault["field"] for fault in refused["fields"]] == ["alert.references"]


def test_a_cancellation_ends_whatever_its_infos_say(corg: Caller) -> None:
    one = alert(corg, "W1")
    all_stored(push_cap(corg, m.cap("W2", "Cancel", references=one, info=FAINT + GRAVE)))
    assert kinds("W1") == [("90033", False)]


def test_what_is_past_is_not_going_on(corg: Caller) -> None:
    info = m.info("fr", code("90033")).replace("Immediate", "Past")
    past = stored(push_cap(corg, m.cap("P1", info=info)))
    assert (past.status, past.state) == ("closed", ReportState.DECIDED)
    assert not Message.objects.filter(recipient__startswith="person:").exists()


def test_the_dry_run_says_all_that_would_end(corg: Caller) -> None:
    one, other = alert(corg, "D1"), alert(corg, "D2", "90056")
    cancel = m.cap("D3", "Cancel", references=f"{one} {other}", info="")
    xml = {"content_type": "application/xml"}
    told = answered(corg.push(cancel, f"{CAP}?dry_run=true", **xml), 200)
    assert [t["commune"]["code"] for t in told["tellings"]] == ["90033", "90056"]
    assert Distribution.objects.count() == 2


# --- whose clock counts


@pytest.mark.parametrize("is_first", [True, False])
def test_an_explicit_reference_beats_the_clock(corg: Caller, is_first: bool) -> None:
    """The sender's clock was four minutes ahead, then somebody set it right."""
    sent = m.moment(240)
    cancel = m.cap("K2", "Cancel", references=f"cod@prefecture.example,K1,{sent}", info="")
    if not is_first:
        push_cap(corg, cancel)
    first = m.cap("K1", sent=sent, info=m.info("fr", code("90033")))
    last = stored(push_cap(corg, first))
    if is_first:
        assert kinds("K1") == [("90033", True)]
        last = stored(push_cap(corg, cancel))
    assert last.status == "cancelled"
    assert not any(is_open for _, is_open in kinds("K1"))


def test_a_chain_beats_the_clock_at_each_link(corg: Caller) -> None:
    sent, second = m.moment(240), m.moment(-20)
    alert(corg, "L1", sent=sent)
    graver = m.info("fr", code("90033"), severity="Extreme")
    update = m.cap(
        "L2", "Update", references=f"cod@prefecture.example,L1,{sent}", sent=second, info=graver
    )
    assert stored(push_cap(corg, update)).state == ReportState.DECIDED
    assert Alert.objects.get().severity == "extreme"
    named = f"cod@prefecture.example,L2,{second}"
    stored(push_cap(corg, m.cap("L3", "Cancel", references=named, info="", sent=m.moment(-5))))
    assert kinds("L1") == [("90033", False)]
    assert "reste engagée" not in journal()


def test_a_reference_dated_in_the_far_future_holds_nothing_back(corg: Caller) -> None:
    one = alert(corg, "F1")
    named = f"{one} cod@prefecture.example,F0,2099-01-01T00:00:00+00:00"
    update = m.cap("F2", "Update", references=named, info=m.info("fr", code("90033")))
    stored(push_cap(corg, update))
    ended = f"cod@prefecture.example,F2,{m.moment()}"
    all_stored(push_cap(corg, m.cap("F3", "Cancel", references=ended, info="", sent=m.moment(2))))
    assert kinds("F1") == [("90033", False)]


def test_what_names_only_the_one_before_it_joins_it_in_whatever_order(corg: Caller) -> None:
    """The last of a chain comes first: each only names the one before it."""
    first, second = m.moment(-50), m.moment(-40)
    area = m.info("fr", code("90033"))
    naming_second = f"cod@prefecture.example,Q2,{second}"
    last = m.cap("Q3", "Update", references=naming_second, sent=m.moment(-30), info=area)
    stored(push_cap(corg, last))
    naming_first = f"cod@prefecture.example,Q1,{first}"
    stored(push_cap(corg, m.cap("Q2", "Update", references=naming_first, sent=second, info=area)))
    assert Alert.objects.count() == 1
    named = f"cod@prefecture.example,Q3,{m.moment(-30)}"
    all_stored(push_cap(corg, m.cap("Q4", "Cancel", references=named, info="")))
    assert not Alert.objects.filter(is_open=True).exists()
