"""`notifier doctor` finds what ails, names it, and says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.utils import timezone

from notifier.ops.doctor.findings import Finding, Level
from notifier.ops.local.stack import free_port
from notifier.simulator.client import Simulator
from notifier.simulator.ovh_account import variables
from tests.harness.https import server
from tests.harness.live import Live
from tests.harness.people import add_contacts
from tests.harness.variables import changed

CONTACT = "90010;maire;1;Essai;Alix;{};maire@belfort.example"


def test_a_whole_service_is_well(live: Live) -> None:
    live.service.add_contacts(CONTACT.format(live.service.new_number()))
    done = live.service.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert "SIMULÉ" in done.stdout
    assert re.search(r"\nRien à corriger ; \d+ points à regarder \(!\)\.\n$", done.stdout)
    assert live.service.key not in done.stdout


@pytest.mark.one_database(reason="the broker is the subject")
def test_a_frozen_broker_is_found(live: Live) -> None:
    live.service.freeze_broker()
    done = live.service.run("doctor")
    live.service.start_broker()
    assert done.returncode == 1
    assert "✗ Courtier : injoignable" in done.stdout


@pytest.mark.parametrize(
    ("fault", "found"),
    [("down", "✗ Twilio : injoignable"), ("smtp_down", "✗ Courriel : serveur injoignable")],
)
def test_a_provider_that_does_not_answer_is_found(live: Live, fault: str, found: str) -> None:
    live.simulator.fault(fault, seconds=60)
    done = live.service.run("doctor")
    live.simulator.clear_faults()
    assert done.returncode == 1
    assert found in done.stdout


@pytest.mark.django_db
def test_where_nobody_can_be_told_or_rung_today_is_named() -> None:
    from notifier.directory.contacts import Contact
    from notifier.directory.models import Address, Mandate
    from notifier.intake.access.api_keys import add_source
    from notifier.ops.doctor.content import check_sources_and_contacts
    from notifier.territory.resolve import communes_in

    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    add_contacts(
        *(
            Contact(commune=commune.code, function="maire", mobile=f"+3363998{n:04d}")
            for n, commune in enumerate(communes_in("90"))
        )
    )
    assert "101 communes dont" in [found.what for found in check_sources_and_contacts()][-1]
    yesterday = timezone.now() - timedelta(days=2)
    Mandate.objects.filter(organisation__code="90033").update(ends_on=yesterday.date())
    Address.objects.filter(person__mandates__organisation__code="90010").update(
        kind="courriel", value="maire@belfort.example"
    )
    said = [found.what for found in check_sources_and_contacts()][1:]
    assert [what.removeprefix("Contacts du département 90 : ") for what in said] == [
        "aucun n’est en fonction aujourd’hui dans 1 commune sur 101 : Delle (90033)",
        "aucun n’a de mobile dans 1 commune sur 101 : Belfort (90010)",
    ]


@pytest.mark.django_db
def test_what_is_held_by_hand_is_no_dead_worker_and_not_well() -> None:
    from notifier.alerting.throttling.pause import pause
    from notifier.delivery.models import Message
    from notifier.intake.access.api_keys import add_source
    from notifier.ops.doctor.content import check_waiting
    from tests.alerting.house import contact, number, push

    source = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    contact(mobile=number(1))
    push(source.source)
    pause(source.source, "chef")
    Message.objects.update(due_at=timezone.now() - timedelta(minutes=10))
    held, queue = check_waiting()
    assert (held.mark, held.what) == (Level.BAD, "Envois de « CORG 90 » suspendus : rien n’en part")
    assert held.remedy == "notifier resume 'CORG 90'"
    assert queue.mark is Level.GOOD


@pytest.mark.django_db
def test_a_secret_that_another_key_sealed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from notifier.intake.access.api_keys import add_source
    from notifier.ops.doctor.content import check_sources_and_contacts

    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=True)
    assert not any("SECRET_KEY" in found.what for found in check_sources_and_contacts())
    monkeypatch.setattr(settings, "SECRET_KEY", "another key" * 5)
    (found,) = (found for found in check_sources_and_contacts() if "SECRET_KEY" in found.what)
    assert found.mark is Level.BAD
    assert "notifier source reseal" in found.remedy


@pytest.mark.django_db
def test_a_webhook_that_is_not_taken_is_found_and_so_is_a_secret_that_does_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from notifier.alerting.models import WebhookEvent
    from notifier.alerting.webhooks.events import record_test
    from notifier.intake.access.api_keys import add_source
    from notifier.intake.access.webhooks import set_webhook
    from notifier.ops.doctor.content import check_sources_and_contacts

    def found(what: str) -> list[Finding]:
        return [found for found in check_sources_and_contacts() if what in found.what]

    source = add_source("CORG 90", ["90"], service="X", duty_email="", signed=False).source
    set_webhook(source, "https://dispatch.example/", "json", "chef")
    record_test(source)
    assert found("etours") == []
    WebhookEvent.objects.update(attempts=3, error="réponse 500", type="alert.taken")
    (failing,) = found("ne les prend plus")
    assert (failing.mark, failing.remedy) == (
        Level.WARNING,
        "notifier source webhook 'CORG 90', puis --test",
    )
    monkeypatch.setattr(settings, "SECRET_KEY", "another key" * 5)
    (broken,) = found("secret de ses retours")
    assert "--rotate" in broken.remedy


def _asked(monkeypatch: pytest.MonkeyPatch, **given: object) -> list[Finding]:
    from notifier.ops.doctor.providers import check_smtp, check_twilio

    monkeypatch.setattr(settings, "ENVIRONMENT", changed(settings.ENVIRONMENT, **given))
    return [*(check_smtp() if "EMAIL_URL" in given else check_twilio())]


@pytest.mark.parametrize("believed", [False, True])
def test_the_doctor_believes_whom_the_sender_believes(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, believed: bool
) -> None:
    """Behind a proxy that inspects TLS: green only where texts leave, and the remedy named."""
    account = b'{"status": "active", "type": "Full"}'
    with server(200, account, tls=certificate) as (url, asked):
        given = {"TWILIO_API_URL": url} | ({"CA_FILE": certificate} if believed else {})
        found = _asked(monkeypatch, **given)[0]
    assert (found.mark is Level.GOOD) == believed
    assert len(asked) == believed
    assert believed or ("injoignable" in found.what and "CA_FILE" in found.remedy)


def test_the_doctor_takes_the_proxy_that_the_sender_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(403) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        found = _asked(monkeypatch, TWILIO_API_URL="https://api.twilio.example")[0]
    assert asked == ["api.twilio.example:443"]
    assert "injoignable" in found.what and "HTTPS_PROXY" in found.remedy


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (401, b'{"code": 20003, "message": "Authenticate", "status": 401}', "refus"),
        (404, b'{"code": 20404, "message": "not found", "status": 404}', "refus"),
        (500, b"<html>", "500"),
        (200, b"<html>", "injoignable"),
        (200, b'{"status": "suspended", "type": "Full"}', "suspended"),
    ],
)
def test_what_the_account_says_of_itself(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, found: str
) -> None:
    with server(status, body) as (url, _):
        said = _asked(monkeypatch, TWILIO_API_URL=url)[0]
    assert said.mark is Level.BAD and found in said.what


class _Mails:
    """A server with a word of its own to one command; it must never be given a mail."""

    commands: list[str]

    def __init__(self, command: str = "", words: str = "") -> None:
        self.commands = []

        async def answer(*_: object) -> str:
            self.commands.append(command)
            return words

        if command:
            setattr(self, f"handle_{command}", answer)

    async def handle_RSET(self, *_: object) -> str:  # noqa: N802 # the name is aiosmtpd's
        self.commands.append("RSET")
        return "250 OK"

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802
        self.commands.append("DATA")
        return "250 OK"


@contextmanager
def _mail_server(handler: _Mails) -> Iterator[str]:
    running = Controller(handler, hostname="127.0.0.1", port=free_port())
    running.start()
    try:
        yield f"smtp://127.0.0.1:{running.port}"
    finally:
        running.stop()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "words", "mark", "found"),
    [
        ("", "", Level.GOOD, "accepte"),
        ("MAIL", "550 5.7.1 sender not allowed", Level.BAD, "refuse notre expéditeur (550)"),
        ("RCPT", "553 5.7.1 not logged in", Level.BAD, "refuse notre expéditeur (553)"),
        ("RCPT", "554 5.7.1 Relay access denied", Level.BAD, "refuse notre expéditeur (554)"),
        ("RCPT", "550 5.1.1 No such mailbox", Level.BAD, "p••••@gendarmerie.example"),
        ("RCPT", "450 4.7.1 Greylisted", Level.WARNING, "à plus tard"),
    ],
)
def test_the_doctor_asks_the_mail_server_all_that_a_mail_needs(
    monkeypatch: pytest.MonkeyPatch, command: str, words: str, mark: Level, found: str
) -> None:
    from notifier.intake.access.api_keys import add_source

    duty = "permanence@gendarmerie.example"
    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email=duty, signed=False)
    mails = _Mails(command, words)
    with _mail_server(mails) as url:
        (said,) = _asked(monkeypatch, EMAIL_URL=url)
    assert (said.mark, found in said.what) == (mark, True), said
    assert mails.commands == ([command] if command else ["RSET"])


def _said_of_ovh(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, **given: str) -> list[str]:
    from notifier.ops.doctor.providers import check_ovh

    ovh = variables(simulator.ovh, "a token") | given
    monkeypatch.setattr(settings, "ENVIRONMENT", changed(settings.ENVIRONMENT, **ovh))
    return [f"{found.mark.name} {found.what} {found.remedy}" for found in check_ovh()]


@pytest.fixture(scope="module")
def ovhcloud() -> Iterator[Simulator]:
    with Simulator.start("AC" + "0" * 32, "a token") as running:
        yield running


def test_what_ovhcloud_says_of_account_sender_and_receipts(
    ovhcloud: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifier.delivery.providers.ovh.webhook import callback_url

    account, receipts, sender = _said_of_ovh(ovhcloud, monkeypatch)
    assert account.startswith("GOOD") and "10000 crédits" in account
    assert receipts.startswith("WARNING") and callback_url() in receipts
    assert sender.startswith("GOOD") and "Gendarmerie" in sender


@pytest.mark.parametrize(
    ("fault", "given", "said"),
    [
        ("ovh_no_credit", {}, "BAD OVHcloud : plus de crédit SMS"),
        ("ovh_bad_key", {}, "BAD OVHcloud : identifiants refusés (403)"),
        ("ovh_bad_sender", {}, "BAD OVHcloud : expéditeur « Gendarmerie » inconnu du compte"),
        ("ovh_down", {}, "BAD OVHcloud : injoignable"),
        (None, {"OVH_SERVICE_NAME": "sms-other-1"}, "BAD OVHcloud : identifiants refusés (404)"),
        (None, {"OVH_CONSUMER_KEY": "another"}, "BAD OVHcloud : identifiants refusés (403)"),
    ],
)
def test_what_ails_at_ovhcloud_is_named(
    ovhcloud: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: str | None,
    given: dict[str, str],
    said: str,
) -> None:
    ovhcloud.reset()
    if fault:
        ovhcloud.fault(fault)
    found = _said_of_ovh(ovhcloud, monkeypatch, **given)
    assert any(line.startswith(said) for line in found), found


@pytest.mark.django_db
@pytest.mark.one_database("what the doctor says is no matter of SQL")
def test_an_order_that_names_who_is_not_configured_is_found() -> None:
    from notifier.intake.access.api_keys import add_source
    from notifier.ops.doctor.providers import check_routing

    add_source(
        "CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False,
        sms_providers=["ovh", "twilio"],
    )  # fmt: skip
    (found,) = check_routing()
    assert found.mark is Level.WARNING and "OVHcloud dans l’ordre" in found.what
    assert "--sms-providers aucun" in found.remedy
