"""Journal: what a search finds and whom it shows to whom; what is exported is noted."""

from __future__ import annotations

import io
from csv import DictReader
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook
from time_machine import travel

from notifier.accounts.access_log import record_access
from notifier.accounts.models import SavedSearch
from notifier.accounts.roles import Role
from notifier.alerting.answers.answer import answer
from notifier.alerting.board.answers import read_answers
from notifier.alerting.manual.action import Actor
from notifier.alerting.manual.resend import resend
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.alerting.throttling.pause import pause
from notifier.directory.models import Address, AddressKind, Convention, Organisation
from notifier.intake.access.api_keys import add_source, rotate
from notifier.intake.models import Source
from notifier.journal.models import Entry
from tests.alerting.house import (
    BORDER,
    FIRE,
    contact,
    dispatch_centre,
    hand_over,
    number,
    push,
    refusing,
)
from tests.alerting.organisations import member, told_by_convention
from tests.harness.accounts import add_account, grant, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(db) -> Source:
    return dispatch_centre()


@pytest.fixture
def told(source) -> Organisation:
    """Something of each kind, in Delle and for the métropole."""
    contact(mobile=number(1), last_name="Quatrepoint", first_name="Zoé")
    contact(commune="90052", mobile=number(2), last_name="Merisier")
    metropole = told_by_convention()
    member(metropole, mobile=3)
    push(source, "R1")
    push(source, "R2", category=FIRE, location={"insee": "90052"})
    push(source, "R3", category="C02.03.02")
    hand_over(refusing(number(2)))
    return metropole


def page_of(client: Client, **query: str) -> str:
    answer = client.get("/journal", query)
    assert answer.status_code == 200
    return answer.content.decode()


def found(client: Client, **query: str) -> list[str]:
    """The references of the lines, the latest first."""
    context = client.get("/journal", query).context
    assert not context["form"].errors, context["form"].errors
    return [line.reference for line in context["lines"]]


def test_each_filter_finds_its_lines(told) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    everything = found(client)
    assert set(everything) == {"R1", "R2", "R3"}
    assert set(found(client, organisme="Giromagny")) == {"R2"}
    assert set(found(client, organisme="90033")) == {"R1", "R3"}
    assert found(client, personne="zoe quatre") == ["R1"]
    assert set(found(client, reference="R2")) == {"R2"}
    assert set(found(client, etat="non-envoyee")) == {"R3"}
    assert set(found(client, etat="non-recue")) == {"R2"}
    assert set(found(client, famille="C04")) == {"R2"}
    assert found(client, convention=str(Convention.objects.get().pk)) == ["R1"]
    today = timezone.localdate()
    assert found(client, du=str(today), au=str(today)) == everything
    assert found(client, au=str(today - timedelta(days=1))) == []
    assert found(client, du=str(today + timedelta(days=1))) == []
    assert "n’est le nom ou le code d’aucun organisme" in page_of(client, organisme="Nulle part")


def test_lines_are_found_by_what_their_readers_answered(asking) -> None:
    for last, commune in enumerate(("90033", "90052", "90056"), start=1):
        contact(commune=commune, mobile=number(last))
        push(asking, f"A{last}", category=FIRE, location={"insee": commune})
    push(asking, "R0", category="C01.01.01")
    hand_over()
    for last, kind in ((1, AnswerKind.TAKEN), (2, AnswerKind.NOTED)):
        row = Notification.objects.get(address=number(last), incident__reference=f"A{last}")
        answer(row.alert_id, row.recipient, kind, AnswerMeans.SMS)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="repondu") == ["A2", "A1"]
    assert found(client, reponse="prise-en-charge") == ["A1"]
    assert found(client, reponse="sans") == ["A3"]
    assert "par SMS" in page_of(client, reponse="prise-en-charge")
    csv = client.post("/journal/export", {"format": "csv"}).content.decode("utf-8-sig")
    rows = {row["reference"]: row for row in DictReader(io.StringIO(csv), delimiter=";")}
    assert (rows["A1"]["reponse"], rows["A1"]["moyen"]) == ("je m’en occupe", "par SMS")
    assert rows["A1"]["repondue_le"] > rows["A1"]["decidee_le"]
    assert (rows["A3"]["reponse"], rows["A3"]["repondue_le"]) == ("sans réponse", "")
    assert rows["R0"]["reponse"] == ""


KINDS = {
    AnswerKind.NOTED: "bien-note",
    AnswerKind.TAKEN: "prise-en-charge",
    AnswerKind.CALL_ME: "a-rappeler",
    AnswerKind.NOT_MINE: "pas-ma-commune",
    AnswerKind.HANDED_OVER: "transmis",
}


def answers(row: Notification, kind: AnswerKind) -> None:
    assert row.alert_id is not None
    answer(row.alert_id, row.recipient, kind, AnswerMeans.LINK)


def test_each_kind_of_answer_is_found_and_no_other_and_each_of_them_is_one(asking) -> None:
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    for kind in KINDS:
        push(asking, f"R-{kind}", category=FIRE)
    push(asking, "R-none", category=FIRE)
    hand_over()
    for kind in KINDS:
        answers(Notification.objects.get(incident__reference=f"R-{kind}"), kind)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    for kind, chosen in KINDS.items():
        assert set(found(client, reponse=chosen)) == {f"R-{kind}"}, kind
    assert set(found(client, reponse="repondu")) == {f"R-{kind}" for kind in KINDS}
    # The deputy to whom it was handed over has not answered either.
    assert set(found(client, reponse="sans")) == {"R-none", f"R-{AnswerKind.HANDED_OVER}"}


def test_who_noted_it_has_answered_the_texts_that_follow_too(asking) -> None:
    """Nobody can note it twice, and an end wants no answer."""
    contact(mobile=number(1))
    push(asking, "R1", category=FIRE)
    hand_over()
    answers(Notification.objects.get(), AnswerKind.NOTED)
    push(asking, "R1", 2, category=FIRE, severity="extreme")
    hand_over()
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="bien-note") == ["R1", "R1"]
    assert found(client, reponse="sans") == []
    push(asking, "R1", 3, category=FIRE, severity="extreme", status="closed")
    hand_over()
    assert found(client, reponse="bien-note") == ["R1", "R1"]
    assert found(client, reponse="sans") == []
    words = [line.answer for line in client.get("/journal").context["lines"]]
    assert words == ["", "bien noté", "bien noté"]


def test_what_is_opened_again_is_without_an_answer_and_what_was_before_keeps_its_own(
    asking,
) -> None:
    contact(mobile=number(1))
    push(asking, "R1", category=FIRE)
    hand_over()
    answers(Notification.objects.get(), AnswerKind.NOTED)
    push(asking, "R1", 2, category=FIRE, status="closed")
    hand_over()
    push(asking, "R1", 3, category=FIRE)
    hand_over()
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="sans") == found(client, reponse="bien-note") == ["R1"]
    words = [line.answer for line in client.get("/journal").context["lines"]]
    assert words == ["sans réponse", "", "bien noté"]


def shown(client: Client, **query: str) -> list[tuple[int, str]]:
    """Of each line, from the first on: which revision it told, and what was answered to it."""
    lines = client.get("/journal", query).context["lines"]
    revisions = dict(Notification.objects.values_list("pk", "revision"))
    return [(revisions[line.pk], line.answer) for line in reversed(lines)]


def test_what_is_opened_twice_leaves_each_text_the_answer_of_its_own_opening(asking) -> None:
    """Noted before it grew worse, taken once it began anew, left unanswered the third time."""
    contact(mobile=number(1))
    grown = {"severity": "extreme"}
    states = ({}, grown, {"status": "closed"})
    kinds = (AnswerKind.NOTED, AnswerKind.TAKEN, None)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    began, sequence = timezone.now() - timedelta(days=1), 0
    for opening, kind in enumerate(kinds):
        # Not so often that it waits.
        with travel(began + opening * timedelta(hours=6)):
            for state in states:
                sequence += 1
                push(asking, "R1", sequence, category=FIRE, **state)
                hand_over()
                if kind and not state:
                    answers(Notification.objects.latest("pk"), kind)
            alert = Alert.objects.get()
            assert read_answers([alert]).of(alert).is_answered == (kind is not None)
    noted, taken, none = "bien noté", "je m’en occupe", "sans réponse"
    said = [(1, noted), (2, noted), (3, ""), (4, taken), (5, taken), (6, "")]
    assert shown(client) == [*said, (7, none), (8, none), (9, "")]
    assert shown(client, reponse="bien-note") == [(1, noted), (2, noted)]
    assert shown(client, reponse="prise-en-charge") == [(4, taken), (5, taken)]
    assert shown(client, reponse="repondu") == [(n, said) for n, said in said if said]
    assert shown(client, reponse="sans") == [(7, none), (8, none)]


def test_whoever_changed_the_answer_is_found_by_both_and_the_line_says_both(asking) -> None:
    contact(mobile=number(1))
    push(asking, "R1", category=FIRE)
    hand_over()
    for kind in (AnswerKind.NOTED, AnswerKind.TAKEN, AnswerKind.CALL_ME):
        answers(Notification.objects.get(alert__isnull=False, kind="alert"), kind)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    line = (1, "bien noté, puis je m’en occupe, puis rappelez-moi")
    for chosen in ("bien-note", "prise-en-charge", "a-rappeler", "repondu"):
        assert shown(client, reponse=chosen) == [line], chosen


def test_who_reads_of_two_communes_in_one_text_has_answered_for_both_or_for_none(asking) -> None:
    """The directory may hold one telephone under two people."""
    contact(mobile=number(1))
    contact(mobile=number(1), commune="90056")
    push(asking, "R1", category=FIRE, location=BORDER)
    hand_over()
    told, known = Notification.objects.filter(alert__isnull=False).order_by("reason")
    assert known.recipient != told.recipient
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    for where in ("90033", "90056"):
        assert found(client, reponse="sans", organisme=where) == ["R1"], where
    answers(told, AnswerKind.NOTED)
    for where in ("90033", "90056"):
        assert found(client, reponse="bien-note", organisme=where) == ["R1"], where
        assert found(client, reponse="sans", organisme=where) == [], where
    lines = client.get("/journal").context["lines"]
    assert [line.answer for line in lines] == ["bien noté", "bien noté"]


def test_who_was_only_called_is_among_those_without_an_answer(asking, calling) -> None:
    mayor = contact("maire")
    Address.objects.create(
        person=mayor.person, kind=AddressKind.LANDLINE, value="+33384000001", position=1
    )
    push(asking, "R1", category=FIRE)
    hand_over()
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="sans") == ["R1"]
    row = Notification.objects.get(channel="voice")
    answer(row.alert_id, row.recipient, AnswerKind.NOTED, AnswerMeans.VOICE)
    assert found(client, reponse="sans") == []
    assert found(client, reponse="bien-note") == ["R1"]


def test_what_never_left_and_what_was_sent_again_is_not_without_an_answer(asking) -> None:
    contact(mobile=number(1))
    push(asking, "WITHDRAWN", category=FIRE)
    push(asking, "WITHDRAWN", 2, category=FIRE, status="cancelled")
    push(asking, "AGAIN", category=FIRE)
    hand_over(refusing(number(1)))
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="sans") == ["AGAIN"]
    assert said_unanswered(client) == ["AGAIN"]
    row = Notification.objects.get(incident__reference="AGAIN", alert__isnull=False)
    resend(row, Actor("Luc Saulaie", "au téléphone"))
    hand_over()
    assert found(client, reponse="sans") == ["AGAIN"]
    assert said_unanswered(client) == ["AGAIN"]


def said_unanswered(client: Client) -> list[str]:
    lines = client.get("/journal").context["lines"]
    return [line.reference for line in lines if line.answer == "sans réponse"]


def test_what_wants_no_answer_and_was_confirmed_on_the_telephone_shows_it(source, rules) -> None:
    contact(mobile=number(1))
    push(source, "R1")
    hand_over()
    row = Notification.objects.get()
    answer(row.alert_id, row.recipient, AnswerKind.NOTED, AnswerMeans.VOICE)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    assert found(client, reponse="repondu") == ["R1"]
    assert [line.answer for line in client.get("/journal").context["lines"]] == ["bien noté"]


@pytest.mark.one_database(reason="no SQL of its own")
def test_who_was_told_is_named_only_to_whoever_may_know_people(told) -> None:
    groupement = page_of(logged_in(add_account(Role.GROUPEMENT, "90")))
    assert "Zoé Quatrepoint" in groupement
    assert "+33 6 •• •• •• 01" in groupement
    auditor_client = logged_in(add_account(Role.AUDITOR, "90"))
    auditor = page_of(auditor_client)
    assert "maire" in auditor
    assert "Quatrepoint" not in auditor
    assert "•" not in auditor
    assert len(found(auditor_client, personne="Quatrepoint")) > 1


@pytest.mark.one_database(reason="no SQL of its own")
def test_a_commune_sees_its_own_lines_and_not_what_was_withheld(told) -> None:
    delle = Organisation.objects.get(kind="commune", code="90033")
    client = logged_in(add_account(Role.ORGANISATION, delle))
    assert found(client) == ["R1"]
    assert found(client, reference="R2") == []
    assert "n’est le nom de personne" in page_of(client, personne="Merisier")
    assert "n’est le nom ou le code" in page_of(client, organisme="Giromagny")


@pytest.mark.one_database(reason="no SQL of its own")
def test_pages_follow_one_another_by_key_in_few_statements(
    source, django_assert_max_num_queries, monkeypatch
) -> None:
    monkeypatch.setattr("notifier.console.pages.log.views.PAGE", 4)
    contact(mobile=number(1))
    for n in range(6):
        push(source, f"N{n}")
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    with django_assert_max_num_queries(14):
        first = client.get("/journal")
    key = first.context["next_key"]
    with django_assert_max_num_queries(14):
        second = client.get("/journal", {"avant": key})
    pks = [line.pk for page in (first, second) for line in page.context["lines"]]
    assert len(pks) == len(set(pks)) == Notification.objects.count()
    assert second.context["next_key"] is None
    assert client.get("/journal", {"avant": "x"}).status_code == 404


@pytest.mark.one_database(reason="no SQL of its own")
def test_an_export_holds_what_its_reader_may_see_and_is_noted(told) -> None:
    user = add_account(Role.AUDITOR, "90")
    client = logged_in(user)
    answer = client.post("/journal/export", {"format": "xlsx", "reference": "R1"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert [row[1] for row in rows] == ["reference", "R1", "R1"]
    assert not any("•" in cell or "Quatrepoint" in cell for row in rows for cell in row)
    assert Entry.objects.filter(step="access", data__account=user.pk, data__rows=2).exists()
    csv = client.post("/journal/export", {"format": "csv"}).content.decode("utf-8-sig")
    assert csv.startswith("decidee_le;reference;")
    at = Notification.objects.latest("pk").created_at.astimezone(ZoneInfo("Europe/Paris"))
    assert at.isoformat(timespec="seconds") in csv
    dispatcher = logged_in(add_account(Role.DISPATCHER, "90"))
    assert dispatcher.post("/journal/export", {}).status_code == 403


@pytest.mark.one_database(reason="no SQL of its own")
def test_a_search_is_kept_for_its_owner_alone(told) -> None:
    user = add_account(Role.AUDITOR, "90")
    client = logged_in(user)
    saved = {"name": "Delle", "query": "organisme=90033&avant=3&next=//evil.example"}
    answer = client.post("/journal/recherches", saved)
    assert answer.headers["Location"] == "/journal?organisme=90033"
    search = SavedSearch.objects.get()
    assert search.query == "organisme=90033"
    assert "Delle" in page_of(client)
    other = logged_in(add_account(Role.AUDITOR, "90"))
    assert other.post(f"/journal/recherches/{search.pk}/oublier").status_code == 404
    assert client.post(f"/journal/recherches/{search.pk}/oublier").status_code == 302
    assert not SavedSearch.objects.exists()


def test_accesses_are_those_of_ones_own_accounts_and_sources(source) -> None:
    colleague = add_account(Role.DISPATCHER, "90", name="collegue")
    stranger = add_account(Role.DISPATCHER, "25", name="etranger")
    record_access(colleague, "connecté")
    record_access(stranger, "connecté")
    elsewhere = grant(colleague, Role.AUDITOR, "25")
    record_access(colleague, "rôle donné ailleurs", assignment=elsewhere.pk)
    added = add_source("CORG 25", ["25"], service="Gendarmerie", duty_email="", signed=False)
    neighbour = added.source
    for one in (source, neighbour):
        pause(one, "P. Martin", "essai")
        rotate(one, timedelta(hours=1), "P. Martin")
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    answer = client.get("/journal/acces")
    shown = [(one.who, one.what) for one in answer.context["accesses"]]
    who = {name for name, _ in shown}
    assert {"collegue", "P. Martin"} <= who
    assert "etranger" not in who
    told = " ".join(text for _, text in shown)
    assert "ailleurs" not in told
    assert "CORG 90 : Envois suspendus" in told
    assert told.count("suspendus") == told.count("autre clé") == 1
    page = client.get(f"/sources/{source.pk}").content.decode()
    assert "Envois suspendus par P. Martin" in page
    assert "dotée d’une autre clé" in page
    assert logged_in(colleague).get("/journal/acces").status_code == 403


@pytest.mark.one_database("what a page folds is no matter of SQL")
def test_its_filters_are_folded_until_one_is_set() -> None:
    client = logged_in(add_account(Role.AUDITOR, "90"))
    folded = '<details class="fold"><summary>'
    assert folded in page_of(client)
    assert folded in page_of(client, avant="12", reference="")
    assert '<details class="fold" open><summary>' in page_of(client, reference="R1")
