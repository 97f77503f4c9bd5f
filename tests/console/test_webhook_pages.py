"""Retours in the browser and at the prompt: set, tried, rotated, stopped; the secret shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.models import WebhookEvent
from notifier.alerting.webhooks.events import record_test
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.journal.models import Entry, Step
from tests.harness.accounts import add_account, logged_in
from tests.harness.log_in import prove

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="pages of sources ask nothing special of SQL"),
]

URL = "https://dispatch.example/retours"


@pytest.fixture
def centre() -> Source:
    """A dispatch centre of the Territoire de Belfort."""
    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).source


@pytest.fixture
def browser(centre) -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="A. Dupont"))


def url(name: str, source: Source) -> str:
    return reverse(f"console:{name}", args=[source.pk])


def set_up(browser: Client, source: Source) -> str:
    page = browser.post(url("webhook-edit", source), {"url": URL, "webhook_format": "json"})
    secret: str = page.context["secret"]
    return secret


def test_the_secret_is_shown_once_and_the_address_is_kept(browser, centre) -> None:
    assert "Aucun retour" in browser.get(url("source-webhook", centre)).content.decode()
    secret = set_up(browser, centre)
    stored = Source.objects.get()
    assert (stored.webhook_url, stored.webhook_secrets) == (URL, [secret])
    shown = browser.get(url("source-webhook", centre)).content.decode()
    assert URL in shown
    assert secret not in shown
    entry = Entry.objects.get(step=Step.SOURCE)
    assert "dotée d’une adresse de retours par A. Dupont" in entry.text
    assert entry.text in str(browser.get(url("source", centre)).context["history"])
    answer = browser.post(url("webhook-edit", centre), {"url": URL, "webhook_format": "edxl"})
    assert answer.status_code == 302
    assert Source.objects.get().webhook_format == "edxl"
    assert Source.objects.get().webhook_secrets == [secret]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("http://dispatch.example/", "doit commencer par https"),
        ("https://10.0.0.7/retours", "adresse interne"),
        ("https://169.254.169.254/latest/meta-data", "adresse interne"),
        ("https://[::ffff:10.0.0.7]/", "adresse interne"),
        ("https://[64:ff9b::a00:7]/", "adresse interne"),
        ("https://a:secret@dispatch.example/", "mot de passe dans l’adresse"),
        ("https://dispatch.example/#x", "ce qui suit"),
        ("https://dispatch.example:99999/", "forme d’une adresse"),
        ("https://", "n’a pas d’hôte"),
        ("ftp://dispatch.example/", "https"),
        ("https://dispatch.example/\\@10.0.0.7", "caractère"),
    ],
)
def test_an_address_that_nothing_is_posted_to_is_refused_with_its_reason(
    browser, centre, wrong: str, said: str
) -> None:
    page = browser.post(url("webhook-edit", centre), {"url": wrong, "webhook_format": "json"})
    assert said in str(page.context["form"].errors)
    assert Source.objects.get().webhook_url == ""


def test_the_secret_is_replaced_with_an_overlap_and_stopping_forgets_it(browser, centre) -> None:
    old = set_up(browser, centre)
    new = browser.post(url("webhook-secret", centre), {"overlap": "24"}).context["secret"]
    assert Source.objects.get().webhook_secrets == [new, old]
    now = browser.post(url("webhook-secret", centre), {"overlap": "0"}).context["secret"]
    assert Source.objects.get().webhook_secrets == [now]
    browser.post(url("webhook-stop", centre))
    stored = Source.objects.get()
    assert (stored.webhook_url, stored.webhook_secrets) == ("", [])
    assert browser.post(url("webhook-test", centre)).status_code == 404


def test_a_trial_is_recorded_and_what_becomes_of_it_is_shown(browser, centre) -> None:
    set_up(browser, centre)
    browser.post(url("webhook-test", centre))
    event = WebhookEvent.objects.get()
    assert "en route" in browser.get(url("source-webhook", centre)).content.decode()
    now = timezone.now()
    WebhookEvent.objects.update(
        due_at=None, given_up_at=now, attempts=1, attempted_at=now, error="réponse 401"
    )
    shown = browser.get(url("source-webhook", centre)).content.decode()
    assert "réponse 401" in shown
    assert "abandonné" in shown
    assert event.type == "webhook.test"


def test_what_its_software_does_not_take_stands_on_maintenant(browser, centre) -> None:
    set_up(browser, centre)
    centre.refresh_from_db()
    record_test(centre)
    page = reverse("console:now")
    assert "ne reçoit plus les réponses" not in browser.get(page).content.decode()
    since = timezone.now() - timedelta(minutes=3)
    WebhookEvent.objects.update(type="alert.taken", attempts=3, created_at=since, error="x")
    shown = browser.get(page).content.decode()
    assert "Le logiciel de CORG" in shown
    assert url("source-webhook", centre) in shown


def test_setting_it_asks_for_the_password_again(centre) -> None:
    user = add_account(Role.GROUPEMENT, "90")
    user.set_password("un mot de passe des tests")
    user.save()
    stale = logged_in(user)
    prove(stale, age_s=1200)
    asked = {"url": URL, "webhook_format": "json"}
    answer = stale.post(url("webhook-edit", centre), asked)
    assert (answer.status_code, Source.objects.get().webhook_url) == (302, "")


def test_a_page_costs_as_much_for_many_events(
    browser, centre, django_assert_max_num_queries
) -> None:
    set_up(browser, centre)
    centre.refresh_from_db()
    for _trial in range(30):
        record_test(centre)
    with django_assert_max_num_queries(12):
        browser.get(url("source-webhook", centre))


def test_the_command_sets_shows_rotates_and_stops(
    centre, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*options: str) -> list[str]:
        call_command("source", "webhook", "CORG 90", *options)
        return capsys.readouterr().out.splitlines()

    secret = printed("--url", URL, "--format", "edxl")[-1]
    assert Source.objects.get().webhook_secrets == [secret]
    assert f"  adresse : {URL}" in printed()
    new = printed("--rotate", "--overlap", "2h")[-1]
    assert Source.objects.get().webhook_secrets == [new, secret]
    assert printed("--off") == ["Retours arrêtés."]
    assert "pas de retours" in printed()[0]
    with pytest.raises(CommandError, match="https"):
        printed("--url", "http://dispatch.example/")
    with pytest.raises(CommandError, match="pas d’adresse"):
        printed("--test")
