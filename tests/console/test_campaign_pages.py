"""Elections and campaigns in a browser without scripts, and the page of whoever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.confirmations import send_due
from notifier.delivery.models import Message
from notifier.directory.models import (
    Address,
    Change,
    ConfirmationCampaign,
    ConfirmationRequest,
    Mandate,
)
from tests.directory.people import organisation, somebody
from tests.harness.accounts import add_account, add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("pages over the room's functions, which both databases run"),
]
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CAMPAIGN = {
    "name": "Printemps", "who": "all", "ends_on": "2026-12-24", "remind_after_days": "7",
    "max_reminders": "2",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="anne"))


@pytest.fixture
def two_mayors() -> tuple[Mandate, Mandate]:
    """Of one's own territory, and of another."""
    return (
        somebody(organisation(code="90033"), "Noyer", "maire", mobile="+33639980001",
                 email="anne@delle.example"),
        somebody(organisation(code="25056"), "Étranger", "maire", mobile="+33639980002"),
    )  # fmt: skip


def plain(answer: Any) -> str:
    """The page, its spaces as one types them."""
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return plain(answer)


def test_an_election_from_its_day_to_its_end(client: Client, two_mayors) -> None:
    mine, theirs = two_mayors
    assert "Aucune élection" in text(client, "/importer/election")
    for day, said in (("", "Donnez le jour"), ("2026-12-01", "à venir"), ("1999-01-01", "ancien")):
        answer = client.post("/importer/election", {"day": day})
        assert (answer.status_code, said in plain(answer)) == (422, True)
    answer = client.post("/importer/election", {"day": "2026-03-22", "departement": "25"})
    election = Change.objects.get()
    assert answer.headers["Location"] == f"/importer/election/{election.pk}"
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.is_confirmed, theirs.is_confirmed) == (False, True)
    assert "Élection du 22 mars 2026" in text(client, "/importer/election")
    shown = text(client, f"/importer/election/{election.pk}")
    assert "Noyer" in shown
    assert "Étranger" not in shown
    assert "s’annule comme les autres" in text(client, f"/importer/election/{election.pk}/terminer")
    client.post(f"/importer/election/{election.pk}/terminer")
    mine.refresh_from_db()
    assert mine.is_confirmed
    assert "Tout le monde est confirmé" in text(client, f"/importer/election/{election.pk}")
    ended = Change.objects.latest("pk")
    client.post(f"/historique/{ended.pk}/annuler")
    mine.refresh_from_db()
    assert not mine.is_confirmed


def test_who_administers_nothing_here_begins_no_election_of_everywhere(two_mayors) -> None:
    """An empty scope is nobody, never everybody."""
    somewhere = organisation("partenaire", "habitat-exemple")
    client = logged_in(add_account(Role.ORGANISATION, somewhere))
    client.post("/importer/election", {"day": "2026-03-22"})
    assert not Mandate.objects.filter(is_confirmed=False).exists()


def test_the_platform_names_a_departement(two_mayors) -> None:
    client = logged_in(add_superuser())
    assert client.post("/importer/election", {"day": "2026-03-22"}).status_code == 422
    client.post("/importer/election", {"day": "2026-03-22", "departement": "25"})
    assert Mandate.objects.get(is_confirmed=False).person.last_name == "Étranger"


def ask(client: Client) -> ConfirmationCampaign:
    assert "Aucune campagne" in text(client, "/importer/campagnes")
    answer = client.post("/importer/campagnes/nouvelle", CAMPAIGN)
    campaign = ConfirmationCampaign.objects.get()
    assert answer.headers["Location"] == f"/importer/campagnes/{campaign.pk}"
    send_due()
    return campaign


def links() -> dict[str, str]:
    found = {}
    for message in Message.objects.all():
        matched = re.search(r"/c/[\w-]{22}", message.body)
        assert matched
        found[message.channel] = matched[0]
    return found


def test_a_campaign_from_the_question_to_the_answers(client: Client, two_mayors) -> None:
    text(client, "/importer/campagnes/nouvelle?qui=unconfirmed")
    campaign = ask(client)
    assert {m.address for m in Message.objects.all()} == {"+33639980001", "anne@delle.example"}
    shown = text(client, f"/importer/campagnes/{campaign.pk}")
    assert "maire, Delle" in shown
    assert "sans réponse" in shown
    stranger = Client()
    opened = text(stranger, links()["sms"])
    for said in ("maire, Delle", "+33 6 •• •• •• 01", "C’est bien moi"):
        assert said in opened
    for unsaid in ("Noyer", "anne@", "639980001", "Menu principal", "<script"):
        assert unsaid not in opened
    assert not Address.objects.exclude(confirmed_on=None).exists()
    answer = stranger.post(links()["sms"], {"reponse": "oui"}, follow=True)
    assert "Merci" in plain(answer)
    assert Address.objects.exclude(confirmed_on=None).get().value == "+33639980001"
    assert "Merci" in text(stranger, links()["sms"])
    assert "Personne ici" in text(client, f"/importer/campagnes/{campaign.pk}?voir=sans-reponse")
    client.post(f"/importer/campagnes/{campaign.pk}/arreter")
    assert "plus valable" in text(stranger, links()["email"], 404)


def test_not_me_any_more_is_shown_to_the_administrator(client: Client, two_mayors) -> None:
    campaign = ask(client)
    before = list(Mandate.objects.order_by("pk").values())
    Client().post(links()["email"], {"reponse": "non"})
    assert list(Mandate.objects.order_by("pk").values()) == before
    assert "Noyer" in text(client, f"/importer/campagnes/{campaign.pk}?voir=plus-moi")


def test_whoever_is_it_no_more_is_not_confirmed_by_the_end_of_an_election(
    client: Client, two_mayors
) -> None:
    mine, _ = two_mayors
    client.post("/importer/election", {"day": "2026-03-22", "departement": "25"})
    election = Change.objects.get()
    ask(client)
    Client().post(links()["email"], {"reponse": "non"})
    page = f"/importer/election/{election.pk}/terminer"
    assert "1 autre, dont le titulaire a répondu « plus moi », reste à vérifier" in text(
        client, page
    )
    client.post(page)
    mine.refresh_from_db()
    assert not mine.is_confirmed
    assert "Noyer" in text(client, f"/importer/election/{election.pk}")


def test_what_is_no_link_or_no_answer_does_nothing(client: Client, two_mayors) -> None:
    ask(client)
    stranger = Client()
    for key in ("x", "x" * 22, "é" * 22, links()["sms"][3:] + "x"):
        assert "plus valable" in text(stranger, f"/c/{key}", 404)
    for body in ({}, {"reponse": "peut-être"}):
        stranger.post(links()["sms"], body)
    assert ConfirmationRequest.objects.get().answer == ""
    forged = Client(enforce_csrf_checks=True).post(links()["sms"], {"reponse": "oui"})
    assert forged.status_code == 403
    assert ConfirmationRequest.objects.get().answer == ""


def test_another_s_campaign_is_not_seen_nor_a_wider_one_stopped(client: Client, two_mayors) -> None:
    platform = logged_in(add_superuser())
    for departement in ("25", "90"):
        platform.post("/importer/campagnes/nouvelle", CAMPAIGN | {"departement": departement})
    theirs, mine = ConfirmationCampaign.objects.order_by("pk")
    for path in ("", "/arreter"):
        assert client.get(f"/importer/campagnes/{theirs.pk}{path}").status_code == 404
    assert client.post(f"/importer/campagnes/{theirs.pk}/arreter").status_code == 404
    ConfirmationRequest.objects.update(campaign=mine)
    shown = text(client, f"/importer/campagnes/{mine.pk}")
    assert "Noyer" in shown
    assert "Étranger" not in shown
    client.post(f"/importer/campagnes/{mine.pk}/arreter")
    assert ConfirmationCampaign.objects.filter(stopped_at=None).count() == 2


def test_a_campaign_that_cannot_begin_says_why(client: Client) -> None:
    answer = client.post("/importer/campagnes/nouvelle", CAMPAIGN)
    assert "personne à interroger" in plain(answer)
    answer = client.post("/importer/campagnes/nouvelle", CAMPAIGN | {"ends_on": "2026-11-24"})
    assert "jour à venir" in plain(answer)
    assert not ConfirmationCampaign.objects.exists()


@pytest.mark.parametrize("count", [1, 30])
def test_pages_take_a_bounded_number_of_statements(
    client: Client, count: int, django_assert_max_num_queries
) -> None:
    for number in range(count):
        somebody(organisation(), f"Essai{number}", rank=number + 1, email=f"m{number}@e.example")
    client.post("/importer/election", {"day": "2026-03-22"})
    election = Change.objects.get()
    client.post("/importer/campagnes/nouvelle", CAMPAIGN)
    campaign = ConfirmationCampaign.objects.get()
    for path in (
        "/importer/election",
        f"/importer/election/{election.pk}",
        "/importer/campagnes",
        f"/importer/campagnes/{campaign.pk}",
    ):
        with django_assert_max_num_queries(15):
            text(client, path)


def test_answers_by_hour_of_the_campaign_s_last_day(client: Client, two_mayors) -> None:
    ask(client)
    with time_machine.travel(datetime(2026, 12, 24, 22, 30, tzinfo=UTC), tick=False):
        assert "C’est bien moi" in text(Client(), links()["sms"])
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert "plus valable" in text(Client(), links()["sms"], 404)
