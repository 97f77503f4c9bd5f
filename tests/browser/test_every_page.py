"""Every page, as each role sees it: no violation, no error, nothing out of reach."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import NoReverseMatch, reverse

from tests.browser.judge import judge
from tests.browser.visitor import House
from tests.browser.walk import Named, Walk, found_at, registry

ANYBODY = ""
ROLES = (ANYBODY, "groupement", "auditeur", "plateforme", "delle", "operateur")
# What these see is theirs: no button, no address, or nothing but the way in. The others see the
# pages of the groupement, and are judged by what it has not.
OWN_VIEW = {ANYBODY, "groupement", "auditeur"}
# Opened by a secret of a mail, or of a key that none of the sample accounts has.
BY_SECRET = {
    *("leave", "account_reset_password_from_key"),
    *("mfa_remove_webauthn", "mfa_edit_webauthn"),
    *("invitation", "confirm-address", "console:new-email"),
    # Of a text: tests/browser/test_answer.py.
    *("answer", "answer-not-mine", "answer-hand-over", "answer-preferences"),
    # Off without an identity provider.
    *("oidc_init", "oidc_callback", "oidc_logout"),
}
# What the samples have no row for: texts to residents, or at the hard quota of a source.
WITHOUT_ROW = {"console:incident-release"}
# What stands for each part of an address to which no link leads.
KNOWN = {"departement": "90", "commune": "90033", "kind": "commune", "code": "90033"}
_YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
# Where else than on the board the groupement begins, for what two pages of each kind may miss.
STARTS = {
    "groupement": (
        # A text that did not arrive, of an incident under way.
        f"/journal?organisme=Étueffont&du={_YESTERDAY}",
        "/organismes/commune/90008/calendrier",
        "/organismes/partenaire/habitat-exemple/territoire",
        # A list that is over, to which no link leads, and one that waits.
        "/importer/1",
        "/importer/2",
    )
}


@pytest.fixture(scope="module")
def walked() -> Walk:
    """What all of them have seen, after each has walked."""
    return Walk("", values=dict(KNOWN))


@pytest.mark.parametrize("role", ROLES)
def test_every_page_that_is_reached_is_in_order(role: str, house: House, walked: Walk) -> None:
    visitor = house.visitor(role)
    walk = Walk(visitor.trial.url)
    judged = Counter[str]()
    faults: list[str] = []
    for path in walk.pages(visitor.page, *STARTS.get(role, ()), "/"):
        match = found_at(path)
        name = match.view_name if match else path
        if role in OWN_VIEW or name not in walked.names:
            judged[name] += 1
            found = judge(visitor.page, tabs=judged[name] == 1)
            faults += [f"{path}: {fault}" for fault in found]
        faults += [f"{path}: {fault}" for fault in visitor.watch.take()]
    walked.names |= walk.names
    walked.values |= walk.values
    print(f"{role or 'nobody'}: {len(walk.paths)} pages: {' '.join(walk.paths)}")
    assert not faults, "\n".join(faults)


def test_no_page_of_the_registry_was_forgotten(house: House, walked: Walk) -> None:
    """What no link leads to is opened by its address; a page must then be in order as well."""
    visitor = house.visitor("plateforme")
    faults: list[str] = []
    for address in registry():
        if address.name in walked.names | BY_SECRET | WITHOUT_ROW:
            continue
        path = _path(address, walked)
        if path is None:
            faults.append(f"{address.name}: no link leads there, and nobody knows {address.parts}")
            continue
        answer = visitor.page.request.get(visitor.trial.url + path)
        if answer.status == 405 or not _is_page(answer.headers):
            continue
        visitor.page.goto(visitor.trial.url + path)
        found = [*visitor.watch.take(), *judge(visitor.page)]
        faults += [f"{path} ({address.name}): {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def test_the_page_that_lets_texts_go_is_in_order_although_none_waits(house: House) -> None:
    """What the samples have no row for; the page asks the same of any alert."""
    visitor = house.visitor("groupement")
    visitor.go("/maintenant")
    links = visitor.page.locator("a[href^='/interventions/']")
    tell = visitor.page.locator("a[href*='/prevenir/']").first
    for incident in [str(link.get_attribute("href")) for link in links.all()]:
        visitor.go(incident)
        if tell.count():
            break
    path = str(tell.get_attribute("href")).replace("/prevenir/", "/liberer/")
    visitor.page.goto(visitor.trial.url + path)
    assert visitor.page.get_by_role("button", name="Laisser partir").count()
    assert [*visitor.watch.take(), *judge(visitor.page)] == []


def _is_page(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "").startswith("text/html")


def _path(address: Named, walked: Walk) -> str | None:
    try:
        values = {part: walked.values[part] for part in address.parts}
        return reverse(address.name, kwargs=values)
    except (KeyError, NoReverseMatch):
        return None
