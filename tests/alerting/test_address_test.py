"""A test text: clearly none, with a code that is read back, by which the address is confirmed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from notifier.alerting.address_test import (
    MAX_PER_ADDRESS,
    MAX_WRONG_ANSWERS,
    AddressTestError,
    answer_test,
    last_tests,
    send_test,
)
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.models import AddressTest
from notifier.delivery.models import Message
from notifier.directory.models import Address, AddressKind, Change, Mandate
from notifier.journal.models import Entry
from tests.directory.people import organisation, somebody

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("plain statements through Django"),
]
WHO = "Camille Durand"


@pytest.fixture
def mayor() -> Mandate:
    return somebody(organisation(), "Aubry", "maire", mobile="+33639980012", email="a@delle.fr")


@pytest.fixture
def mobile(mayor: Mandate) -> Address:
    return mayor.person.addresses.get(kind=AddressKind.MOBILE)


def _code() -> str:
    found = re.search(r"code\s: (\d{3}\s\d{3})", Message.objects.latest("id").body)
    assert found
    return found[1]


def test_the_text_is_clearly_a_test_and_takes_one_segment(mayor: Mandate, mobile: Address) -> None:
    test = send_test(mobile, mayor, WHO)
    text = Message.objects.get()
    assert text.address == "+33639980012"
    assert text.body.startswith("ESSAI - Alerte Maires, Delle : aucun fait n'est en cours.")
    assert sms_size(text.body).segments == 1
    assert text.incident_id is None
    assert test.code_hash not in text.body
    assert _code().replace(" ", "") not in test.code_hash


def test_the_code_confirms_the_address_and_it_is_in_the_journal(
    mayor: Mandate, mobile: Address
) -> None:
    Address.objects.update(failures=2, failing_since=timezone.now(), failing_reason="numéro mort")
    test = send_test(mobile, mayor, WHO)
    assert answer_test(test, mayor, f" {_code()} ", WHO)
    mobile.refresh_from_db()
    assert (mobile.confirmed_on, mobile.failures) == (timezone.localdate(), 0)
    change = Change.objects.get()
    assert (change.kind, change.author) == ("confirmation", WHO)
    sent, confirmed = Entry.objects.order_by("id")
    assert sent.text == (
        "maire de Delle (commune:90033), +33 6 •• •• •• 12 : essai envoyé, par Camille Durand."
    )
    assert "adresse confirmée par le code lu" in confirmed.text
    assert "639980012" not in sent.text + confirmed.text
    with pytest.raises(AddressTestError, match="terminé"):
        answer_test(test, mayor, _code(), WHO)


def test_a_mailbox_gets_it_by_mail(mayor: Mandate) -> None:
    send_test(mayor.person.addresses.get(kind=AddressKind.EMAIL), mayor, WHO)
    mail = Message.objects.get()
    assert mail.subject == "ESSAI - Alerte Maires, Delle\u00a0: votre code"
    assert mail.body.startswith("ESSAI.")


def test_codes_cannot_be_guessed(mayor: Mandate, mobile: Address) -> None:
    test = send_test(mobile, mayor, WHO)
    right = _code()
    wrong = "000000" if right != "000 000" else "111111"
    for _ in range(MAX_WRONG_ANSWERS):
        assert not answer_test(test, mayor, wrong, WHO)
    with pytest.raises(AddressTestError, match="trop de codes faux"):
        answer_test(test, mayor, right, WHO)
    mobile.refresh_from_db()
    assert mobile.confirmed_on is None


def test_a_code_lasts_half_an_hour(mayor: Mandate, mobile: Address) -> None:
    test = send_test(mobile, mayor, WHO)
    later = timezone.now() + timedelta(minutes=31)
    with time_machine.travel(later), pytest.raises(AddressTestError, match="trente minutes"):
        answer_test(test, mayor, _code(), WHO)


def test_nobody_is_pestered(mayor: Mandate, mobile: Address) -> None:
    for _ in range(MAX_PER_ADDRESS):
        send_test(mobile, mayor, WHO)
    with pytest.raises(AddressTestError, match="Trois essais"):
        send_test(mobile, mayor, "Dominique")
    assert Message.objects.count() == MAX_PER_ADDRESS
    AddressTest.objects.update(sent_at=timezone.now() - timedelta(minutes=61))
    send_test(mobile, mayor, WHO)
    assert last_tests([mobile.pk])[mobile.pk] == AddressTest.objects.latest("id")


def test_who_refused_and_who_has_no_screen_gets_none(mayor: Mandate, mobile: Address) -> None:
    Address.objects.filter(pk=mobile.pk).update(opted_out_at=timezone.now())
    mobile.refresh_from_db()
    with pytest.raises(AddressTestError, match="refusé"):
        send_test(mobile, mayor, WHO)
    landline = Address(person=mayor.person, kind=AddressKind.LANDLINE, value="+33199001234")
    with pytest.raises(AddressTestError, match="fixe"):
        send_test(landline, mayor, WHO)
    assert not Message.objects.exists()


def test_the_code_of_one_address_confirms_no_other(mayor: Mandate, mobile: Address) -> None:
    send_test(mobile, mayor, WHO)
    code = _code()
    other = send_test(mayor.person.addresses.get(kind=AddressKind.EMAIL), mayor, WHO)
    if _code() != code:
        assert not answer_test(other, mayor, code, WHO)
