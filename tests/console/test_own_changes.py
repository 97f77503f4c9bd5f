"""Of what a link changes of its owner's addresses, the owner is told at those of before.

A link that leaked could else add a number, or have nothing sent to the owner's, unseen.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.content.gsm import sms_size
from notifier.delivery.models import Message
from notifier.directory.models import MAX_FAILURES, Address, Change, Organisation
from notifier.directory.own_data import MAX_CHANGES
from notifier.intake.models import Source
from notifier.journal.models import Entry
from tests.alerting.house import breakable, number
from tests.console.test_answer_pages import text_of
from tests.console.test_own_preferences import code_sent_to, do, now, own, page
from tests.harness.accounts import add_account, logged_in

__all__ = ["do", "now", "page"]
pytestmark = pytest.mark.django_db
MAIL = "maire@delle.example"
ALARM = "Pas vous ? "
CALL = "Gendarmerie : 03 53 01 00 90"


@pytest.fixture(autouse=True)
def _duty(asking) -> None:
    Source.objects.update(duty_phone="+33353010090")


@pytest.fixture
def fresh(page):
    """What was written since it was last asked: address and text, the mails' subject before it."""
    seen = set(Message.objects.values_list("pk", flat=True))

    def read() -> list[tuple[str, str]]:
        rows = Message.objects.exclude(pk__in=seen).order_by("channel", "address", "pk")
        found = [(m.address, breakable(f"{m.subject}\n{m.body}".strip())) for m in rows]
        seen.update(rows.values_list("pk", flat=True))
        return found

    return read


def add_number(do) -> Address:
    do("ajouter", kind="mobile", value="06 39 98 00 09")
    return own(number(9))


def test_a_number_that_was_added_and_confirmed_is_told_to_the_others(page, do, fresh) -> None:
    new = add_number(do)
    assert [address for address, _ in fresh()] == [number(9)]
    code = code_sent_to(number(9))
    do("code", adresse=str(new.pk), code="000 000")
    assert fresh() == []
    do("code", adresse=str(new.pk), code=code)
    (mail, text), (mobile, sms) = fresh()
    assert (mail, mobile) == (MAIL, number(1))
    at = timezone.localtime()
    assert f"Delle : le {at:%d/%m} à {at.hour}h{at:%M}, " in sms
    assert "le mobile finissant par 09 a été ajouté à vos adresses" in sms
    assert sms.endswith(f"{ALARM}{CALL}")
    assert sms_size(sms).segments == 1
    assert sms_size(sms).encoding == "GSM-7"
    assert text.startswith("Vos adresses d’alerte ont changé : Delle\nMadame, Monsieur,")
    assert "+33 6 •• •• •• 09 a été ajouté" in text
    assert "Appelez le 03 53 01 00 90 (Gendarmerie)" in text
    for secret in (number(9), "39 98 00 09", code, code.replace(" ", ""), "/r/"):
        assert secret not in sms + text


def test_a_removal_is_told_to_what_was_removed_as_well(page, do, fresh) -> None:
    do("retirer", adresse=str(own(number(1)).pk))
    (mail, text), (mobile, sms) = fresh()
    assert (mail, mobile) == (MAIL, number(1))
    assert "le mobile finissant par 01 a été retiré de vos adresses" in sms
    assert "+33 6 •• •• •• 01 a été retiré" in text
    assert not Address.objects.filter(value=number(1)).exists()


def test_a_stop_and_its_end_are_told(page, do, fresh) -> None:
    mine = str(own(number(1)).pk)
    do("stop", adresse=mine)
    (_, text), (mobile, sms) = fresh()
    assert mobile == number(1)
    assert "le mobile finissant par 01 n'est plus prévenu (STOP par votre lien)" in sms
    assert "STOP pour +33 6 •• •• •• 01 : plus rien n’y part, même d’urgent." in text
    # What was refused already is refused once.
    do("stop", adresse=mine)
    assert fresh() == []
    do("reprendre", adresse=mine)
    ((mail, text),) = fresh()
    assert mail == MAIL
    assert "+33 6 •• •• •• 01 est de nouveau accepté" in text


def test_what_is_not_in_service_is_told_nothing(page, do, fresh) -> None:
    own(MAIL).person.addresses.filter(value=MAIL).update(
        failures=MAX_FAILURES, failing_since=timezone.now()
    )
    do("stop", adresse=str(own(number(1)).pk))
    assert [address for address, _ in fresh()] == [number(1)]
    # One that fails comes back by a code that is read there: the others are told.
    do("reprendre", adresse=str(own(number(1)).pk))
    assert fresh() == []
    do("essai", adresse=str(own(MAIL).pk))
    do("code", adresse=str(own(MAIL).pk), code=code_sent_to(MAIL))
    assert own(MAIL).is_usable
    assert [address for address, text in fresh() if "de nouveau prévenu" in text] == [number(1)]


def test_nobody_is_told_of_a_number_that_never_was_in_service(page, do, fresh) -> None:
    new = str(add_number(do).pk)
    fresh()
    for what in ("stop", "reprendre", "retirer"):
        do(what, adresse=new)
    assert fresh() == []


def test_without_a_telephone_of_the_duty_the_organisation_s_is_named(page, do, fresh) -> None:
    Source.objects.update(duty_phone="")
    Organisation.objects.update(phone="03 84 36 66 66")
    mine = str(own(number(1)).pk)
    do("stop", adresse=mine)
    assert fresh()[-1][1].endswith(f"{ALARM}Delle : 03 84 36 66 66")
    do("reprendre", adresse=mine)
    fresh()
    Organisation.objects.update(phone="")
    do("stop", adresse=mine)
    assert fresh()[-1][1].endswith(f"{ALARM}Dites-le à qui tient l'annuaire.")


def test_links_do_not_flood_their_owner(page, do, fresh, now) -> None:
    mine = str(own(number(1)).pk)
    for _ in range(MAX_CHANGES // 2):
        do("stop", adresse=mine)
        do("reprendre", adresse=mine)
    told = fresh()
    assert len(told) == 2 * (MAX_CHANGES // 2) + MAX_CHANGES // 2
    for what, values in (
        ("stop", {"adresse": mine}),
        ("retirer", {"adresse": mine}),
        ("ajouter", {"kind": "mobile", "value": "06 39 98 00 09"}),
    ):
        refused = do(what, **values)
        assert refused.status_code == 422
        assert "c’est trop par ce lien" in text_of(refused)
    assert own(number(1)).is_usable
    assert fresh() == []
    now.shift(timedelta(hours=1))
    do("stop", adresse=mine)
    assert len(fresh()) == 2


def test_it_is_in_the_history_and_in_the_journal(page, do) -> None:
    do("retirer", adresse=str(own(number(1)).pk))
    entry = Entry.objects.filter(step="directory").latest("pk")
    assert entry.text == (
        "maire de Delle (commune:90033), +33 6 •• •• •• 01 : retiré par le lien d’un texte, dit à "
        "2 adresses de la personne."
    )
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    shown = text_of(anne.get("/organismes/commune/90033/historique"))
    assert "(par son lien)" in shown
    assert "+33 6 •• •• •• 01" in shown
    assert "lien d’un texte" in text_of(anne.get("/historique"))
    # And it is taken back there.
    assert anne.post(f"/historique/{Change.objects.latest('pk').pk}/annuler").status_code == 302
    assert own(number(1)).is_usable
