"""Règles in the browser: found, read, narrowed after a comparison, lifted, and only one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.models import PolicyNarrowing, PolicyReplay
from notifier.alerting.policy import narrowings
from notifier.alerting.policy_changes import adopt, advance, propose
from tests.harness.accounts import add_account, add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="pages of rules ask nothing special of SQL"),
]

# L2212-2 allows it, L132-3 has it told.
FREE, OBLIGED, SECRET = "C01.01.01", "C07.01.00", "C02.14.00"


@pytest.fixture(autouse=True)
def _read_anew():
    narrowings.forget()
    yield
    narrowings.forget()


@pytest.fixture
def browser():
    return logged_in(add_account(Role.GROUPEMENT, "90", name="A. Dupont"))


def asked(browser, **what):
    given = {"departement": "90", "reason": "à la demande des maires", **what}
    return browser.post(reverse("console:rule-narrow", args=[FREE]), given)


def adopted(departement: str = "90", category: str = FREE) -> PolicyNarrowing:
    new = PolicyNarrowing(
        departement=departement, category=category, is_withheld=True, reason="trop de messages"
    )
    comparison = propose(new, "A. Dupont")
    advance(comparison.pk)
    comparison.refresh_from_db()
    return adopt(comparison, "A. Dupont")


def test_a_category_is_found_by_word_code_and_article(browser) -> None:
    url = reverse("console:rules")
    for query, found in (
        ({"q": "autocar"}, "avec un autocar ou un bus"),
        ({"q": "C09.02"}, "fuite d’eau"),
        ({"q": "L2213-23"}, "noyade"),
        ({"famille": "C05"}, "explosion"),
        ({"annonce": "tues", "q": "escroquerie"}, "escroquerie"),
    ):
        text = browser.get(url, query).content.decode()
        assert found in text.replace(" [grave]", " grave") or found.split(" grave")[0] in text, (
            query
        )
    nothing = browser.get(url, {"q": "licorne"}).content.decode()
    assert "Aucune catégorie ne correspond" in nothing


def test_a_category_shows_the_texts_as_they_leave_with_their_segments(browser) -> None:
    page = browser.get(reverse("console:rule", args=[FREE]))
    text = page.content.decode()
    assert "article L2212-2 du code général des collectivités territoriales" in text
    example = page.context["examples"][0]
    assert example.texts.size.encoding == "GSM-7"
    assert f"{example.texts.size.characters} caractères, 1 segment (GSM-7)" in text
    assert "[" not in example.texts.sms
    secret = browser.get(reverse("console:rule", args=[SECRET])).content.decode()
    assert "Aucun texte" in secret
    assert "Restreindre dans un département" not in secret


def test_of_what_the_law_obliges_only_the_functions_are_asked(browser) -> None:
    form = browser.get(reverse("console:rule-narrow", args=[OBLIGED])).context["form"]
    assert set(form.fields) == {"departement", "functions", "reason"}
    assert browser.get(reverse("console:rule-narrow", args=[SECRET])).status_code == 404


def test_it_is_narrowed_only_after_a_comparison_and_lifted_after_another(browser, clock) -> None:
    answer = asked(browser, is_withheld="on")
    comparison = PolicyReplay.objects.get()
    page = reverse("console:comparison", args=[comparison.pk])
    assert answer.headers["Location"] == page
    assert "Comparaison en cours" in browser.get(page).content.decode()
    apply = reverse("console:comparison-apply", args=[comparison.pk])
    early = browser.post(apply, follow=True).content.decode()
    assert "Attendre la fin de la comparaison" in early
    advance(comparison.pk)
    assert "Appliquer" in browser.get(page).content.decode()
    assert "moins d’une minute" in browser.post(apply, follow=True).content.decode()
    narrowing = PolicyNarrowing.objects.get()
    assert (narrowing.author, narrowing.reason) == ("A. Dupont", "à la demande des maires")
    clock.shift(timedelta(minutes=1))
    text = browser.get(reverse("console:rules"), {"q": FREE}).content.decode()
    assert "restreinte" in text
    lifting = browser.post(
        reverse("console:narrowing-lift", args=[narrowing.pk]), {"reason": "fin de l’essai"}
    )
    second = PolicyReplay.objects.get(is_lifting=True)
    assert lifting.headers["Location"] == reverse("console:comparison", args=[second.pk])
    advance(second.pk)
    browser.post(reverse("console:comparison-apply", args=[second.pk]))
    clock.shift(timedelta(minutes=1))
    listed = browser.get(reverse("console:narrowings")).content.decode()
    assert "levée" in listed
    assert "fin de l’essai" in listed


def test_what_changes_nothing_or_says_no_reason_is_refused_by_a_sentence(browser) -> None:
    assert "ne change rien" in asked(browser).content.decode()
    assert asked(browser, is_withheld="on", reason="").context["form"].errors["reason"]
    number = asked(browser, is_withheld="on", reason="appeler 06 39 98 00 01")
    assert "ôtez-en" in str(number.context["form"].errors["reason"])
    assert not PolicyNarrowing.objects.exists()


def test_another_departement_is_neither_offered_nor_taken(browser) -> None:
    other = adopted("25")
    assert "département 25" not in browser.get(reverse("console:narrowings")).content.decode()
    assert asked(browser, departement="25", is_withheld="on").context["form"].errors["departement"]
    comparison = PolicyReplay.objects.get()
    for url in (
        reverse("console:comparison", args=[comparison.pk]),
        reverse("console:narrowing-lift", args=[other.pk]),
    ):
        assert browser.get(url).status_code == 404
    apply = reverse("console:comparison-apply", args=[comparison.pk])
    assert browser.post(apply).status_code == 404


def test_pages_ask_as_much_for_thirty_narrowings_as_for_one(
    browser, django_assert_max_num_queries
) -> None:
    now = timezone.now()
    for rows in (1, 29):
        PolicyNarrowing.objects.bulk_create(
            PolicyNarrowing(
                departement="90", category=FREE, is_routine=True, reason="essai",
                author="A. Dupont", proposed_at=now, starts_at=now,
            )
            for _ in range(rows)
        )  # fmt: skip
        narrowings.forget()
        for name, arguments in (("rules", []), ("rule", [FREE]), ("narrowings", [])):
            with django_assert_max_num_queries(8):
                browser.get(reverse(f"console:{name}", args=arguments))


def test_the_platform_sees_every_departement() -> None:
    adopted("25")
    page = logged_in(add_superuser()).get(reverse("console:narrowings"))
    assert "département 25" in page.content.decode()
