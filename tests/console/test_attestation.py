"""Attestation d’information: what is known and no more, each reader's own part, and its proof."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from fontTools.ttLib import TTFont

from notifier.accounts.roles import Role
from notifier.alerting.answers.answer import answer
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.console.attestation_pdf import FONTS
from notifier.console.attestation_words import NO_ANSWER
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory.models import Organisation
from notifier.intake.models import Incident
from notifier.journal.models import Entry
from tests.alerting.house import (
    FIRE,
    GIROMAGNY,
    contact,
    dispatch_centre,
    hand_over,
    number,
    push,
    refusing,
)
from tests.alerting.organisations import member, told_by_convention
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="no SQL of its own"),
]
MAIL = "maire@delle.example"
TAKEN = AnswerKind.TAKEN
# Letters that French needs, its quotation marks, dashes and spaces, and what masks an address.
FRENCH = "àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸ«»’–—…•·°€\u00a0\u202f"


@pytest.fixture
def incident(db) -> Incident:
    """The mayor has the SMS, the mail is with its server, the métropole's number is refused."""
    source = dispatch_centre()
    contact(mobile=number(1), email=MAIL)
    metropole = told_by_convention()
    member(metropole, mobile=3)
    push(source, "R1")
    hand_over(refusing(number(3)))
    sms = Message.objects.get(address=number(1))
    apply_receipt(sms.pk, Receipt(sms.provider_id, MessageState.DELIVERED))
    return Incident.objects.get(reference="R1")


def shown(client: Client, incident: Incident) -> Any:
    answer = client.get(f"/interventions/{incident.pk}/attestation")
    assert answer.status_code == 200
    return answer


def test_it_says_what_is_known_of_each_and_under_which_text(
    incident, django_assert_max_num_queries
) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    with django_assert_max_num_queries(14):
        facts = shown(client, incident).context["attestation"]
    commune, metropole = facts.organisations
    assert commune.under.startswith("article L2212-2 du code général")
    assert "convention « Convention métropolitaine » (règle" in metropole.under
    known = {text.channel: text.what_is_known for text in commune.texts}
    assert known["SMS"].startswith("reçu d’après l’accusé de l’opérateur ; que quelqu’un")
    assert known["courriel"].startswith("remis au serveur de courriel ; ni la réception")
    mail = next(text for text in commune.texts if text.channel == "courriel")
    assert mail.handed_at is not None
    assert mail.received_at is None
    (refused,) = metropole.texts
    assert refused.what_is_known.startswith("refusé")
    assert (refused.handed_at, refused.received_at) == (None, None)


def test_the_fingerprint_is_that_of_rows_which_anybody_can_hash(incident) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    before = shown(client, incident).context["attestation"].fingerprint
    rows = client.get(f"/interventions/{incident.pk}/attestation/lignes.txt").content
    assert hashlib.sha256(rows).hexdigest() == before
    assert number(1).encode() not in rows
    assert MAIL.encode() not in rows
    mail = Message.objects.get(address=MAIL)
    Message.objects.filter(pk=mail.pk).update(state=MessageState.UNDELIVERED)
    assert shown(client, incident).context["attestation"].fingerprint != before


def test_a_commune_attests_its_own_part_and_an_auditor_reads_no_address(incident) -> None:
    delle = Organisation.objects.get(kind="commune", code="90033")
    own = shown(logged_in(add_account(Role.ORGANISATION, delle)), incident)
    assert [one.name for one in own.context["attestation"].organisations] == ["Delle"]
    assert "Grand Belfort" not in own.content.decode()
    auditor = logged_in(add_account(Role.AUDITOR, "90"))
    assert "•" not in shown(auditor, incident).content.decode()
    elsewhere = logged_in(add_account(Role.GROUPEMENT, "25"))
    assert elsewhere.get(f"/interventions/{incident.pk}/attestation").status_code == 404


def test_it_holds_the_very_texts_that_each_organisation_was_sent(incident) -> None:
    facts = shown(logged_in(add_account(Role.GROUPEMENT, "90")), incident)
    commune, metropole = facts.context["attestation"].organisations
    sent = {message.address: message for message in Message.objects.all()}
    assert {(w.channel, w.body) for w in commune.wordings} == {
        ("SMS", sent[number(1)].body),
        ("courriel", sent[MAIL].body),
    }
    assert [w.body for w in metropole.wordings] == [sent[number(3)].body]
    assert escape(sent[number(1)].body) in facts.content.decode()
    delle = Organisation.objects.get(kind="commune", code="90033")
    own = shown(logged_in(add_account(Role.ORGANISATION, delle)), incident)
    assert own.content.decode().count('class="sms"') == 2


def test_another_text_is_another_fingerprint(incident) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    before = shown(client, incident).context["attestation"].fingerprint
    Message.objects.filter(address=MAIL).update(body="Autre chose.")
    assert shown(client, incident).context["attestation"].fingerprint != before


def test_what_is_issued_is_dated_signed_and_noted(incident) -> None:
    user = add_account(Role.AUDITOR, "90", name="Aude Itrice")
    client = logged_in(user)
    address = f"/interventions/{incident.pk}/attestation/etablir"
    page = client.post(address, {"format": "html"})
    signer = "par Aude Itrice, auditeur, Territoire de Belfort (90)"
    assert signer in page.content.decode().replace("\u00a0", " ")
    pdf = client.post(address, {"format": "pdf"}).content
    assert pdf.startswith(b"%PDF-")
    assert b"/Lang (fr-FR)" in pdf
    assert b"/Outlines" in pdf
    fingerprint = page.context["attestation"].fingerprint
    noted = Entry.objects.filter(incident_id=incident.pk, step="access", data__account=user.pk)
    assert [entry.data["fingerprint"] for entry in noted] == [fingerprint] * 2
    dispatcher = logged_in(add_account(Role.DISPATCHER, "90"))
    assert shown(dispatcher, incident)
    assert dispatcher.post(address, {"format": "pdf"}).status_code == 403


def test_it_says_what_was_answered_by_which_means_and_when(asking) -> None:
    contact(mobile=number(1))
    contact(mobile=number(2), commune="90052")
    push(asking, "R2", category=FIRE)
    push(asking, "R3", category=FIRE, location=GIROMAGNY)
    hand_over()
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    found = Incident.objects.get(reference="R2")
    before = shown(client, found).context["attestation"].fingerprint
    alert = Alert.objects.get(incident=found)
    answer(alert.pk, Notification.objects.get(alert=alert).recipient, TAKEN, AnswerMeans.VOICE)
    page = shown(client, found)
    (one,) = page.context["attestation"].organisations
    said = [(a.title, a.what, a.means) for a in one.answers]
    assert said == [("maire", "je m’en occupe", "au téléphone")]
    assert "au téléphone" in page.content.decode()
    assert page.context["attestation"].fingerprint != before
    rows = client.get(f"/interventions/{found.pk}/attestation/lignes.txt").content.decode()
    assert re.search(r"^reponse\|.*\|maire\|taken\|voice\|", rows, re.MULTILINE)
    address = f"/interventions/{found.pk}/attestation/etablir"
    assert client.post(address, {"format": "pdf"}).content.startswith(b"%PDF-")
    silent = shown(client, Incident.objects.get(reference="R3"))
    assert escape(NO_ANSWER) in silent.content.decode()
    assert not re.search(r"/r/[0-9A-Za-z]{12}", silent.content.decode())


@pytest.mark.parametrize("file", sorted(FONTS.glob("*.ttf")), ids=lambda file: file.stem)
def test_its_font_has_every_sign_of_french(file: Path) -> None:
    known = TTFont(file).getBestCmap()
    assert [sign for sign in FRENCH if ord(sign) not in known] == []
    assert (FONTS / "LICENSE").is_file()
