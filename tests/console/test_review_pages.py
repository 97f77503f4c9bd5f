"""A commune to verify: the clues, the choice read back, and whoever came first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from notifier.accounts.roles import Role
from notifier.intake.models import Report, ReportState, Source
from notifier.journal.models import Entry, Step
from tests.alerting.house import CONFLICT, MAYORS, decided, mayors, messages, number, push
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="pages; their SQL is tried where it is written"),
]


@pytest.fixture
def corg(source) -> Source:
    mayors("90033", "90052")
    return source


def dispatcher(departement: str = "90") -> Client:
    return logged_in(add_account(Role.DISPATCHER, departement, name="C. Durand"))


def address(report: Report) -> str:
    return f"/verifications/{report.pk}"


def decision(browser: Client, report: Report, **typed: str) -> Any:
    """Types the decision into the page as it stands, hidden fields included."""
    form = browser.get(address(report)).context["form"]
    usual = {"seen": form["seen"].value(), "confirmed": "", "why": "appel au requérant"}
    return browser.post(address(report), usual | typed)


def test_a_doubt_is_decided_in_two_steps_by_the_commune_that_a_clue_names(corg) -> None:
    report = push(corg, location=CONFLICT)
    browser = dispatcher()
    url = address(report)
    text = browser.get(url).content.decode()
    assert "facultatif" not in text
    assert "data-outlines" in text
    assert "Giromagny (90052)" in text
    chosen = {"choice": "90033", "why": "vu sur place", "seen": str(report.pk)}
    asked = browser.post(url, chosen)
    assert "Confirmer Delle (90033)" in asked.content.decode()
    assert Report.objects.get().state == ReportState.REVIEW
    confirmed = browser.post(url, chosen | {"confirmed": "90033"})
    assert confirmed.status_code == 302
    stored = Report.objects.get()
    assert (stored.state, stored.decided_communes) == (ReportState.RECEIVED, ["90033"])
    decided(stored.pk)
    assert [m.address for m in messages(**MAYORS)] == [number(1)]
    late = browser.post(url, chosen | {"confirmed": "90033"}, follow=True)
    assert "n’attend plus" in late.content.decode()


def test_a_commune_beyond_ones_own_territory_is_no_decision(corg) -> None:
    Source.objects.update(departements=["90", "70"])
    report = push(corg, location={"insee": "90033", "name": "Vesoul"})
    assert report.state == ReportState.REVIEW
    browser = dispatcher("70")
    chosen = {
        "choice": "90033", "why": "x", "seen": str(report.pk), "confirmed": "90033",
    }  # fmt: skip
    answer = browser.post(f"/verifications/{report.pk}", chosen)
    assert answer.status_code == 422
    assert "pas de votre ressort" in answer.content.decode()
    assert Report.objects.get().state == ReportState.REVIEW


def test_the_probable_commune_is_the_first_choice_and_the_error_is_named(corg) -> None:
    doubt = push(corg, location={"insee": "90100", "name": "Delle"})
    answer = dispatcher().get(address(doubt))
    choices = answer.context["form"].fields["choice"].choices
    assert [code for code, _ in choices] == ["90033", "90100", "autre"]
    assert choices[0][1] == "Delle (90033) : 2 indices sur 2"
    text = answer.content.decode()
    assert "le code postal a sans doute été envoyé à la place du code INSEE" in text


def test_a_short_name_offers_those_of_the_source_s_own_departements(corg) -> None:
    doubt = push(corg, location={"name": "Rougemont"})
    assert doubt.state == ReportState.REVIEW
    choices = dispatcher().get(address(doubt)).context["form"].fields["choice"].choices
    assert [code for code, _ in choices] == ["90089", "90058", "90086", "autre"]


def test_what_dispatch_wrote_is_shown_never_run(corg) -> None:
    report = push(corg, location={**CONFLICT, "label": "<b>rue</b>"})
    shown = dispatcher().get(address(report)).content.decode()
    assert "&lt;b&gt;rue" in shown
    assert "<b>rue" not in shown


def test_the_page_that_reads_back_is_confirmed_as_it_stands(corg) -> None:
    report = push(corg, location=CONFLICT)
    browser = dispatcher()
    asked = decision(browser, report, choice="autre", other=" 90010 ", why="vu sur place")
    typed = {field.name: field.value() for field in asked.context["form"]}
    assert typed["why"] == "vu sur place"
    browser.post(address(report), typed)
    stored = Report.objects.get()
    assert (stored.decided_communes, stored.decision_reason) == (["90010"], "vu sur place")
    line = Entry.objects.get(step=Step.REVIEW, data__who="C. Durand")
    assert "vu sur place" not in f"{line.text} {line.data}"


def test_confirming_counts_for_the_commune_read_back_only(corg) -> None:
    report = push(corg, location=CONFLICT)
    asked = decision(dispatcher(), report, choice="90052", confirmed="90033")
    assert "Confirmer Giromagny (90052)" in asked.content.decode()
    assert Report.objects.get().state == ReportState.REVIEW


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"choice": "autre", "other": "90999"},
            "« 90999 » n’est ni le nom ni le code d’une commune actuelle",
        ),
        ({"choice": "autre", "other": ""}, "Donnez le nom ou le code de la commune"),
        ({"choice": "autre", "other": "90110"}, "est un code postal, celui de : "),
        ({"choice": "autre", "other": "Rougemont-le-Château"}, "Confirmer Rougemont-le-Château"),
        ({"choice": "autre", "other": "saint-aubin"}, "est le nom de plusieurs communes : "),
        ({"choice": "autre", "other": "25056", "confirmed": "25056"}, "pas de votre ressort"),
        ({"choice": "90033", "why": " "}, "Ce champ est obligatoire"),
        ({}, "Ce champ est obligatoire"),
        ({"choice": "25056"}, "Sélectionnez un choix valide"),
        ({"choice": "90033", "confirmed": "90033", "seen": "x"}, "Un nouvel état"),
    ],
)
def test_a_decision_that_cannot_be_taken_says_why_and_tells_nobody(
    corg, typed: dict[str, str], said: str
) -> None:
    report = push(corg, location=CONFLICT)
    text = decision(dispatcher(), report, **typed).content.decode()
    assert said in re.sub(r"\s", " ", text)
    assert Report.objects.get().state == ReportState.REVIEW


def test_a_postal_code_that_is_another_commune_s_code_is_read_back_with_a_warning(corg) -> None:
    """90100 is Delle's postal code and the INSEE code of Vauthiermont."""
    report = push(corg, location=CONFLICT)
    asked = decision(dispatcher(), report, choice="autre", other="90100").content.decode()
    assert "Confirmer Vauthiermont (90100)" in asked
    assert re.search("90100 est aussi le code postal de .*Delle", asked)
    assert Report.objects.get().state == ReportState.REVIEW


def test_a_state_that_arrived_after_the_page_has_to_be_read_first(corg) -> None:
    first = push(corg, location=CONFLICT)
    later = push(corg, sequence=2, severity="extreme", location=CONFLICT)
    browser = dispatcher()
    typed = {"seen": str(first.pk), "choice": "90033", "confirmed": "90033", "why": "certain"}
    refused = browser.post(address(first), typed)
    assert "Un nouvel état" in refused.content.decode()
    assert not Report.objects.exclude(state=ReportState.REVIEW).exists()
    decision(browser, first, choice="90033", confirmed="90033")
    states = dict(Report.objects.values_list("pk", "state"))
    assert states == {first.pk: ReportState.SUPERSEDED, later.pk: ReportState.RECEIVED}
