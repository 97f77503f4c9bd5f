"""The page behind the link of a text, on a telephone: every state of it, and without a network."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from notifier.console.pages.answers.link import MIN_READING_S
from tests.browser.judge import judge
from tests.browser.trial import Trial
from tests.browser.visitor import NARROW, House, Visitor
from tests.conftest import IN_PROCESS, outside_key
from tests.harness.unreachable import web_without_database

SECRET = r"/r/[0-9A-Za-z]{12}"


def link(trial: Trial, visitor: Visitor, reference: str, **more: object) -> str:
    """Push a fire in Delle, and return the link of the first text that tells of it."""
    pushed = visitor.page.request.post(
        f"{trial.url}/api/v1/interventions",
        headers={"Authorization": f"Bearer {trial.key}"},
        data={
            "reference": reference,
            "sequence": 1,
            "status": "engaged",
            "category": "C04.02.03",
            "severity": "severe",
            "occurred_at": datetime.now(UTC).isoformat(),
            "location": {"insee": "90033", "label": "rue de la Gare"},
            **more,
        },
    )
    assert pushed.status == 202, pushed.text()
    seen = trial.simulator.messages()
    while not (told := [one["body"] for one in seen if reference in one["body"]]):
        trial.simulator.wait(sms=len(seen) + 1, timeout=60)
        seen = trial.simulator.messages()
    found = re.search(SECRET, told[0])
    assert found, told[0]
    return found[0]


def press(page: Page, answer: str) -> None:
    """Press the button of an answer; faster than anybody reads, it is asked once more."""
    page.get_by_role("button", name=answer).click()
    again = page.get_by_role("button", name="Oui")
    if again.is_visible():
        page.wait_for_timeout(1000 * MIN_READING_S)
        again.click()


def test_every_state_of_the_page_is_in_order(house: House, trial: Trial) -> None:
    visitor = house.visitor(width=NARROW)
    page = visitor.page
    path = link(trial, visitor, "CORG90-2026-012001")
    faults: list[str] = []

    def see(state: str) -> None:
        faults.extend(f"{state}: {fault}" for fault in [*judge(page), *visitor.watch.take()])

    visitor.go(path)
    expect(page.get_by_role("heading", level=1)).to_contain_text("à Delle")
    see("the alert")
    # To one's deputy, or for whoever is no mayor to somebody else.
    for label in ("Pas ma commune", "Transmettre à"):
        page.get_by_role("button", name=label).click()
        see(label)
        page.get_by_role("button", name="Revenir à l’alerte").click()
    press(page, "Bien noté")
    expect(page.get_by_text("Merci, c’est noté")).to_be_visible()
    see("noted")
    press(page, "Je m’en occupe")
    expect(page.get_by_text("vous vous en occupez")).to_be_visible()
    see("taken")
    page.get_by_role("link", name="Mes préférences").click()
    for details in page.get_by_role("group").all():
        details.evaluate("element => element.setAttribute('open', '')")
    see("preferences")
    visitor.watch.expected.add(404)
    visitor.go("/r/" + "2" * 12)
    see("a link that opens nothing")
    assert not faults, "\n".join(faults)
    assert page.context.cookies() == []


def test_the_page_that_says_that_nothing_can_be_read_now_is_in_order(
    house: House, trial: Trial, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Its database refuses: neither the alert nor an answer, and each is tried again by a press."""
    outside = pytestconfig.stash[outside_key]
    page = house.visitor(width=NARROW).page
    with web_without_database(outside | IN_PROCESS, tmp_path) as bind:
        page.goto(f"{bind.url}/r/abcdefghijkm")
        faults = judge(page)
        page.get_by_role("button", name="Réessayer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Momentanément indisponible")
        page.set_content(
            f"<form method=post action={bind.url}/r/abcdefghijkm><input name=a value=12>"
            "<button name=reponse value=taken>Je m’en occupe</button></form>"
        )
        page.get_by_role("button").click()
        expect(page.get_by_text("n’est peut-être pas enregistrée")).to_be_visible()
        faults += judge(page)
        page.get_by_role("button", name="Réessayer : je m’en occupe").click()
        expect(page.get_by_text("n’est peut-être pas enregistrée")).to_be_visible()
    assert not faults, "\n".join(faults)


def test_it_is_answered_without_scripts_and_read_again_without_a_network(
    house: House, trial: Trial
) -> None:
    visitor = house.visitor(width=NARROW)
    page = visitor.page
    path = link(trial, visitor, "CORG90-2026-012002", exercise=True)
    visitor.go(path)
    expect(page.locator("html[data-kept]")).to_be_attached()
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("EXERCICE")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("à Delle")
    # With its style, and nobody else's page in the place of one that was never read here.
    assert page.evaluate("getComputedStyle(document.querySelector('.choices')).display") == "grid"
    visitor.watch.take()
    assert page.evaluate("path => fetch(path).then(() => 'told', () => 'nothing')", path[:-1] + "2")
    unread = page.evaluate(
        "path => fetch(path).then(answer => answer.text(), () => 'nothing')", "/r/" + "2" * 12
    )
    assert unread == "nothing"
    page.context.set_offline(False)
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    try:
        bare = plain.new_page()
        bare.goto(trial.url + path)
        press(bare, "Je m’en occupe")
        expect(bare.get_by_text("vous vous en occupez")).to_be_visible()
    finally:
        plain.close()
