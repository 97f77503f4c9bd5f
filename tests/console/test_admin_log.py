"""The administration on what happened and what is kept, which nobody can change there."""

import re
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert, Notification
from notifier.delivery.models import Message
from notifier.directory.models import Mandate
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report, Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Entry
from notifier.journal.write import timeline
from tests.alerting.house import REFUSED, TAKEN, hand_over
from tests.alerting.organisations import member, told_by_convention
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(
        "what a page says is no matter of SQL; its lists are tried by test_admin_queries.py"
    ),
]

INTERVENTIONS = "/admin/intake/report/"
LOG: tuple[type[Model], ...] = (Report, Alert, Notification, Message, Entry)
READ_ONLY = (*LOG, Source, Mandate)
MOBILE, MAIL = "+33639980001", "maire@delle.example"
# The code says Delle, the name says Giromagny.
CONFLICT = {"insee": "90033", "name": "Giromagny"}


@pytest.fixture
def source() -> Source:
    add_contact(mobile=MOBILE, email=MAIL)
    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).source


def push(source: Source, reference: str = "R1", sequence: int = 1, **body: Any) -> Report:
    """A road accident in Delle, where nothing else is said, received and decided."""
    usual = {
        "reference": reference, "sequence": sequence, "status": "engaged", "category": "C01.01.01",
        "severity": "severe", "occurred_at": timezone.now().isoformat(),
        "location": {"insee": "90033"},
    }  # fmt: skip
    reception = receive(source, NewReport.model_validate(usual | body))
    decide(reception.report_id)
    return Report.objects.get(pk=reception.report_id)


def list_of(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_nothing_stored_is_added_changed_or_deleted(
    admin_client: Client, source: Source, model: type[Model]
) -> None:
    push(source)
    stored = model._default_manager.first()
    assert stored is not None
    before = list(model._default_manager.order_by("pk").values())
    page = list_of(model)
    assert admin_client.get(page + "add/").status_code == 403
    assert admin_client.post(page + "add/", {}).status_code == 403
    changes = {
        "state": "delivered", "address": "+33639989999", "text": "rien", "commune": "90052",
        "name": "CORG 25", "sms_cap": "1", "rank": "9",
    }  # fmt: skip
    one = f"{page}{stored.pk}"
    assert admin_client.post(f"{one}/change/", changes).status_code == 403
    assert admin_client.get(f"{one}/delete/").status_code == 403
    assert admin_client.post(f"{one}/delete/", {"post": "yes"}).status_code == 403
    listed = admin_client.get(page)
    assert "delete_selected" not in listed.content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [stored.pk], "post": "yes"}
    admin_client.post(page, {**chosen, "index": 0, "select_across": 1})
    edited = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": stored.pk, "_save": "1"}
    admin_client.post(page, {**edited, **{f"form-0-{name}": v for name, v in changes.items()}})
    assert list(model._default_manager.order_by("pk").values()) == before


def test_an_address_is_masked_but_on_its_own_page(admin_client: Client, source: Source) -> None:
    report = push(source)
    sms = Message.objects.get(channel="sms")
    one = f"{list_of(Message)}{sms.pk}/change/"
    assert MOBILE in admin_client.get(one).content.decode()
    alert = Alert.objects.get()
    for page in (
        "/admin/", list_of(Message), f"{list_of(Message)}?q=R1", list_of(Entry), list_of(Alert),
        list_of(Notification),
        f"{list_of(Alert)}{alert.pk}/change/", INTERVENTIONS,
        f"{INTERVENTIONS}{report.pk}/change/",
    ):  # fmt: skip
        shown = admin_client.get(page).content.decode()
        assert MOBILE not in shown and "9980001" not in shown and MAIL not in shown, page
    assert "+33 6 •• •• •• 01" in admin_client.get(list_of(Message)).content.decode()


def test_the_pages_tell_what_happened_in_french(admin_client: Client, source: Source) -> None:
    report = push(source)
    page = admin_client.get(f"{INTERVENTIONS}{report.pk}/change/").content.decode()
    for said in ("Delle (90033)", "certaine", "traitée", "grave", "C01.01.01", "code INSEE"):
        assert said in page, said
    for line in timeline(report.incident_id):
        # What the journal says, as a page writes it.
        assert line.text.split(" : ")[0].replace("'", "&#x27;") in page
    alert = Alert.objects.get()
    shown = admin_client.get(f"{list_of(Alert)}{alert.pk}/change/").content.decode()
    assert "première alerte" in shown
    listed = admin_client.get(linked(shown, "Messages de cette alerte")).context["cl"]
    assert listed.result_count == Message.objects.count() == 2


def test_who_is_told_is_followed_to_the_attempts_at_it(
    admin_client: Client, source: Source
) -> None:
    report = push(source)
    hand_over(lambda message: REFUSED if message.channel == "sms" else TAKEN)
    page = admin_client.get(f"{INTERVENTIONS}{report.pk}/change/").content.decode()
    listed = admin_client.get(linked(page, "notifications"))
    told = {n.channel: n for n in listed.context["cl"].result_list}
    rows = listed.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for said in ("Delle (90033)", "maire (SMS +33 6 •• •• •• 01)", "confiée à l’envoi : refusé"):
        assert said in rows
    own = admin_client.get(f"{list_of(Notification)}{told['sms'].pk}/change/").content.decode()
    shown = admin_client.get(linked(own, f"SMS n° {told['sms'].message_id}")).content.decode()
    for said in ("Tentatives", "twilio", "refusé", "21211", "numéro invalide"):
        assert said in shown
    back = admin_client.get(linked(shown, "Notifications de ce message")).context["cl"]
    assert [n.pk for n in back.result_list] == [told["sms"].pk]


def test_why_nobody_is_told_is_read_beside_the_commune(
    admin_client: Client, source: Source
) -> None:
    push(source, category="C02.15.04")
    page = admin_client.get(f"{list_of(Notification)}?state__exact=suppressed").content.decode()
    assert "Delle (90033)" in page
    assert "« atteinte à une personne » n’est pas communiqué aux communes" in page


def test_an_organisation_is_shown_with_where_it_was_and_the_convention_that_told_it(
    admin_client: Client, source: Source
) -> None:
    member(told_by_convention(title="Convention de Belfort"), mobile=2)
    push(source)
    by_law, partner = Alert.objects.order_by("id")
    shown = admin_client.get(f"{list_of(Alert)}{partner.pk}/change/").content.decode()
    assert "Grand Belfort (epci:200069052), Delle" in shown
    assert "convention « Convention de Belfort » (règle" in shown
    shown = admin_client.get(f"{list_of(Alert)}{by_law.pk}/change/").content.decode()
    assert "code général des collectivités territoriales" in shown
    assert "epci:200069052" in admin_client.get(list_of(Notification)).content.decode()


def linked(page: str, text: str) -> str:
    """Where the link of this text leads."""
    found = re.search(f'href="([^"]+)">{text}<', page)
    assert found, text
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("model", LOG, ids=lambda model: model.__name__)
def test_everything_of_a_reference_is_found_by_it(
    admin_client: Client, source: Source, model: type[Model]
) -> None:
    push(source, "R1"), push(source, "R10")
    found = admin_client.get(f"{list_of(model)}?q=R1").context["cl"].result_list
    assert found
    assert {stored.incident_reference for stored in found} == {"R1"}
    assert not admin_client.get(f"{list_of(model)}?q=R2").context["cl"].result_list


@pytest.mark.parametrize("model", LOG, ids=lambda model: model.__name__)
def test_a_list_asks_as_much_for_many_as_for_one(
    admin_client: Client,
    source: Source,
    model: type[Model],
    django_assert_num_queries,
    django_assert_max_num_queries,
) -> None:
    push(source)
    with django_assert_max_num_queries(8) as few:
        admin_client.get(list_of(model))
    for number in range(2, 12):
        push(source, f"R{number}")
    with django_assert_num_queries(len(few)):
        assert len(admin_client.get(list_of(model)).context["cl"].result_list) >= 11


def test_what_dispatch_wrote_is_shown_never_run(admin_client: Client, source: Source) -> None:
    place = {**CONFLICT, "label": "<b>rue</b>"}
    report = push(source, location=place)
    shown = admin_client.get(f"{INTERVENTIONS}{report.pk}/change/").content.decode()
    assert "&lt;b&gt;rue" in shown and "<b>rue" not in shown
