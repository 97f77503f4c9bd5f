"""Accounts: a colleague is invited in few steps, and nobody gives more than he has himself."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from notifier import settings as shipped
from notifier.accounts import grants
from notifier.accounts.grants import GrantError
from notifier.accounts.models import Invitation, RoleAssignment, User
from notifier.accounts.roles import Permission, Role
from notifier.accounts.scope import scope_of
from notifier.delivery.models import Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.sending.record import record
from notifier.directory.models import Organisation, OrganisationKind
from notifier.journal.models import Entry, Step
from tests.harness.accounts import add_account, add_superuser, grant, logged_in
from tests.harness.log_in import prove, set_up_totp

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("no statement of its own")]

LINK = re.compile(r"http://127\.0\.0\.1:1(/invitation/[\w-]{43})")
PASSWORD = "cheval-agrafe-pile-correcte"
NEW = {"first_name": "Jeanne", "last_name": "Aubry", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def boss() -> User:
    return add_account(Role.GROUPEMENT, "90", name="chef")


@pytest.fixture
def delle() -> Organisation:
    return Organisation.objects.create(kind=OrganisationKind.COMMUNE, code="90033", name="Delle")


def _invite(client: Client, **typed: str) -> str:
    """Invite by the page; return where the mail's link leads."""
    form = {"email": "jeanne@gendarmerie.example", "role": "operateur", "departement": "90"}
    answer = client.post("/comptes/inviter", form | typed)
    assert answer.status_code == 302, re.findall(r"<li>.*?</li>", answer.content.decode())
    mail = Message.objects.latest("pk")
    (path,) = LINK.findall(mail.body)
    return str(path)


def _journal() -> list[str]:
    texts = Entry.objects.filter(step=Step.ACCESS).order_by("id").values_list("text", flat=True)
    return list(texts)


def test_a_colleague_for_the_territoire_de_belfort_only(boss: User) -> None:
    administrator = logged_in(boss)
    assert "/comptes/inviter" in administrator.get("/comptes").content.decode()
    link = _invite(administrator, until="2027-06-30")
    guest = Client()
    assert "Territoire de Belfort (90)" in guest.get(link).content.decode()
    assert guest.post(link, NEW).url == "/"
    user = User.objects.get(email="jeanne@gendarmerie.example")
    assert (str(user), user.username, user.is_superuser) == ("Jeanne Aubry", "jeanne.aubry", False)
    scope = scope_of(user)
    assert scope.territory(Permission.SEE_BOARD).departements == {"90"}
    assert not scope.has(Permission.MANAGE_ACCOUNTS)
    assert guest.get("/compte").status_code == 200
    assert "Jeanne Aubry" in administrator.get("/comptes").content.decode()


def test_one_organisation_is_found_by_its_name(boss: User, delle: Organisation) -> None:
    client = logged_in(boss)
    _invite(client, organisation="delle")
    made = Invitation.objects.get()
    assert (made.organisation, made.departement) == (delle, "")
    page = client.get("/comptes/inviter").content.decode()
    assert "commune:90033" not in page
    assert page.count("facultatif") == 1  # until when


def test_whoever_will_see_addresses_sets_up_a_second_factor_first(boss: User) -> None:
    guest = Client()
    guest.post(_invite(logged_in(boss), role="groupement"), NEW)
    assert guest.get("/compte").url.startswith("/compte/second-facteur")
    set_up_totp(guest)
    assert guest.get("/compte").status_code == 200


def test_a_right_ends_with_the_role_that_it_comes_from(boss: User, delle: Organisation) -> None:
    soon = timezone.localdate() + timedelta(days=30)
    RoleAssignment.objects.filter(user=boss).update(until=soon)
    grant(boss, Role.ORGANISATION, delle)
    # Of a dispatcher's permissions some come with the groupement alone.
    with pytest.raises(GrantError, match="s’arrête le"):
        grants.grant(boss, boss, Role.DISPATCHER, "", delle, None)
    assert grants.grant(boss, boss, Role.AUDITOR, "", delle, None).until is None


def test_nobody_gets_further_down_by_a_role_in_between(delle: Organisation) -> None:
    town_hall = add_account(Role.ORGANISATION, delle)
    school = Organisation.objects.create(
        kind=OrganisationKind.PARTNER, code="ecole", name="École", parent=delle
    )
    assert grants.grant(town_hall, town_hall, Role.AUDITOR, "", school, None)
    Organisation.objects.create(
        kind=OrganisationKind.PARTNER, code="cantine", name="Cantine", parent=school
    )
    with pytest.raises(GrantError, match="au-dessous"):
        grants.grant(town_hall, town_hall, Role.ORGANISATION, "", school, None)


def test_a_link_serves_once_and_for_three_days(boss: User) -> None:
    client = logged_in(boss)
    link = _invite(client)
    Client().post(link, NEW)
    assert Client().get(link).status_code == 410
    assert Client().post(link, NEW | {"first_name": "Autre"}).status_code == 410
    late = _invite(client, email="late@gendarmerie.example")
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=1)):
        assert Client().post(late, NEW).status_code == 410
    assert not User.objects.filter(email="late@gendarmerie.example").exists()


def test_a_link_dies_with_the_right_of_who_sent_it(boss: User) -> None:
    link = _invite(logged_in(boss))
    RoleAssignment.objects.filter(user=boss).update(revoked_at=timezone.now())
    assert Client().post(link, NEW).status_code == 410


def test_an_invitation_is_withdrawn(boss: User) -> None:
    client = logged_in(boss)
    link = _invite(client)
    client.post(f"/comptes/invitations/{Invitation.objects.get().pk}/retirer")
    assert Client().get(link).status_code == 410


def test_the_database_and_the_journal_hold_no_link(boss: User) -> None:
    link = _invite(logged_in(boss))
    key = link.rpartition("/")[2]
    mail = Message.objects.latest("pk")
    now = timezone.now()
    mail.state, mail.claim = MessageState.SENDING, "c"
    mail.attempt_count = 1
    mail.save()
    record([SendResult(mail, Outcome(Result.ACCEPTED), now, now)])
    stored = [*Message.objects.values(), *Entry.objects.values(), *Invitation.objects.values()]
    assert key not in str(stored)
    assert Client().get(link).status_code == 200


def test_the_administration_does_not_show_a_link(boss: User) -> None:
    link = _invite(logged_in(boss))
    mail = Message.objects.latest("pk")
    page = logged_in(add_superuser()).get(f"/admin/delivery/message/{mail.pk}/change/")
    assert link not in page.content.decode()
    assert "Texte personnel, non montré" in page.content.decode()


def test_the_links_of_mails_go_by_the_public_url_alone(boss: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "autre.example"]
    settings.EMAIL_BACKEND = shipped.EMAIL_BACKEND
    other = {"Host": "autre.example"}
    form = {"email": "a@gendarmerie.example", "role": "operateur", "departement": "90"}
    logged_in(boss).post("/comptes/inviter", form, headers=other)
    answer = Client().post("/connexion/oubli", {"email": boss.email.upper()}, headers=other)
    assert answer.url == "/connexion/oubli/envoye"
    bodies = list(Message.objects.values_list("body", flat=True))
    assert len(bodies) == 2
    for body in bodies:
        assert "http://127.0.0.1:1/" in body
        assert "autre.example" not in body


@pytest.mark.parametrize(
    ("role", "typed"),
    [
        (Role.GROUPEMENT, {"role": "operateur", "departement": "70"}),
        (Role.GROUPEMENT, {"role": "operateur", "organisation": "commune:70550"}),
        (Role.GROUPEMENT, {"role": "plateforme"}),
        (Role.ORGANISATION, {"role": "groupement", "departement": "90"}),
        (Role.ORGANISATION, {"role": "operateur", "organisation": "commune:90033"}),
        (Role.ORGANISATION, {"role": "organisme", "organisation": "commune:90010"}),
        (Role.DISPATCHER, {"role": "operateur", "departement": "90"}),
        (Role.AUDITOR, {"role": "auditeur", "departement": "90"}),
    ],
)
def test_nobody_gives_more_than_he_has(delle: Organisation, role: Role, typed: dict) -> None:
    """By a form that offers less, filled in by hand."""
    for code in ("90010", "70550"):
        Organisation.objects.create(kind=OrganisationKind.COMMUNE, code=code, name=code)
    giver = add_account(role, delle if role == Role.ORGANISATION else "90")
    other = add_account(Role.AUDITOR, delle)
    client = logged_in(giver)
    client.post("/comptes/inviter", {"email": "x@gendarmerie.example"} | typed)
    client.post(f"/comptes/{other.pk}/role", typed)
    client.post(f"/comptes/{giver.pk}/role", typed)
    assert not Invitation.objects.exists()
    assert RoleAssignment.objects.count() == 2


def test_a_commune_s_administrator_invites_for_the_commune(delle: Organisation) -> None:
    mayor = logged_in(add_account(Role.ORGANISATION, delle))
    link = _invite(mayor, role="organisme", organisation="commune:90033", departement="")
    Client().post(link, NEW)
    made = RoleAssignment.objects.get(user__username="jeanne.aubry")
    assert (made.role, made.organisation) == (Role.ORGANISATION, delle)


def test_nobody_gives_a_role_that_outlasts_his_own() -> None:
    until = timezone.localdate() + timedelta(days=30)
    client = logged_in(add_account(Role.GROUPEMENT, "90", until=until))
    form = {"email": "x@gendarmerie.example", "role": "groupement", "departement": "90"}
    refused = client.post("/comptes/inviter", form).content.decode()
    assert "Votre propre rôle s’arrête le" in refused
    _invite(client, until=until.isoformat())


def test_roles_are_given_prolonged_and_taken(boss: User) -> None:
    colleague = add_account(Role.DISPATCHER, "90")
    client = logged_in(boss)
    client.post(f"/comptes/{colleague.pk}/role", {"role": "auditeur", "departement": "90"})
    assert scope_of(colleague).has(Permission.EXPORT)
    held = RoleAssignment.objects.get(user=colleague, role=Role.AUDITOR)
    client.post(f"/comptes/roles/{held.pk}/date", {"until": "2030-01-31"})
    held.refresh_from_db()
    assert str(held.until) == "2030-01-31"
    client.post(f"/comptes/roles/{held.pk}/retirer")
    assert not scope_of(colleague).has(Permission.EXPORT)
    said = [text for text in _journal() if "rôle n°" in text]
    assert len(said) == 3
    assert all(f"par le compte n° {boss.pk}" in text for text in said)


def test_a_role_elsewhere_is_neither_seen_nor_touched(boss: User) -> None:
    stranger = add_account(Role.GROUPEMENT, "70", name="chef-70")
    colleague = add_account(Role.DISPATCHER, "90", name="des-deux")
    elsewhere = grant(colleague, Role.DISPATCHER, "70")
    client = logged_in(boss)
    page = client.get(f"/comptes/{colleague.pk}").content.decode()
    assert "Haute-Saône" not in page
    assert client.get(f"/comptes/{stranger.pk}").status_code == 404
    assert client.post(f"/comptes/roles/{elsewhere.pk}/retirer").status_code == 404
    assert client.post(f"/comptes/roles/{elsewhere.pk}/date", {"until": ""}).status_code == 404
    for act in ("desactiver", "second-facteur"):
        client.post(f"/comptes/{colleague.pk}/{act}")
    colleague.refresh_from_db()
    assert colleague.is_active
    assert RoleAssignment.objects.filter(revoked_at=None).count() == 4


def test_a_deactivated_colleague_is_out_at_once(boss: User) -> None:
    colleague = add_account(Role.DISPATCHER, "90")
    open_session = logged_in(colleague)
    client = logged_in(boss)
    client.post(f"/comptes/{colleague.pk}/desactiver")
    assert open_session.get("/compte").url.startswith("/connexion")
    client.post(f"/comptes/{colleague.pk}/reactiver")
    colleague.refresh_from_db()
    assert colleague.is_active


def test_the_last_administrator_goes_knowingly(boss: User) -> None:
    client = logged_in(boss)
    own = RoleAssignment.objects.get(user=boss)
    take = f"/comptes/roles/{own.pk}/retirer"
    assert "dernier compte" in client.get(take).content.decode()
    client.post(take)
    assert scope_of(boss).has(Permission.MANAGE_ACCOUNTS)
    client.post(take, {"is_known": "on"})
    assert not scope_of(boss).has(Permission.MANAGE_ACCOUNTS)


def test_a_lost_second_factor_is_removed_by_an_administrator(boss: User) -> None:
    colleague = add_account(Role.GROUPEMENT, "90")
    set_up_totp(phone := logged_in(colleague))
    client = logged_in(boss)
    client.post(f"/comptes/{colleague.pk}/second-facteur")
    assert not Authenticator.objects.filter(user=colleague).exists()
    assert phone.get("/compte").status_code == 302


def test_changes_of_roles_ask_for_a_fresh_proof(boss: User) -> None:
    boss.set_password(PASSWORD)
    boss.save()
    colleague = add_account(Role.DISPATCHER, "90")
    held = RoleAssignment.objects.get(user=colleague)
    client = logged_in(boss)
    prove(client, age_s=601)
    for path in (
        "inviter", f"{colleague.pk}/role", f"{colleague.pk}/desactiver",
        f"{colleague.pk}/second-facteur", f"roles/{held.pk}/date", f"roles/{held.pk}/retirer",
    ):  # fmt: skip
        assert client.post(f"/comptes/{path}").url.startswith("/connexion/confirmer"), path
    assert RoleAssignment.objects.filter(revoked_at=None).count() == 2


def test_what_was_sent_is_done_after_the_proof(boss: User) -> None:
    boss.set_password(PASSWORD)
    boss.save()
    colleague = add_account(Role.DISPATCHER, "90")
    client = logged_in(boss)
    prove(client, age_s=601)
    confirm = client.post(f"/comptes/{colleague.pk}/desactiver").url
    client.post(confirm, {"password": PASSWORD})
    colleague.refresh_from_db()
    assert not colleague.is_active


def test_whoever_has_an_account_already_gets_the_role_after_log_in(boss: User) -> None:
    known = add_account(Role.AUDITOR, "70", name="jeanne")
    link = _invite(logged_in(boss), email=known.email.upper())
    assert "connectez-vous" in Client().get(link).content.decode()
    Client().post(link, NEW)
    logged_in(boss).post(link)
    assert RoleAssignment.objects.filter(user=known).count() == 1
    logged_in(known).post(link)
    assert scope_of(known).territory(Permission.SEE_BOARD).departements == {"90"}


def test_the_list_takes_the_same_statements_for_one_and_for_thirty(
    boss: User, django_assert_max_num_queries
) -> None:
    client = logged_in(boss)
    for _ in range(30):
        add_account(Role.DISPATCHER, "90")
    with django_assert_max_num_queries(8):
        client.get("/comptes")
