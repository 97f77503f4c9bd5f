"""Sources and pauses in the browser: keys shown once, changes signed, and only one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.throttling.pause import pause
from notifier.delivery.models import Pause
from notifier.intake.access.api_keys import KeyRefusedError, add_source, source_of
from notifier.intake.models import Source, SourceActivity
from notifier.journal.models import Entry, Step
from tests.harness.accounts import add_account, add_superuser, logged_in
from tests.harness.log_in import prove

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="pages of sources ask nothing special of SQL"),
]


@pytest.fixture
def centre() -> tuple[Source, str]:
    """A dispatch centre of the Territoire de Belfort, and its key."""
    new = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    return new.source, new.key


@pytest.fixture
def browser(centre) -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="A. Dupont"))


def url(name: str, *arguments: object) -> str:
    return reverse(f"console:{name}", args=arguments)


def shared() -> Source:
    """A centre that also speaks for a département of others."""
    added = add_source("CORG 25", ["90", "25"], service="Gendarmerie", duty_email="", signed=False)
    return added.source


def test_a_key_is_replaced_with_an_overlap_and_shown_once(browser, centre) -> None:
    source, old = centre
    page = browser.post(url("source-key", source.pk), {"overlap": "24"})
    new = page.context["key"]
    assert new in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert source_of(old) == source_of(new) == source
    page = browser.get(url("source", source.pk))
    assert new not in page.content.decode()
    assert page.context["key_made_at"] > source.created_at
    entry = Entry.objects.get(step=Step.SOURCE)
    assert "A. Dupont" in entry.text
    at_once = browser.post(url("source-key", source.pk), {"overlap": "0"}).context["key"]
    with pytest.raises(KeyRefusedError):
        source_of(new)
    assert source_of(at_once) == source


def test_what_is_done_with_a_key_asks_for_the_password_again(centre) -> None:
    source, key = centre
    user = add_account(Role.GROUPEMENT, "90")
    user.set_password("un mot de passe des tests")
    user.save()
    stale = logged_in(user)
    prove(stale, age_s=1200)
    for name, arguments in (
        ("source-key", [source.pk]), ("source-revoke", [source.pk]), ("source-new", [])
    ):  # fmt: skip
        answer = stale.post(url(name, *arguments), {"overlap": "0"})
        assert answer.status_code == 302, name
        assert "/connexion" in answer.headers["Location"]
    assert source_of(key) == source


def test_a_source_is_created_for_ones_own_departements(browser) -> None:
    asked = {
        "name": "PSIG 90", "service": "Gendarmerie", "departements": ["90"],
        "duty_email": "", "duty_phone": "03 53 01 00 90", "rate_per_minute": "60", "signed": "on",
    }  # fmt: skip
    page = browser.post(url("source-new"), asked)
    new = Source.objects.get(name="PSIG 90")
    assert source_of(page.context["key"]) == new
    assert new.signing_secret in page.content.decode()
    assert (new.rate_per_minute, new.duty_phone) == (60, "+33353010090")
    refused = browser.post(url("source-new"), {**asked, "name": "PSIG 25", "departements": ["25"]})
    assert refused.context["form"].errors["departements"]
    same = browser.post(url("source-new"), asked)
    assert same.context["form"].errors
    assert Source.objects.count() == 2


def test_it_is_changed_all_or_nothing_with_a_sentence_for_each_fault(browser, centre) -> None:
    source, _ = centre
    asked = {
        "name": "CORG 90", "service": "Gendarmerie", "departements": ["90"], "sms_cap": "200",
        "rate_per_minute": "600", "duty_phone": "12",
    }  # fmt: skip
    refused = browser.post(url("source-edit", source.pk), asked)
    assert refused.context["form"].errors["duty_phone"]
    assert Source.objects.get().sms_cap is None
    browser.post(url("source-edit", source.pk), {**asked, "duty_phone": "0353010090"})
    stored = Source.objects.get()
    assert (stored.sms_cap, stored.duty_phone) == (200, "+33353010090")
    assert "plafond de SMS par jour" in Entry.objects.get(step=Step.SOURCE).text
    browser.post(url("source-edit", source.pk), {**asked, "duty_phone": "", "sms_cap": ""})
    assert Source.objects.get().sms_cap is None


def test_the_order_of_its_providers_is_chosen_where_there_are_two(
    browser, centre, two_providers
) -> None:
    source, _ = centre
    asked = {
        "name": "CORG 90", "service": "Gendarmerie", "departements": ["90"],
        "rate_per_minute": "600", "sms_providers": "ovh,twilio",
    }  # fmt: skip
    assert browser.post(url("source-edit", source.pk), asked).status_code == 302
    assert Source.objects.get().sms_providers == ["ovh", "twilio"]
    assert "OVHcloud, puis Twilio" in browser.get(url("source", source.pk)).content.decode()
    browser.post(url("source-edit", source.pk), {**asked, "sms_providers": ""})
    assert Source.objects.get().sms_providers == []
    refused = browser.post(url("source-edit", source.pk), {**asked, "sms_providers": "fax"})
    assert refused.context["form"].errors["sms_providers"]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"departements": ["99"]}, "departements", "choix valide"),
        ({"departements": []}, "departements", "obligatoire"),
        ({"rate_per_minute": "0"}, "rate_per_minute", "supérieure ou égale à 1"),
        ({"duty_email": "permanence"}, "duty_email", "adresse"),
        ({"duty_phone": "0899 70 00 00"}, "duty_phone", "surtaxé"),
        ({"name": "CORG 90"}, "name", "existe déjà"),
        ({"reference_pattern": "(a+)+"}, "reference_pattern", "n’est pas compris"),
        ({"service": "www.gend.fr"}, "service", "ôtez-en un lien"),
    ],
)
def test_a_wrong_source_is_refused_at_its_field(
    browser, centre, wrong: dict[str, object], field: str, said: str
) -> None:
    asked = {"name": "PSIG 90", "service": "G", "departements": ["90"], "rate_per_minute": "600"}
    errors = browser.post(url("source-new"), asked | wrong).context["form"].errors
    assert list(errors) == [field]
    assert said in str(errors[field]).replace("&#x27;", "’")
    assert Source.objects.count() == 1


def test_a_crafted_form_changes_neither_key_nor_secret(browser, centre) -> None:
    source, key = centre
    asked = {
        "name": "CORG Belfort", "service": "Gendarmerie", "departements": ["90"],
        "rate_per_minute": "60", "reference_pattern": r"INC\d{3}", "key_hash": "0" * 64,
        "signing_secret": "whsec_x", "sealed_secret": "x", "previous_key_hash": "0" * 64,
        "overlap_until": "2099-01-01", "revoked_at": "2020-01-01", "signed": "on",
    }  # fmt: skip
    assert browser.post(url("source-edit", source.pk), asked).status_code == 302
    changed = source_of(key)
    assert (changed.name, changed.rate_per_minute) == ("CORG Belfort", 60)
    assert (changed.signing_secret, changed.revoked_at) == ("", None)
    assert (changed.previous_key_hash, changed.overlap_until) == ("", None)
    page = browser.get(url("source", source.pk)).content.decode()
    assert "INC123" in page
    assert changed.key_hash not in page


def test_a_key_is_revoked_and_given_anew(browser, centre) -> None:
    source, key = centre
    browser.post(url("source-revoke", source.pk))
    with pytest.raises(KeyRefusedError):
        source_of(key)
    page = browser.post(url("source-key", source.pk), {})
    assert source_of(page.context["key"]) == source


def test_who_has_not_all_its_departements_sees_it_and_touches_nothing(browser) -> None:
    other = shared()
    text = browser.get(url("sources")).content.decode()
    assert "CORG 25" in text
    assert "gérée par qui a tous ses départements" in text
    for name in ("source", "source-edit", "source-key", "source-revoke"):
        for answer in (browser.get(url(name, other.pk)), browser.post(url(name, other.pk))):
            assert answer.status_code in (404, 405), name
    asked = {"source": str(other.pk), "reason": "essai"}
    assert browser.post(url("pause"), asked).context["form"].errors["source"]
    assert browser.post(url("pause"), {**asked, "source": "tout"}).context["form"].errors["source"]
    assert not Pause.objects.exists()


def test_all_of_ones_sources_are_paused_by_one_button_and_every_page_says_so(browser) -> None:
    add_source("PSIG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    other = shared()
    page = browser.get(url("pause"))
    assert "toutes mes sources" in page.content.decode()
    assert "de toutes les sources" not in page.content.decode()
    browser.post(url("pause"), {"source": "miennes", "reason": "essai de la permanence"})
    assert Pause.objects.count() == 2
    pause(other, "B. Martin", "panne")
    for name in ("rules", "sources", "now"):
        text = browser.get(url(name)).content.decode()
        assert text.count("sont suspendus</strong>") == 3, name
        assert "essai de la permanence" in text
    text = browser.get(url("sources")).content.decode()
    assert text.count("Reprendre les envois") == 1
    browser.post(url("resume"))
    assert [one.who for one in Pause.objects.all()] == ["B. Martin"]


def test_a_reason_is_asked_for_and_names_nobody(browser) -> None:
    for reason in ("", "appeler le 06 39 98 00 01"):
        answer = browser.post(url("pause"), {"source": "miennes", "reason": reason})
        assert answer.context["form"].errors["reason"]
    assert not Pause.objects.exists()


def test_everything_is_paused_and_resumed_by_the_platform_alone(browser) -> None:
    platform = logged_in(add_superuser())
    platform.post(url("pause"), {"source": "tout", "reason": "panne d’un opérateur"})
    text = browser.get(url("sources")).content.decode()
    assert "Tous les envois sont suspendus" in text
    assert "Reprendre les envois" not in text
    browser.post(url("resume"))
    assert Pause.objects.count() == 1
    auditor = logged_in(add_account(Role.AUDITOR, "90"))
    assert "Tous les envois sont suspendus" in auditor.get("/compte").content.decode()
    assert "Reprendre les envois" in platform.get(url("sources")).content.decode()
    platform.post(url("resume"))
    assert not Pause.objects.exists()


def test_a_silent_source_stands_out_and_on_maintenant(browser, centre) -> None:
    source, _ = centre
    last = timezone.now() - timedelta(hours=5)
    SourceActivity.objects.create(source=source, last_push_at=last, per_hour=[3.0] * 168)
    assert "silencieuse" in browser.get(url("sources")).content.decode()
    now = browser.get(url("now")).content.decode()
    assert "CORG 90 ne transmet plus rien" in now
    shown = browser.get(url("source", source.pk)).content.decode()
    assert "15" in shown


def test_thirty_sources_cost_no_more_statements_than_one(
    browser, django_assert_max_num_queries
) -> None:
    for rows in (1, 29):
        for n in range(rows):
            add_source(f"C{rows}-{n}", ["90"], service="G", duty_email="", signed=False)
        pause(Source.objects.first(), "A. Dupont")
        with django_assert_max_num_queries(14):
            browser.get(url("sources"))
