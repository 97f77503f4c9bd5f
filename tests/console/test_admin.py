"""The administration: who may enter, sources and their keys, contacts and their refusals."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from notifier.accounts.models import User
from notifier.directory.contacts import Contact
from notifier.directory.models import Change, Mandate
from notifier.intake.access import api_keys as keys
from notifier.intake.models import Source
from tests.harness.log_in import set_up_totp
from tests.harness.people import add_contact, stored_contacts

pytestmark = pytest.mark.django_db

SOURCES = "/admin/intake/source/"
CONTACTS = "/admin/directory/mandate/"
ACCOUNTS = "/admin/accounts/user/"
KEY = re.compile(r'value="(am_[\w-]{40,})"')
SECRET = re.compile(r'value="(whsec_[\w+/=]{40,})"')
INLINE_SCRIPT = re.compile(
    r"<script(?![^>]*(?:src=|application/json))|\son\w+=|javascript:", re.IGNORECASE
)


@pytest.fixture(autouse=True)
def fiction(settings):
    """Sample numbers are accepted, as with the simulator."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def source() -> keys.NewSource:
    return keys.add_source(
        "CORG 90", ["90"], service="Gendarmerie", duty_email="corg90@example.example", signed=False
    )


def mayor(**changes: object) -> dict[str, object]:
    """What a person types for the mayor of Delle."""
    typed = {
        "commune": "90033", "function": "maire", "rank": "1", "last_name": "Merisier",
        "first_name": "Camille", "mobile": "06 39 98 00 01", "email": "maire@delle.example",
        "starts_on": "", "ends_on": "",
    }  # fmt: skip
    return typed | changes


def add(typed: dict[str, object]) -> Mandate:
    """Store what a person would type."""
    return add_contact(**{k: v for k, v in typed.items() if v})


def only_contact() -> Contact:
    (contact,) = stored_contacts()
    return contact


def test_a_superuser_enters_once_a_second_factor_is_set_up() -> None:
    User.objects.create_superuser("chef", password="une phrase assez longue")
    client = Client()
    typed = {"login": "chef", "password": "une phrase assez longue", "next": "/admin/"}
    assert client.post("/connexion", typed).url == "/admin/"
    assert client.get("/admin/").url == "/compte/second-facteur?next=%2Fadmin%2F"
    set_up_totp(client)
    page = client.get("/admin/").content.decode()
    assert "Alerte Maires" in page
    for name in ("Sources", "Mandats", "Interventions", "Alertes", "Messages", "Journal"):
        assert f">{name}</a>" in page


def test_strangers_are_led_to_the_one_log_in() -> None:
    log_in = Client().get("/admin/", follow=True)
    assert log_in.redirect_chain[-1][0] == "/connexion?next=%2Fadmin%2F"


def test_staff_with_every_right_but_not_superuser_gets_nothing() -> None:
    staff = User.objects.create_user("agent", password="une phrase assez longue", is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(staff)
    for page in ("/admin/", CONTACTS, SOURCES, SOURCES + "add/", "/admin/delivery/message/"):
        assert client.get(page, follow=True).status_code == 403
    client.post(CONTACTS + "add/", mayor())
    assert not stored_contacts()


def test_a_superuser_who_was_deactivated_gets_nothing(admin_client: Client, admin_user) -> None:
    User.objects.filter(pk=admin_user.pk).update(is_active=False)
    assert admin_client.get("/admin/").status_code == 302


def test_the_history_outlives_its_accounts(admin_client: Client, admin_user) -> None:
    admin_client.post(CONTACTS + "add/", mayor())
    assert (
        admin_client.post(f"{ACCOUNTS}{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    everybody = {"action": "delete_selected", "_selected_action": [admin_user.pk], "post": "yes"}
    admin_client.post(ACCOUNTS, everybody)
    assert User.objects.filter(pk=admin_user.pk).exists()
    line = LogEntry.objects.get()
    history = "/admin/admin/logentry/"
    shown = admin_client.get(history).content.decode()
    assert "Delle (90033) · maire · rang 1" in shown
    assert "Merisier" not in shown
    assert admin_client.post(f"{history}{line.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"{history}{line.pk}/change/", {"object_repr": "x"}).status_code == 403


def test_an_account_is_made_in_the_administration_and_enters(admin_client: Client) -> None:
    word = "une phrase assez longue"
    typed = {"username": "adjoint", "password1": word, "password2": word, "is_superuser": "on"}
    assert admin_client.post(ACCOUNTS + "add/", typed).status_code == 302
    assert Client().post("/connexion", {"login": "adjoint", "password": word}).status_code == 302


def test_a_new_source_shows_its_key_once_and_the_key_opens(admin_client: Client) -> None:
    typed = {
        "name": "CORG 2A", "departements": "2a, 2B 2A", "service": "Gendarmerie",
        "duty_email": "corg2a@example.example", "rate_per_minute": "120", "signed": "on",
        "duty_phone": "04 95 21 12 34",
    }  # fmt: skip
    answer = admin_client.post(SOURCES + "add/", typed)
    page = answer.content.decode()
    key, secret = KEY.search(page), SECRET.search(page)
    assert key and secret
    assert "no-store" in answer.headers["Cache-Control"]
    source = keys.source_of(key[1])
    assert (source.departements, source.rate_per_minute) == (["2A", "2B"], 120)
    assert source.duty_phone == "+33495211234"
    assert "04 95 21 12 34" in admin_client.get(SOURCES).content.decode()
    assert source.signing_secret == secret[1]
    for later in (SOURCES, f"{SOURCES}{source.pk}/change/", f"{SOURCES}{source.pk}/history/"):
        shown = admin_client.get(later).content.decode()
        assert key[1] not in shown and secret[1] not in shown and source.key_hash not in shown
    assert not any(key[1] in str(cookie) for cookie in admin_client.cookies.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"departements": "90, 99"}, "Département inconnu : 99"),
        ({"departements": ""}, "Ce champ est obligatoire"),
        ({"rate_per_minute": "0"}, "supérieure ou égale à 1"),
        ({"duty_email": "permanence"}, "adresse"),
        ({"duty_phone": "0899 70 00 00"}, "surtaxé"),
        ({"name": "CORG 90"}, "existe déjà"),
    ],
)
def test_a_wrong_source_is_refused_in_french(
    admin_client: Client, source: keys.NewSource, wrong: dict[str, str], said: str
) -> None:
    typed = {"name": "CORG 25", "departements": "25", "service": "G", "rate_per_minute": "600"}
    page = admin_client.post(SOURCES + "add/", typed | wrong).content.decode()
    assert said in page
    assert list(Source.objects.all()) == [source.source]


def test_a_crafted_form_changes_neither_hash_nor_secret(
    admin_client: Client, source: keys.NewSource
) -> None:
    typed = {
        "name": "CORG Belfort", "departements": "90", "service": "Gendarmerie",
        "duty_email": "", "rate_per_minute": "60",
        "key_hash": "0" * 64, "signing_secret": "whsec_x", "revoked_at": "2020-01-01",
        "sealed_secret": "x", "previous_key_hash": "0" * 64, "overlap_until": "2099-01-01",
        "signed": "on",
    }  # fmt: skip
    assert admin_client.post(f"{SOURCES}{source.source.pk}/change/", typed).status_code == 302
    changed = keys.source_of(source.key)
    assert (changed.name, changed.rate_per_minute) == ("CORG Belfort", 60)
    assert (changed.signing_secret, changed.revoked_at) == ("", None)
    assert (changed.previous_key_hash, changed.overlap_until) == ("", None)


def test_a_key_is_revoked_then_renewed_each_after_a_question(
    admin_client: Client, source: keys.NewSource
) -> None:
    revoke = reverse("admin:intake_source_revoke", args=[source.source.pk])
    renew = reverse("admin:intake_source_renew", args=[source.source.pk])
    admin_client.get(revoke), admin_client.get(renew)
    assert keys.source_of(source.key) == source.source
    admin_client.post(revoke)
    with pytest.raises(keys.KeyRefusedError, match="révoquée"):
        keys.source_of(source.key)
    key = KEY.search(admin_client.post(renew).content.decode())
    assert key and keys.source_of(key[1]) == source.source
    with pytest.raises(keys.KeyRefusedError, match="inconnue"):
        keys.source_of(source.key)
    changes = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(changes) == ["Clé révoquée.", "Clé remplacée."]


def test_the_shape_of_references_is_shown_with_an_example_and_refused_in_words(
    admin_client: Client, source: keys.NewSource
) -> None:
    page = f"{SOURCES}{source.source.pk}/change/"
    assert "CORG90-2026-004217" in admin_client.get(page).content.decode()
    typed = {
        "name": "CORG 90", "departements": "90", "service": "Gendarmerie", "rate_per_minute": "600",
    }  # fmt: skip
    wrong = admin_client.post(page, typed | {"reference_pattern": "(a+)+"})
    assert "n’est pas compris" in wrong.content.decode()
    linked = admin_client.post(page, typed | {"service": "www.gend.fr"})
    assert "les maires le lisent : ôtez-en un lien" in linked.content.decode()
    assert admin_client.post(page, typed | {"reference_pattern": r"INC\d{3}"}).status_code == 302
    assert Source.objects.get().reference_pattern == r"INC\d{3}"
    assert "INC123" in admin_client.get(page).content.decode()


def test_a_key_that_is_changed_as_planned_leaves_the_old_one_a_day(
    admin_client: Client, source: keys.NewSource
) -> None:
    renew = reverse("admin:intake_source_renew", args=[source.source.pk])
    key = KEY.search(admin_client.post(renew, {"overlap": "oui"}).content.decode())
    assert key and keys.source_of(key[1]) == keys.source_of(source.key)
    assert "active, la précédente jusqu’au" in admin_client.get(SOURCES).content.decode()
    assert LogEntry.objects.get().change_message == "Clé remplacée, la précédente valable 24 h."


def test_a_source_is_never_deleted(admin_client: Client, source: keys.NewSource) -> None:
    address = f"{SOURCES}{source.source.pk}/delete/"
    assert admin_client.post(address, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [source.source.pk], "post": "yes"}
    admin_client.post(SOURCES, chosen)
    assert Source.objects.exists()


def test_an_address_is_cleaned_before_it_is_judged(
    admin_client: Client, source: keys.NewSource
) -> None:
    """Pasted from a page, it holds characters that nobody sees."""
    pasted = mayor(email="\u200bmaire@del\u00adle.example\ufeff")
    assert admin_client.post(CONTACTS + "add/", pasted).status_code == 302
    assert only_contact().email == "maire@delle.example"
    said = keys.add_source(
        "CORG 2A", ["2A"], service="Gendarmerie", duty_email="\u200bcorg@2a.example", signed=False
    )
    assert Source.objects.get(pk=said.source.pk).duty_email == "corg@2a.example"


def test_a_contact_is_stored_as_the_import_stores_it(admin_client: Client, admin_user) -> None:
    assert admin_client.post(CONTACTS + "add/", mayor(commune=" 90033 ")).status_code == 302
    contact = only_contact()
    assert (contact.commune, contact.mobile) == ("90033", "+33639980001")
    changed = mayor(mobile="", email="Mairie@Delle.example")
    assert (
        admin_client.post(f"{CONTACTS}{Mandate.objects.get().pk}/change/", changed).status_code
        == 302
    )
    contact = only_contact()
    assert (contact.mobile, contact.email) == ("", "mairie@delle.example")
    changes = Change.objects.order_by("pk").values_list("kind", "author")
    assert list(changes) == [("saisie", "admin"), ("saisie", "admin")]
    history = LogEntry.objects.order_by("pk")
    assert [line.user for line in history] == [admin_user, admin_user]
    assert "639980001" not in "".join(f"{line}{line.change_message}" for line in history)


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"commune": "90999"}, "commune", "Aucune commune actuelle ne porte le code 90999"),
        ({"mobile": "03 84 00 00 00"}, "mobile", "mobile"),
        ({"mobile": "06 39"}, "mobile", "06 39"),
        ({"mobile": "", "email": ""}, None, "Donnez un mobile ou un courriel"),
        ({"rank": "0"}, "rank", "supérieure ou égale à 1"),
        ({"starts_on": "02/01/2026", "ends_on": "01/01/2026"}, None, "précède son début"),
    ],
)
def test_a_wrong_contact_is_refused_in_french_where_it_is_wrong(
    admin_client: Client, wrong: dict[str, str], field: str | None, said: str
) -> None:
    answer = admin_client.post(CONTACTS + "add/", mayor(**wrong))
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field or "__all__"]
    assert said in str(errors[field or "__all__"])
    assert not stored_contacts()


def found(client: Client, query: str) -> list[str]:
    return [str(contact) for contact in client.get(CONTACTS + query).context["cl"].result_list]


def test_contacts_are_found_and_stand_in_the_order_of_escalation(admin_client: Client) -> None:
    for typed in (
        mayor(function="adjoint", mobile="06 39 98 00 02"),
        mayor(),
        mayor(
            commune="97105", last_name="Flamboyant", mobile="0690 00 00 01", email="m@bt.example"
        ),
    ):
        add(typed)
    mayor_of_delle = "Delle (90033) · maire · rang 1 · Camille Merisier"
    deputy = "Delle (90033) · adjoint au maire · rang 1 · Camille Merisier"
    other = "Basse-Terre (97105) · maire · rang 1 · Camille Flamboyant"
    assert found(admin_client, "") == [mayor_of_delle, deputy, other]
    assert found(admin_client, "?q=flamboyant") == [other]
    assert found(admin_client, "?q=basse+terre") == [other]
    assert found(admin_client, "?q=DELLE") == [mayor_of_delle, deputy]
    assert found(admin_client, "?q=90033") == [mayor_of_delle, deputy]
    assert found(admin_client, "?q=personne") == []
    assert found(admin_client, "?function__exact=adjoint") == [deputy]
    assert found(admin_client, "?departement=971") == [other]
    choices = admin_client.get(CONTACTS).context["cl"].filter_specs[1].lookup_choices
    assert choices == [("90", "90"), ("971", "971")]


def test_the_list_of_contacts_asks_as_much_for_many_as_for_one(
    admin_client: Client, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(8) as few:
        admin_client.get(CONTACTS)
    for rank in range(1, 21):
        add(mayor(rank=rank))
    with django_assert_num_queries(len(few)):
        assert len(found(admin_client, "")) == 20


def test_no_page_needs_an_inline_script(admin_client: Client, source: keys.NewSource) -> None:
    of_source, of_contact = source.source.pk, add(mayor()).pk
    for page in (
        "/admin/", SOURCES, SOURCES + "add/", f"{SOURCES}{of_source}/change/",
        f"{SOURCES}{of_source}/cle/", f"{SOURCES}{of_source}/revocation/", CONTACTS,
        CONTACTS + "add/", f"{CONTACTS}{of_contact}/change/", f"{CONTACTS}{of_contact}/delete/",
        ACCOUNTS, ACCOUNTS + "add/", "/admin/password_change/",
    ):  # fmt: skip
        answer = admin_client.get(page)
        assert answer.status_code == 200, page
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not INLINE_SCRIPT.search(answer.content.decode()), page


def test_a_contact_under_a_code_that_is_others_postal_code_is_asked_once(
    admin_client: Client,
) -> None:
    """90100 is Delle's postal code and the INSEE code of Vauthiermont."""
    typed = mayor(commune="90100")
    asked = admin_client.post(CONTACTS + "add/", typed).content.decode()
    assert re.search("90100 est le code INSEE de Vauthiermont.*code postal.*Delle", asked)
    assert not stored_contacts()
    assert admin_client.post(CONTACTS + "add/", typed | {"is_confirmed": "on"}).status_code == 302
    contact = only_contact()
    assert contact.commune == "90100"
    # The commune stays: nothing is asked. Moved to another such commune: it is.
    change = f"{CONTACTS}{Mandate.objects.get().pk}/change/"
    assert admin_client.post(change, typed | {"last_name": "Sorbier"}).status_code == 302
    moved = admin_client.post(change, typed | {"commune": " 90000"}).content.decode()
    assert "Aucune commune actuelle" in moved
    assert "code postal" in admin_client.post(change, typed | {"commune": "59100"}).content.decode()
    assert only_contact().commune == "90100"
