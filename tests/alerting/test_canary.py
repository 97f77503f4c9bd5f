"""End-to-end tests: sent, back, late, missing; told once, and once when over; counted nowhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.board.incidents import incidents_under_way
from notifier.alerting.canary import watch
from notifier.alerting.canary.runs import (
    OutageKind,
    find_outage,
    last_returned,
    start_if_due,
    start_run,
)
from notifier.alerting.canary_source import LATE_AFTER, canary_source
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.delayed import escalate_delayed
from notifier.alerting.models import Alert, CanaryRun, Notification, QuotaUsage
from notifier.alerting.throttling.pause import pause
from notifier.api.metrics import SnapshotCollector, take_snapshot
from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import NOT_PAUSED, Message, MessageState
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.silence import note_activity, silent_sources
from notifier.jobs.models import Heartbeat
from notifier.journal.counters import update_counters
from notifier.ops.doctor.fitness import check_canary
from notifier.territory.resolve import communes_in
from tests.harness.accounts import add_account, add_superuser, logged_in
from tests.harness.heartbeats import all_running
from tests.harness.people import add_contact
from tests.harness.variables import changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]

PHONE, OFFICER = "+33639980001", "exploitant@example.fr"
NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def mails(settings, monkeypatch, clock) -> list[tuple[str, str]]:
    """The mails that left without a queue: address and subject."""
    settings.ENVIRONMENT = changed(
        settings.ENVIRONMENT, CANARY_PHONE=PHONE, ALARM_EMAIL=OFFICER, CANARY_MINUTES=60
    )
    clock.move_to(NOW)
    sent: list[tuple[str, str]] = []

    def take(addresses: list[str], subject: str, body: str) -> int:
        sent.extend((address, subject) for address in addresses)
        return len(addresses)

    monkeypatch.setattr(watch, "mail_now", take)
    return sent


def sent_run() -> CanaryRun:
    """One whose text is on its way."""
    run = start_run()
    decide(*Report.objects.filter(state=ReportState.RECEIVED).values_list("pk", flat=True))
    run.refresh_from_db()
    return run


def comes_back(run: CanaryRun) -> None:
    """The receipt of its text comes now."""
    Message.objects.filter(pk=run.message_id).update(
        state=MessageState.DELIVERED, ended_at=timezone.now()
    )


def test_the_text_goes_to_the_test_number_and_to_nobody_else() -> None:
    """Everyone of the département has a mayor, and the place is certain."""
    for number, commune in enumerate(communes_in("90")[:5]):
        add_contact(commune=commune.code, mobile=f"+336399801{number:02}")
    run = sent_run()
    message = Message.objects.get()
    assert run.message == message
    assert (message.address, message.channel, message.lane) == (PHONE, "sms", "urgent")
    assert message.body == f"EXERCICE. Essai automatique {run.pk} de 3h00 : rien à faire."
    assert message.expires_at == run.sent_at + LATE_AFTER
    report = Report.objects.get()
    assert (report.state, report.verdict, report.exercise) == (ReportState.OUTSIDE, "certain", True)


def test_it_counts_nowhere(clock) -> None:
    anne = add_account(Role.GROUPEMENT, "90")
    run = sent_run()
    comes_back(run)
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()
    assert not QuotaUsage.objects.exists()
    update_counters()
    clock.shift(MINUTE)
    update_counters()
    shown = Client().get("/metrics").content.decode()
    source = canary_source()
    assert source.name not in shown
    assert not incidents_under_way(Alert.objects.all(), timezone.now()).under_way
    assert source.revoked_at
    for _ in range(3):
        clock.shift(10 * 24 * HOUR)
        note_activity()
        assert silent_sources(Source.objects.all()) == []
    page = logged_in(anne).get("/sources").content.decode()
    assert source.name not in page


def test_a_pause_of_everything_does_not_make_it_late() -> None:
    pause(None, "chef")
    assert sent_run().message is not None
    assert Message.objects.filter(NOT_PAUSED).count() == 1


def test_one_starts_each_period_whoever_asks(clock) -> None:
    assert start_if_due() is not None
    assert start_if_due() is None
    clock.shift(59 * MINUTE)
    assert start_if_due() is None
    clock.shift(MINUTE)
    assert start_if_due() is not None
    assert CanaryRun.objects.count() == 2


def test_each_minute_by_a_clock_that_trembles(clock, settings, mails) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, CANARY_MINUTES=1)
    for late in (0, 2, -3, 4, 0, -4):
        clock.shift(MINUTE + timedelta(seconds=late))
        run = start_if_due()
        assert run
        decide(Report.objects.latest("received_at").pk)
        run.refresh_from_db()
        comes_back(run)
        assert watch.look() is None
    assert mails == []


def test_one_that_is_late_is_told_once_and_once_that_it_is_over(clock, mails) -> None:
    comes_back(sent_run())
    assert watch.look() is None
    clock.shift(HOUR)
    late = sent_run()
    clock.shift(LATE_AFTER - MINUTE)
    assert watch.look() is None
    clock.shift(2 * MINUTE)
    outage = watch.look()
    assert outage
    assert outage.kind is OutageKind.LATE
    assert str(outage) == "the test of 2026-11-29T03:00:00Z is not back after 300 s"
    watch.look()
    # The next ones are no more than the same outage.
    clock.shift(55 * MINUTE)
    also = sent_run()
    watch.look()
    clock.shift(6 * MINUTE)
    watch.look()
    down = "Alerte Maires : les essais de bout en bout n’arrivent plus"
    assert [(to, plain(subject)) for to, subject in mails] == [(OFFICER, down)]
    comes_back(also)
    assert watch.look() is None
    watch.look()
    assert plain(mails[-1][1]) == "Alerte Maires : les essais de bout en bout arrivent de nouveau"
    assert len(mails) == 2
    late.refresh_from_db()
    assert (late.delivered_at, late.alarmed_at) == (None, None)


def test_one_that_comes_back_late_ends_its_own_outage(clock, mails) -> None:
    run = sent_run()
    clock.shift(6 * MINUTE)
    watch.look()
    clock.shift(MINUTE)
    comes_back(run)
    assert watch.look() is None
    assert len(mails) == 2
    clock.shift(3 * HOUR)
    watch.look()
    assert len(mails) == 3


def test_none_sent_within_two_periods_is_missing_until_one_is_back(clock, mails) -> None:
    comes_back(sent_run())
    clock.shift(2 * HOUR - MINUTE)
    assert watch.look() is None
    clock.shift(2 * MINUTE)
    outage = watch.look()
    assert outage
    assert outage.kind is OutageKind.MISSING
    watch.look()
    assert len(mails) == 1
    run = sent_run()
    assert find_outage()
    watch.look()
    comes_back(run)
    assert watch.look() is None
    assert len(mails) == 2


def test_after_a_night_without_the_service_the_first_one_is_waited_for(clock, mails) -> None:
    comes_back(sent_run())
    clock.shift(9 * HOUR)
    all_running()
    assert watch.look() is None
    clock.shift(MINUTE)
    run = sent_run()
    clock.shift(4 * MINUTE)
    Heartbeat.objects.update(seen_at=timezone.now())
    assert watch.look() is None
    comes_back(run)
    clock.shift(9 * HOUR)
    Heartbeat.objects.update(seen_at=timezone.now())
    assert watch.look()
    assert len(mails) == 1


@pytest.mark.parametrize("state", ["undelivered", "failed", "cancelled"])
def test_one_that_the_provider_refuses_is_told_at_once(mails, state) -> None:
    run = sent_run()
    Message.objects.filter(pk=run.message_id).update(state=state, error_code="30003")
    outage = watch.look()
    assert outage
    assert str(outage) == "the test of 2026-11-29T02:00:00Z was not delivered (30003)"
    assert len(mails) == 1


@pytest.mark.parametrize("is_blocked", [True, False])
def test_its_failure_tells_nobody_else(caplog, clock, is_blocked: bool) -> None:
    run = sent_run()
    clock.shift(2 * MINUTE)
    Message.objects.update(
        state=MessageState.PENDING, blocked_since=run.sent_at if is_blocked else None
    )
    escalate_delayed()
    Message.objects.filter(pk=run.message_id).update(
        state=MessageState.UNDELIVERED, error_code="30003", ended_at=timezone.now()
    )
    follow_up(Message.objects.get(pk=run.message_id))
    assert Message.objects.count() == 1
    assert "could not be told" not in caplog.text


def test_a_mail_server_that_does_not_answer_is_tried_again(clock, mails, monkeypatch) -> None:
    sent_run()
    clock.shift(6 * MINUTE)
    taken = watch.mail_now
    monkeypatch.setattr(watch, "mail_now", lambda *_: 0)
    watch.look()
    monkeypatch.setattr(watch, "mail_now", taken)
    watch.look()
    watch.look()
    assert len(mails) == 1


def test_without_an_address_the_accounts_of_the_platform_are_mailed(settings, clock, mails) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, ALARM_EMAIL="")
    user = add_superuser()
    sent_run()
    clock.shift(6 * MINUTE)
    watch.look()
    assert [address for address, _ in mails] == [user.email]


def test_without_a_test_number_all_is_off(settings, clock) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, CANARY_PHONE="")
    watch.tick()
    clock.shift(3 * HOUR)
    assert find_outage() is None
    assert not CanaryRun.objects.exists()
    assert json.loads(Client().get("/readyz").content)["canary"] == "off"


def test_probe_metrics_and_the_board_of_the_platform_say_it(clock) -> None:
    run = sent_run()
    clock.shift(6 * MINUTE)
    said = json.loads(Client().get("/readyz").content)
    assert said["canary"].endswith("is not back after 300 s")
    assert said["ready"] is False
    assert gauges()["notifier_canary_lost"] == 1
    page = logged_in(add_superuser()).get("/maintenant").content.decode()
    assert "essais de bout en bout" in page
    page = logged_in(add_account(Role.GROUPEMENT, "90")).get("/maintenant").content.decode()
    assert "bout en bout" not in page
    comes_back(run)
    assert json.loads(Client().get("/readyz").content)["canary"] == "ok"
    assert gauges()["notifier_canary_lost"] == 0
    assert gauges()["notifier_canary_seconds"] == pytest.approx(360, abs=5)
    last = last_returned()
    assert last == run


def gauges() -> dict[str, float]:
    return {
        sample.name: sample.value
        for metric in SnapshotCollector(take_snapshot()).collect()
        for sample in metric.samples
    }


def plain(text: str) -> str:
    """The text with the spaces of a keyboard."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_the_doctor_says_whether_it_is_on_and_comes_back(settings, clock) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, CANARY_PHONE="", ALARM_EMAIL="")
    assert [finding.mark.name for finding in check_canary()] == ["WARNING"] * 3
    settings.ENVIRONMENT = changed(
        settings.ENVIRONMENT,
        CANARY_PHONE=PHONE,
        ALARM_EMAIL=OFFICER,
        HEARTBEAT_URL="https://surveillance.example/x",
    )
    run = sent_run()
    [found] = check_canary()
    assert found.what == "Essais de bout en bout : aucun n’est encore revenu"
    comes_back(run)
    [found] = check_canary()
    assert found.what == (
        "Essais de bout en bout : le dernier, le 29 novembre 2026 à 3 h 00, est revenu"
    )
    clock.shift(3 * HOUR)
    [found] = check_canary()
    assert found.what == (
        "Essais de bout en bout : aucun essai n’est parti depuis le 29 novembre 2026 à 3 h 00 : un "
        "est dû toutes les 60 minutes"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("renew",),
        ("rotate",),
        ("revoke",),
        ("set", "--plafond-sms", "5"),
    ],
)
def test_its_source_has_no_key_to_replace_and_the_tests_go_on(command: tuple[str, ...]) -> None:
    name = canary_source().name
    action, *more = command
    said = StringIO()
    if action == "revoke":
        call_command("source", action, name, *more, stdout=said)
        assert "déjà révoquée" in said.getvalue()
    else:
        with pytest.raises(CommandError, match="essais de bout en bout du service"):
            call_command("source", action, name, *more)
    comes_back(sent_run())
    assert last_returned() is not None
    assert Source.objects.count() == 1


@pytest.mark.parametrize("page", ["cle", "revoquer", "modifier"])
def test_no_page_replaces_its_key_or_gives_it_a_departement(page: str) -> None:
    source = canary_source()
    platform = logged_in(add_superuser())
    given = {"name": source.name, "departements": ["90"], "service": "x", "duration": "24"}
    for ask in (platform.get, platform.post):
        answer = ask(f"/sources/{source.pk}/{page}", given, follow=True)
        assert "essais de bout en bout du service" in answer.content.decode()
    stored = Source.objects.get()
    assert (stored.key_hash, stored.departements) == (source.key_hash, [])
    comes_back(sent_run())
    assert last_returned() is not None
