"""A dry run stores nothing, and says what the push itself then does."""

import json
from typing import Any

import pytest
from django.db import connection

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Notification
from notifier.delivery.address import mask
from notifier.delivery.models import Message, MessageState
from notifier.intake.models import Report
from notifier.journal.models import Entry, Step
from tests.api.caller import Caller, refusal
from tests.api.people import MAIL, MOBILE, mayor
from tests.intake.samples import body


def _rows() -> dict[str, int]:
    """How many rows each table holds."""
    counts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            counts[table] = cursor.fetchone()[0]
    return counts


def _dry_run(corg: Caller, content: dict[str, Any]) -> dict[str, Any]:
    before = _rows()
    answer = corg.dry_run(content)
    assert answer.status_code == 200, answer.content
    assert _rows() == before
    said: dict[str, Any] = json.loads(answer.content)
    assert said["dry_run"] is True
    return said


def _push(corg: Caller, content: dict[str, Any]) -> Report:
    answer = corg.push(content)
    assert answer.status_code == 202, answer.content
    report = Report.objects.get(pk=json.loads(answer.content)["id"])
    decide(report.pk)
    report.refresh_from_db()
    return report


def _agree(said: dict[str, Any], done: Report, new: list[Message]) -> None:
    """What was said before, and what the push then did."""
    assert said["state"] == done.state
    assert (said["verdict"] or "") == done.verdict
    assert said["clues"] == done.clues
    told = [telling for telling in said["tellings"] if telling["messages"]]
    assert [t["commune"]["code"] for t in told] == [
        alert.organisation
        for alert in dict.fromkeys(
            each.alert
            for each in Notification.objects.filter(message__in=new).order_by("message_id")
        )
    ]
    promised = sorted(
        (m["channel"], m["address"], m["recipient"]) for t in told for m in t["messages"]
    )
    assert promised == sorted((m.channel, mask(m.address), m.title) for m in new)
    for message in new:
        (telling,) = told
        text = telling["sms"] if message.channel == "sms" else telling["subject"]
        assert text == (message.body if message.channel == "sms" else message.subject)
    rules = Entry.objects.filter(step=Step.DECIDED, data__report=str(done.pk)).order_by("id")
    if said["tellings"]:
        assert [t["rule"] for t in said["tellings"]] == [line.data["rule"] for line in rules]


def _messages_after(number: int) -> list[Message]:
    return list(Message.objects.filter(pk__gt=number).order_by("id"))


def _last() -> int:
    last = Message.objects.order_by("id").last()
    return last.pk if last else 0


def test_a_first_alert(corg: Caller) -> None:
    mayor()
    content = body()
    said = _dry_run(corg, content)
    (telling,) = said["tellings"]
    assert telling["commune"] == {"code": "90033", "name": "Delle"}
    assert telling["segments"] == 1
    assert "Delle" in telling["sms"]
    assert {m["address"] for m in telling["messages"]} == {mask(MOBILE), mask(MAIL)}
    assert MOBILE not in json.dumps(said)
    assert MAIL not in json.dumps(said)
    _agree(said, _push(corg, content), _messages_after(0))


def test_a_commune_without_contacts(corg: Caller) -> None:
    content = body()
    said = _dry_run(corg, content)
    assert said["tellings"][0]["messages"] == []
    done = _push(corg, content)
    assert said["state"] == done.state
    assert [m.recipient for m in _messages_after(0)] == ["duty"]


@pytest.mark.parametrize("category", ["C02.16.00", "C10.01.00"])
def test_a_category_that_is_withheld(corg: Caller, category: str) -> None:
    mayor()
    content = body(category=category)
    said = _dry_run(corg, content)
    (telling,) = said["tellings"]
    assert telling["kind"] is None
    assert telling["rule"] == "withheld"
    assert "n’est pas communiqué" in telling["reason"]
    _agree(said, _push(corg, content), _messages_after(0))
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("location", "state"),
    [
        ({"insee": "90033", "name": "Beaucourt"}, "review"),
        ({"insee": "90999"}, "review"),
        ({"insee": "90100"}, "review"),
        ({"name": "Montbéliard", "postal_code": "25200"}, "outside"),
    ],
)
def test_a_place_for_which_nobody_is_told(
    corg: Caller, location: dict[str, Any], state: str
) -> None:
    mayor()
    content = body(location=location)
    said = _dry_run(corg, content)
    assert said["state"] == state
    assert said["reason"]
    assert said["tellings"] == []
    done = _push(corg, content)
    # The duty, which is asked where it is, is nobody's mayor.
    _agree(said, done, [m for m in _messages_after(0) if m.recipient != "duty"])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"severity": "extreme"}, "update"),
        ({"severity": "minor"}, None),
        ({"status": "on_scene"}, None),
        ({"status": "closed"}, "end"),
        ({"status": "cancelled"}, "cancellation"),
    ],
)
@pytest.mark.parametrize("reached", [MessageState.ACCEPTED, MessageState.UNDELIVERED])
def test_what_follows_in_an_open_incident(
    corg: Caller, changes: dict[str, Any], kind: str | None, reached: MessageState
) -> None:
    mayor()
    content = body()
    _push(corg, content)
    Message.objects.update(state=reached)
    after = _last()
    later = content | {"sequence": 2} | changes
    said = _dry_run(corg, later)
    assert [telling["kind"] for telling in said["tellings"]] == [kind]
    _agree(said, _push(corg, later), _messages_after(after))


def test_a_cancellation_before_anything_was_sent_tells_nobody(corg: Caller) -> None:
    mayor()
    content = body()
    _push(corg, content)
    after = _last()
    later = content | {"sequence": 2, "status": "cancelled"}
    said = _dry_run(corg, later)
    _push(corg, later)
    assert said["tellings"][0]["messages"] == []
    assert _messages_after(after) == []


def test_a_move_to_another_commune(corg: Caller) -> None:
    mayor()
    mayor("90010", "+33639980713", "maire@beaucourt.example")
    content = body()
    _push(corg, content)
    Message.objects.update(state=MessageState.ACCEPTED)
    said = _dry_run(corg, content | {"sequence": 2, "location": {"insee": "90010"}})
    assert {t["commune"]["code"]: t["kind"] for t in said["tellings"]} == {
        "90010": "first",
        "90033": "cancellation",
    }


def test_a_number_that_was_received_with_another_content_is_refused_as_the_push_is(
    corg: Caller,
) -> None:
    content = body()
    _push(corg, content)
    other = content | {"severity": "extreme"}
    assert corg.push(other).status_code == 409
    answer = corg.dry_run(other)
    assert answer.status_code == 409
    assert "autre contenu" in refusal(answer)["error"]


def test_what_was_received_already_would_tell_nobody_anything_new(corg: Caller) -> None:
    mayor()
    content = body()
    _push(corg, content)
    said = _dry_run(corg, content)
    assert [telling["kind"] for telling in said["tellings"]] == [None]
