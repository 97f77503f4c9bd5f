"""Maintenant, Cette nuit, Une intervention: who sees what; each action once, with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode
from time_machine import travel

from notifier.accounts.roles import Role
from notifier.alerting.answers.answer import answer
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, ManualAction, Notification
from notifier.alerting.sweep import upkeep
from notifier.delivery.models import Message, MessageState, ProviderHealth
from notifier.directory.models import Mandate, Organisation
from notifier.intake.models import Report, Source
from tests.alerting.house import (
    CONFLICT,
    DELLE,
    FIRE,
    GIROMAGNY,
    MAYORS,
    MISSING,
    SECRET,
    contact,
    hand_over,
    mayors,
    messages,
    number,
    push,
    refusing,
    told,
)
from tests.harness.accounts import add_account, add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="pages; their SQL is tried where it is written"),
]
WHY = {"why": "la mairie a rappelé"}


@pytest.fixture
def corg(source) -> Iterator[Source]:
    mayors("90033", "90052")
    return source


def client(role: Role, where: str | Organisation = "90") -> Client:
    return logged_in(add_account(role, where))


def groupement() -> Client:
    return client(Role.GROUPEMENT)


def plain(text: str) -> str:
    """Return a page with plain spaces for no-break ones."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


def of_commune(code: str) -> Client:
    return client(Role.ORGANISATION, Organisation.objects.get(kind="commune", code=code))


def page(browser: Client, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


# --- Maintenant


def test_the_board_shows_what_goes_on_and_refreshes_its_part_alone(corg) -> None:
    push(corg, category=FIRE)
    browser = groupement()
    text = page(browser, "/maintenant")
    assert "feu de forêt" in text
    assert "Delle" in text
    assert "+33" not in text
    part = browser.get("/maintenant", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="live"')
    assert "<html" not in part


def test_what_needs_a_person_is_on_top_with_what_to_do(corg) -> None:
    push(corg, "DOUBT", location=CONFLICT)
    push(corg, "LOST", category=FIRE)
    hand_over(refusing(number(1)))
    text = page(groupement(), "/maintenant")
    doubt = Report.objects.get(incident__reference="DOUBT")
    assert f"/verifications/{doubt.pk}" in text
    assert "Personne n’est joint" in text
    assert text.index("Communes à vérifier") < text.index("Interventions en cours")


def test_a_provider_that_fails_is_said_with_who_carries_its_texts(corg, two_providers) -> None:
    now = timezone.now()
    ProviderHealth.objects.create(
        provider="ovh", failures=3, reason="opérateur injoignable",
        failing_since=now - timedelta(minutes=4), set_aside_until=now + timedelta(minutes=1),
    )  # fmt: skip
    shown = plain(groupement().get("/maintenant").content.decode())
    assert "OVHcloud est en échec</strong> (opérateur injoignable ; premier échec" in shown
    assert "Ses SMS passent par l’autre opérateur" in shown


def test_an_empty_board_says_so(corg) -> None:
    assert "Aucune intervention en cours" in page(groupement(), "/maintenant")


def test_a_commune_sees_its_own_alerts_alone_and_no_doubt_of_others(corg) -> None:
    push(corg, "HERE", location=DELLE)
    push(corg, "THERE", location=GIROMAGNY)
    push(corg, "DOUBT", location=CONFLICT)
    push(corg, "KEPT", category=SECRET, location=DELLE)
    browser = of_commune("90033")
    text = page(browser, "/maintenant")
    assert "HERE" in text
    for hidden in ("THERE", "DOUBT", "KEPT", "retirer", "clore"):
        assert hidden not in text
    own = Report.objects.get(incident__reference="HERE").incident_id
    assert "Voir les lignes du journal" not in page(browser, f"/interventions/{own}")
    for reference in ("THERE", "DOUBT", "KEPT"):
        incident = Report.objects.get(incident__reference=reference).incident_id
        page(browser, f"/interventions/{incident}", 404)


@pytest.mark.parametrize("address", ["/maintenant", "/cette-nuit"])
def test_as_many_statements_for_thirty_incidents_as_for_one(
    corg, address, django_assert_max_num_queries
) -> None:
    browser = groupement()
    push(corg, "R0", location=CONFLICT)
    with django_assert_max_num_queries(24):
        browser.get(address)
    for n in range(10):
        push(corg, f"M{n}", category=MISSING)
        push(corg, f"D{n}", location=CONFLICT)
        push(corg, f"F{n}", category=FIRE, location=GIROMAGNY)
    with django_assert_max_num_queries(24):
        assert browser.get(address).status_code == 200


# --- Cette nuit


def test_a_night_is_listed_and_another_period_may_be_chosen(corg) -> None:
    push(corg, "TONIGHT")
    browser = groupement()
    local = timezone.localtime()
    chosen = {
        "du": (local - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "au": (local + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
    }
    answer = browser.get("/cette-nuit", chosen)
    assert [line.incident.reference for line in answer.context["lines"]] == ["TONIGHT"]
    long_ago = {"du": "2026-01-01T20:00", "au": "2026-01-02T08:00"}
    assert "Rien n’a été annoncé" in browser.get("/cette-nuit", long_ago).content.decode()
    backwards = browser.get("/cette-nuit", {"du": chosen["au"], "au": chosen["du"]})
    assert backwards.status_code == 422
    assert "inversez" in backwards.content.decode()
    assert browser.get("/cette-nuit", {"du": "x", "au": ""}).status_code == 422


def test_a_night_names_its_ends_in_words_and_what_is_still_in_doubt(corg) -> None:
    push(corg, "IN-DOUBT", location=CONFLICT)
    period = {"du": "2020-01-01T20:00", "au": "2020-01-02T08:00"}
    browser = groupement()
    night_of_2020 = page(browser, "/cette-nuit?" + urlencode(period))
    assert "Du 1er janvier 2020 à 20 h 00 au 2 janvier 2020 à 8 h 00" in plain(night_of_2020)
    assert "IN-DOUBT" not in night_of_2020
    for evening, morning in (("2019-12-31", "2020-01-01"), ("2020-01-02", "2020-01-03")):
        assert f"?du={evening}T20:00&amp;au={morning}T08:00" in night_of_2020
    assert "La nuit d’après" not in page(browser, "/cette-nuit")
    local = timezone.localtime()
    today = {
        "du": (local - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "au": (local + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
    }
    assert "IN-DOUBT" in page(browser, "/cette-nuit?" + urlencode(today))
    assert "IN-DOUBT" not in page(of_commune("90033"), "/cette-nuit?" + urlencode(today))


# --- Une intervention


def test_an_incident_is_told_whole_to_its_groupement(corg) -> None:
    report = push(corg, category=FIRE)
    hand_over()
    text = page(groupement(), f"/interventions/{report.incident_id}")
    for said in ("L132-3", messages(**MAYORS)[0].body.split(" :")[0], "Journal", "svg", "+33 6 ••"):
        assert said in text
    assert "Reçue de CORG 90" in text
    assert number(1) not in text


def test_an_incident_says_what_and_where_and_renews_itself_while_it_goes_on(corg) -> None:
    report = push(corg, "R9", category=FIRE)
    browser, address = groupement(), f"/interventions/{report.incident_id}"
    text = page(browser, address)
    assert "<h1>Feu de forêt, Delle</h1>" in text
    assert "Intervention R9" in plain(text)
    assert f'hx-get="{address}"' in text
    hand_over()
    push(corg, "R9", sequence=2, category=FIRE, status="closed")
    hand_over()
    assert "hx-get" not in page(browser, address)


def test_an_auditor_reads_it_without_any_address_and_may_do_nothing(corg) -> None:
    report = push(corg, category=FIRE)
    hand_over(refusing(number(1)))
    auditor = client(Role.AUDITOR)
    text = page(auditor, f"/interventions/{report.incident_id}")
    assert "L132-3" in text
    assert "+33 6" not in text
    assert "••" not in text
    assert "/renvoyer/" not in text
    assert "Voir les lignes du journal" not in text
    assert "/maintenant" not in text
    assert '<a href="/journal">Journal</a></li>' in text
    page(auditor, "/maintenant", 403)
    page(auditor, f"/interventions/{report.incident_id}/retirer", 403)


def test_whoever_has_a_part_of_a_source_reads_nothing_of_the_other_part(corg) -> None:
    Source.objects.update(departements=["90", "70"])
    corg.refresh_from_db()
    contact(commune="70550", mobile=number(7))
    report = push(corg, location={"communes": ["90033", "70550"]})
    text = page(client(Role.GROUPEMENT, "70"), f"/interventions/{report.incident_id}")
    assert ", Vesoul</h1>" in text
    assert "Delle" not in text


def test_a_dispatcher_reads_and_decides_but_does_not_act(corg) -> None:
    report = push(corg, category=FIRE)
    hand_over(refusing(number(1)))
    dispatcher = client(Role.DISPATCHER)
    text = page(dispatcher, f"/interventions/{report.incident_id}")
    assert "/renvoyer/" not in text
    for action in ("retirer", "clore"):
        answer = dispatcher.post(f"/interventions/{report.incident_id}/{action}", WHY)
        assert answer.status_code == 403
    assert not ManualAction.objects.exists()


def test_an_account_of_an_incident_takes_a_bounded_number_of_statements(
    corg, django_assert_max_num_queries
) -> None:
    contact("adjoint", mobile=number(3))
    few = push(corg, "FEW", category=FIRE)
    many = push(corg, "MANY", category=MISSING, location={"communes": ["90033", "90052"]})
    browser = groupement()
    for report in (few, many):
        with django_assert_max_num_queries(34):
            page(browser, f"/interventions/{report.incident_id}")


def test_a_text_is_sent_again_once_with_a_reason(corg) -> None:
    report = push(corg, category=FIRE)
    hand_over(refusing(number(1)))
    row = Notification.objects.get(address=number(1))
    address = f"/interventions/{report.incident_id}/renvoyer/{row.pk}"
    browser = groupement()
    assert "Renvoyer le texte" in page(browser, address)
    refused = browser.post(address, {"why": ""})
    assert refused.status_code == 422
    assert len(told(**MAYORS)) == 1
    assert browser.post(address, WHY).status_code == 302
    again = browser.post(address, WHY)
    assert again.status_code == 422
    assert "Quelqu’un d’autre" in again.content.decode()
    assert len(told(**MAYORS)) == 2


def test_one_more_is_told_by_choosing_among_those_who_were_not(corg) -> None:
    deputy = contact("adjoint", mobile=number(3), last_name="Aubry", first_name="Jeanne")
    report = push(corg)
    alert = Alert.objects.get()
    address = f"/interventions/{report.incident_id}/prevenir/{alert.pk}"
    browser = groupement()
    text = page(browser, address)
    assert "Jeanne Aubry, 1er adjoint (SMS)" in text
    foreign = Mandate.objects.get(organisation__code="90052")
    assert browser.post(address, WHY | {"person": foreign.pk}).status_code == 422
    assert browser.post(address, WHY | {"person": deputy.pk}).status_code == 302
    assert [m.address for m in messages(**MAYORS)] == [number(1), number(3)]


@pytest.mark.parametrize(("action", "word"), [("retirer", "annul"), ("clore", "termin")])
def test_an_end_by_hand_is_asked_then_told(corg, action, word) -> None:
    report = push(corg)
    hand_over()
    browser = groupement()
    address = f"/interventions/{report.incident_id}/{action}"
    assert "Delle" in page(browser, address)
    answer = browser.post(address, WHY, follow=True)
    assert WHY["why"] in answer.content.decode()
    assert word in messages(**MAYORS)[1].body.lower()
    assert browser.post(address, WHY).status_code == 422


def test_nobody_of_another_departement_ends_what_goes_on_here(corg) -> None:
    Source.objects.update(departements=["90", "70"])
    report = push(corg)
    hand_over()
    vesoul = client(Role.GROUPEMENT, "70")
    for action in ("", "/retirer", "/clore"):
        assert vesoul.get(f"/interventions/{report.incident_id}{action}").status_code == 404
    assert vesoul.post(f"/interventions/{report.incident_id}/clore", WHY).status_code == 404
    assert Alert.objects.get().is_open


def test_what_a_hard_quota_holds_is_let_go_by_a_person(corg) -> None:
    Source.objects.update(hard_cap=0)
    report = push(corg)
    alert = Alert.objects.get()
    browser = groupement()
    address = f"/interventions/{report.incident_id}/liberer/{alert.pk}"
    assert address in page(browser, "/maintenant")
    assert browser.post(address).status_code == 302
    assert Notification.objects.get(alert=alert).released_by


def test_the_platform_sees_all_of_it(corg) -> None:
    report = push(corg)
    browser = logged_in(add_superuser())
    page(browser, "/maintenant")
    page(browser, f"/interventions/{report.incident_id}")


# --- What was answered


@pytest.fixture
def asked(asking) -> Source:
    mayors("90033", "90052")
    push(asking, category=FIRE)
    hand_over()
    return asking


def test_the_board_says_that_nobody_answered_and_then_who_did(asked) -> None:
    browser = groupement()
    due_at = timezone.localtime(Alert.objects.get().answer_due_at)
    said = f"personne n’a répondu, suite à {due_at.hour} h {due_at:%M}"
    assert said in plain(page(browser, "/maintenant"))
    assert "sans réponse, suite à" in plain(page(browser, "/cette-nuit?du=" + _since()))
    alert = Alert.objects.get()
    answer(alert.pk, Notification.objects.get().recipient, AnswerKind.TAKEN, AnswerMeans.SMS)
    text = plain(page(browser, "/maintenant"))
    assert "Pris en charge" in text
    assert ", par SMS" in text
    assert "pris en charge : maire," in plain(page(browser, "/cette-nuit?du=" + _since()))


def test_what_expired_unanswered_stays_on_the_board_with_who_was_alarmed(asked) -> None:
    with travel(Alert.objects.get().expires_at + timedelta(minutes=2), tick=False):
        upkeep()
        browser = groupement()
        text = plain(page(browser, "/maintenant"))
        assert "Périmées sans réponse" in text
        assert "périmée sans réponse, permanence alertée à" in text
        shown = plain(page(browser, f"/interventions/{Alert.objects.get().incident_id}"))
        assert "personne n’a répondu avant la fin de l’alerte, permanence alertée à" in shown
        assert "La permanence est alertée" in shown


def test_the_board_says_until_when_the_duty_is_to_decide_what_is_contested(asked) -> None:
    alert = Alert.objects.get()
    answer(alert.pk, Notification.objects.get().recipient, AnswerKind.NOT_MINE, AnswerMeans.SMS)
    text = plain(page(groupement(), f"/interventions/{alert.incident_id}"))
    assert "pas ma commune" in text
    assert "; permanence alertée de nouveau à" in text


def _since() -> str:
    begins = timezone.localtime() - timedelta(hours=2)
    ends = timezone.localtime() + timedelta(hours=1)
    return f"{begins:%Y-%m-%dT%H:%M}&au={ends:%Y-%m-%dT%H:%M}"


def test_a_dispatcher_enters_what_a_mayor_said_on_the_telephone(asked) -> None:
    alert = Alert.objects.get()
    browser = client(Role.DISPATCHER)
    address = f"/interventions/{alert.incident_id}/reponse/{alert.pk}"
    assert address in page(browser, f"/interventions/{alert.incident_id}")
    assert "je m’en occupe" in page(browser, address)
    given = {"person": Notification.objects.get().recipient, "kind": "taken"}
    assert browser.post(address, given).status_code == 422
    assert browser.post(address, given | WHY).status_code == 302
    text = page(browser, f"/interventions/{alert.incident_id}")
    assert "saisie par une personne" in text
    assert ManualAction.objects.get().why == WHY["why"]
    again = browser.post(address, given | WHY)
    assert "déjà connue" in again.content.decode()


def test_whoever_may_not_act_enters_no_answer(asked) -> None:
    alert = Alert.objects.get()
    address = f"/interventions/{alert.incident_id}/reponse/{alert.pk}"
    for browser, status in (
        (of_commune("90033"), 403),
        (client(Role.AUDITOR), 403),
        (client(Role.DISPATCHER, "25"), 404),
    ):
        page(browser, address, status)
        assert browser.post(address, {"kind": "taken"} | WHY).status_code == status
    assert "/reponse/" not in page(of_commune("90033"), f"/interventions/{alert.incident_id}")


def test_no_page_shows_the_link_by_which_another_answers(asked) -> None:
    hand_over(refusing(number(1)))
    alert, row = Alert.objects.get(), Notification.objects.get()
    Message.objects.update(state=MessageState.UNDELIVERED)
    assert re.search(r"/r/[0-9A-Za-z]{12}", row.message.body)
    browser = groupement()
    for address in ("", f"/renvoyer/{row.pk}", f"/reponse/{alert.pk}", "/attestation"):
        text = page(browser, f"/interventions/{alert.incident_id}{address}")
        assert not re.search(r"/r/[0-9A-Za-z]{12}", text), address
