"""Of channels and quiet hours that a link changes, the owner is told as of addresses.

A stranger with a link that leaked could else silence what is not urgent, and nobody would know.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.content.gsm import sms_size
from notifier.delivery.models import Message
from notifier.directory.models import Change, Preferences
from notifier.directory.own_data import MAX_CHANGES
from notifier.journal.models import Entry
from tests.alerting.house import contact, number
from tests.console.test_answer_pages import text_of
from tests.console.test_own_changes import _duty, fresh
from tests.console.test_own_preferences import do, now, own, page
from tests.harness.accounts import add_account, logged_in

__all__ = ["_duty", "do", "fresh", "now", "page"]
pytestmark = pytest.mark.django_db
MAIL = "maire@delle.example"
OBJECTION = " Pas vous ? Gendarmerie : 03 53 01 00 90"
NIGHT = {"quiet_from": "22:00", "quiet_until": "7:30"}


@pytest.mark.parametrize(
    ("what", "values", "in_sms", "in_mail"),
    [
        (
            *("canaux", {"channels": "email"}),
            "canaux changés par votre lien : hors urgence, par courriel seulement.",
            "ce qui n’est pas urgent vous est adressé par courriel seulement",
        ),
        (
            *("canaux", {"channels": "sms"}),
            "canaux changés par votre lien : hors urgence, par SMS seulement.",
            "ce qui n’est pas urgent vous est adressé par SMS seulement",
        ),
        (
            *("calme", NIGHT),
            "heures calmes notées par votre lien : hors urgence, pas de SMS de 22h à 7h30.",
            "de 22 h 00 à 7 h 30, un SMS qui n’est pas urgent attend la fin de ces heures",
        ),
    ],
)
def test_a_choice_is_told_at_every_address_in_one_segment(
    page, do, fresh, what: str, values: dict[str, str], in_sms: str, in_mail: str
) -> None:
    do(what, **values)
    # The channel that is left out from now on is told all the same.
    (mail, text), (mobile, sms) = fresh()
    assert (mail, mobile) == (MAIL, number(1))
    at = timezone.localtime()
    assert sms == f"Alerte Maires, Delle : le {at:%d/%m} à {at.hour}h{at:%M}, {in_sms}{OBJECTION}"
    assert (sms_size(sms).segments, sms_size(sms).encoding) == (1, "GSM-7")
    assert text.startswith("Vos préférences d’alerte ont changé : Delle\nMadame, Monsieur,")
    assert in_mail in text
    assert "Appelez le 03 53 01 00 90 (Gendarmerie)" in text
    assert "/r/" not in sms + text


def test_so_is_the_return_to_all_channels_and_hours(page, do, fresh) -> None:
    do("canaux", channels="email")
    do("calme", **NIGHT)
    fresh()
    do("canaux", channels="")
    (_, text), (_, sms) = fresh()
    assert "hors urgence, par SMS et par courriel." in sms
    assert "vous est adressé par SMS et par courriel" in text
    do("calme", quiet_from="", quiet_until="")
    (_, text), (_, sms) = fresh()
    assert "heures calmes retirées par votre lien : les SMS viennent à toute heure." in sms
    assert "vos heures calmes sont retirées" in text


def test_a_save_that_changes_nothing_tells_nothing_and_is_not_counted(page, do, fresh) -> None:
    for _ in range(MAX_CHANGES + 1):
        assert do("canaux", channels="").status_code == 200
        assert do("calme", quiet_from="", quiet_until="").status_code == 200
    assert fresh() == []
    do("canaux", channels="sms")
    do("calme", **NIGHT)
    assert len(fresh()) == 4
    assert "Vos heures calmes sont notées" in text_of(do("calme", **NIGHT))
    do("canaux", channels="sms")
    assert fresh() == []
    assert Change.objects.filter(source="préférences de réception").count() == 2


def test_only_an_address_in_service_and_of_that_person_is_told(page, do, fresh) -> None:
    do("stop", adresse=str(own(number(1)).pk))
    do("ajouter", kind="mobile", value="06 39 98 00 09")
    fresh()
    do("canaux", channels="sms")
    assert [address for address, _ in fresh()] == [MAIL]


def test_they_count_with_addresses_in_the_bound_of_an_hour(page, do, fresh, now) -> None:
    mine = str(own(number(1)).pk)
    for _ in range(MAX_CHANGES // 4):
        do("stop", adresse=mine)
        do("reprendre", adresse=mine)
        do("canaux", channels="email")
        do("calme", quiet_from="21:00", quiet_until="7:00")
        do("canaux", channels="")
        do("calme", quiet_from="", quiet_until="")
    # The loop goes half as far again as the bound: what is beyond it was refused, and told nobody.
    assert Change.objects.filter(author__endswith="(par son lien)").count() == MAX_CHANGES
    fresh()
    before = Preferences.objects.values().get()
    for what, values in (
        ("canaux", {"channels": "sms"}),
        ("calme", NIGHT),
        ("stop", {"adresse": mine}),
    ):
        refused = do(what, **values)
        assert refused.status_code == 422
        assert "c’est trop par ce lien" in text_of(refused)
    assert Preferences.objects.values().get() == before
    assert fresh() == []
    now.shift(timedelta(hours=1))
    do("canaux", channels="sms")
    assert len(fresh()) == 2


def test_each_is_one_line_of_the_journal_which_names_nobody(page, do) -> None:
    entries = Entry.objects.filter(step="directory")
    before = entries.count()
    do("canaux", channels="email")
    do("calme", **NIGHT)
    do("calme", quiet_from="", quiet_until="")
    assert [entry.text for entry in entries.order_by("pk")[before:]] == [
        f"maire de Delle (commune:90033) : préférences changées ({what}) par le lien d’un texte, "
        "dit à 2 adresses de la personne."
        for what in (
            "hors urgence, par courriel seulement",
            "heures calmes de 22h à 7h30",
            "heures calmes retirées",
        )
    ]


def test_an_administrator_who_takes_it_back_tells_nobody_as_with_addresses(page, do, fresh) -> None:
    do("canaux", channels="email")
    fresh()
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    change = Change.objects.latest("pk").pk
    assert anne.post(f"/historique/{change}/annuler").status_code == 302
    assert not Preferences.objects.exists()
    assert fresh() == []


def test_the_page_says_so_before_it_is_done(page, do) -> None:
    said = "Un changement est dit aussitôt à toutes vos adresses en service"
    assert text_of(do("canaux", channels="email")).count(said) == 2


def test_nothing_of_it_reaches_the_others_of_the_organisation(page, do, fresh) -> None:
    contact("adjoint", rank=2, mobile=number(3))
    do("calme", **NIGHT)
    assert not Message.objects.filter(address__in=[number(2), number(3)], body__contains="calmes")
