"""Whoever sees a text in the console, the administration, the API or a terminal sees no link."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.http import HttpResponse

from notifier.alerting.answer_link import answer_secret
from notifier.alerting.answers.answer import answer
from notifier.alerting.answers.find import find_by_secret
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.delivery.models import Message
from notifier.intake.access.api_keys import add_source
from notifier.journal.models import Entry
from notifier.logs import HideSecrets
from tests.alerting.house import hand_over
from tests.api.caller import Caller
from tests.console.world import build_world, every_page
from tests.harness.accounts import add_superuser, logged_in
from tests.harness.people import add_contact
from tests.intake.samples import body

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what is shown of a text is no matter of SQL"),
]


def secrets_of(rows: Iterator[Notification]) -> set[str]:
    return {
        answer_secret(row.alert.incident_id, row.alert.ref, row.recipient)
        for row in rows
        if row.alert is not None
    }


def text_of(shown: HttpResponse) -> str:
    content = b"".join(shown) if shown.streaming else shown.content
    return content.decode(errors="replace")


def test_no_page_answer_or_command_shows_the_link_of_anyone(capsys) -> None:
    world = build_world()
    add_contact(mobile="+33639980002", email="adjoint@delle.example", function="adjoint")
    new = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    dispatch = Caller(new)
    pushed = json.loads(dispatch.push(body(category="C04.02.01")).content)
    decide(pushed["id"])
    hand_over()
    alert = Alert.objects.get(category="C04.02.01", organisation="90033")
    told = Notification.objects.filter(alert=alert).select_related("alert")
    secrets = secrets_of(told)
    assert len(secrets) == 2
    assert all(find_by_secret(secret) for secret in secrets)
    sent = Message.objects.filter(notifications__in=told)
    assert all(any(secret in m.body for secret in secrets) for m in sent)
    first = told[0]
    answer(alert.pk, first.recipient, AnswerKind.TAKEN, AnswerMeans.LINK)
    arguments = {
        **world.arguments, "incident": alert.incident_id, "alert": alert.pk,
        "notification": first.pk, "report": pushed["id"],
    }  # fmt: skip
    client = logged_in(add_superuser())
    opened = 0
    for page in every_page():
        if not page.is_guarded:
            continue
        shown = text_of(client.get(page.address(arguments), headers={"Host": "127.0.0.1"}))
        opened += "/r/…" in shown
        assert not [s for s in secrets if s in shown], page.route
    assert opened >= 3, "the incident, its attestation, sending again"
    for row in (*sent, *told, alert):
        meta = row._meta
        address = f"/admin/{meta.app_label}/{meta.model_name}/"
        for path in (address, f"{address}{row.pk}/change/"):
            shown = text_of(client.get(path))
            assert not [s for s in secrets if s in shown], path
    for shown in (dispatch.status(pushed["id"]), dispatch.dry_run(body(category="C04.02.01"))):
        assert not [s for s in secrets if s in text_of(shown)]
    for command in (("timeline", alert.incident.reference), ("who", alert.incident.reference)):
        call_command(*command)
    printed = capsys.readouterr().out
    assert "/r/…" in printed
    assert not [s for s in secrets if s in printed]
    for entry in Entry.objects.all():
        assert not [s for s in secrets if s in f"{entry.text}{entry.data}"]


def test_a_log_line_of_the_page_holds_no_secret() -> None:
    record = logging.LogRecord("x", 20, "x", 1, "Not Found: %s", ("/r/AbCdEfGhJkMn",), None)
    HideSecrets().filter(record)
    assert record.getMessage() == "Not Found: /r/…"
