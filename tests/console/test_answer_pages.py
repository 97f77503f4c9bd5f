"""The page behind the link of a text: what it shows, what answers it, and what never does."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifier.alerting.answer_link import answer_secret
from notifier.alerting.models import Alert, Answer, AnswerKind, Notification
from notifier.console.pages.answers.link import MAX_MISSES
from notifier.directory.models import Mandate
from tests.alerting.house import FIRE, contact, number, push
from tests.alerting.organisations import member, told_by_convention
from tests.console.world import stored

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a page shows and takes is no matter of SQL"),
]

SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 HeadlessChrome/131.0.0.0",
    "Mozilla/5.0 (compatible; Microsoft SafeLinks; +https://go.microsoft.com/fwlink/?linkid=2126108)",
    "Mimecast-URL-Protect/1.0",
    "Barracuda Sentinel (EE)",
    "ProofPoint URL Defense",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23.20.0",
    "Slackbot-LinkExpanding 1.0",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "curl/8.5.0",
)
PREFETCH: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "no-cors"},
)


@pytest.fixture
def now() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def fire(now, asking) -> Alert:
    """A fire in Delle of which the mayor was told; a deputy is next."""
    cache.clear()
    asking.duty_phone = "+33384571700"
    asking.save()
    contact("maire", mobile=number(1), last_name="Noyer", first_name="Jeanne")
    contact("adjoint", mobile=number(2), last_name="Tilleul", first_name="Paul")
    push(asking, category=FIRE, location={"insee": "90033", "label": "rue de la Gare"})
    return Alert.objects.get()


def link(alert: Alert, last: int = 1) -> str:
    told = Notification.objects.filter(alert=alert, address=number(last)).latest("pk")
    return f"/r/{answer_secret(alert.incident_id, alert.ref, told.recipient)}"


def shown(path: str, status: int = 200, client: Client | None = None, **headers: str) -> str:
    answer = (client or Client()).get(path, headers=headers)
    assert answer.status_code == status, path
    return text_of(answer)


def text_of(answer: Any) -> str:
    body = html.unescape(answer.content.decode())
    return re.sub(r"[ \u00a0\u202f\s]+", " ", re.sub(r"<[^>]+>", " ", body))


def stamp(path: str) -> str:
    found = re.search(r'name="lu" value="([^"]+)"', Client().get(path).content.decode())
    assert found
    return found[1]


@pytest.fixture
def give(now) -> Callable[..., Any]:
    """Read a page, and some seconds later press a button of it."""

    def press(path: str, kind: str, read: str = "", **more: str) -> Any:
        carried = stamp(path + read)
        now.shift(5)
        return Client(enforce_csrf_checks=True).post(
            path, {"lu": carried, "reponse": kind, **more}, follow=True
        )

    return press


def kinds() -> list[str]:
    return list(Answer.objects.order_by("pk").values_list("kind", flat=True))


# --- what it shows


def test_it_says_what_where_when_what_to_do_and_whom_to_call(fire) -> None:
    page = shown(link(fire))
    for said in (
        *("Feu de forêt grave", "à Delle", "Rue de la Gare", "Intervention en cours", "R1"),
        *("Bien noté", "Je m’en occupe", "Rappelez-moi", "Pas ma commune"),
        *("Transmettre à mon adjoint", "03 84 57 17 00", "poste de commandement des pompiers"),
    ):
        assert said in page, said
    assert 'href="tel:+33384571700"' in Client().get(link(fire)).content.decode()


def test_it_names_nobody_and_shows_no_address(fire) -> None:
    for path in ("", "/transmettre", "/pas-ma-commune", "/preferences"):
        page = Client().get(link(fire) + path).content.decode()
        for secret in ("Noyer", "Jeanne", "Tilleul", "Paul", "639980001", "639980002"):
            assert secret not in page, (path, secret)


def test_an_exercise_is_said_loudly(asking, now) -> None:
    contact("maire", mobile=number(1))
    push(asking, category=FIRE, exercise=True)
    assert "EXERCICE" in shown(link(Alert.objects.get()))


def test_two_readers_of_one_alert_see_their_own_answers_alone(fire, asking, give) -> None:
    give(link(fire), "call_me")
    contact("maire", commune="90056", mobile=number(3))
    push(asking, "R2", category=FIRE, location={"insee": "90056"})
    other = Alert.objects.get(organisation="90056")
    assert "C’est demandé" in shown(link(fire))
    assert "C’est demandé" not in shown(link(other, 3))


def test_what_followed_and_the_end_are_shown(fire, asking, now, give) -> None:
    give(link(fire), "noted")
    now.shift(600)
    push(asking, sequence=2, category=FIRE, severity="extreme")
    assert "Ce qui a suivi" in shown(link(fire))
    push(asking, sequence=3, category=FIRE, status="closed")
    page = shown(link(fire))
    assert "C’est terminé" in page
    assert "Votre réponse Bien noté, à" in page
    assert "Merci" not in page
    assert "Je m’en occupe" not in page
    now.shift(timedelta(hours=2, minutes=1))
    assert "n’ouvre plus rien" in shown(link(fire), 404)


def test_an_alert_that_was_withdrawn_says_where_it_is_now(fire, asking, now) -> None:
    push(asking, sequence=2, category=FIRE, location={"insee": "90052"})
    page = shown(link(fire))
    assert "Alerte retirée" in page
    assert "Intervention en cours" not in page
    assert "Je m’en occupe" not in page


def test_the_page_is_kept_by_nobody_but_its_reader_s_browser(fire) -> None:
    answer = Client().get(link(fire))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert not answer.cookies
    page = answer.content.decode()
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert " style=" not in page


def test_it_is_read_with_few_statements(fire) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        Client().get(link(fire))
    # One is the limit of those who guess, the others are `find_by_secret`'s.
    assert len(asked) <= 11
    assert not [q["sql"] for q in asked if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]


# --- what acknowledges nothing


def test_fifty_scanners_acknowledge_nothing(fire) -> None:
    before = stored()
    asked = 0
    for agent in SCANNERS:
        for headers in PREFETCH:
            client = Client(headers={"User-Agent": agent, **headers})
            assert client.get(link(fire)).status_code == 200
            asked += 1
        for path in ("", "/pas-ma-commune", "/transmettre", "/preferences"):
            assert client.get(link(fire) + path).status_code == 200
            assert client.head(link(fire) + path).status_code == 200
            assert client.options(link(fire) + path).status_code == 405
    assert asked >= 50
    assert stored() == before


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_a_scanner_that_submits_forms_answers_nothing(fire, now, kind: str) -> None:
    """A form without its button, without having read, of another link, or faster than anyone."""
    path, before = link(fire), stored()
    client = Client()
    carried = stamp(path)
    for body in (
        {"lu": carried},
        {"lu": carried, "reponse": ""},
        {"lu": carried, "reponse": "oui"},
        {"reponse": kind},
        {"lu": "x", "reponse": kind},
        {"lu": carried[:-1] + ("a" if carried[-1] != "a" else "b"), "reponse": kind},
        {"lu": carried, "reponse": kind},
    ):
        assert client.post(path, body).status_code == 200, body
    assert stored() == before
    assert "Est-ce bien votre réponse" in text_of(
        client.post(path, {"lu": carried, "reponse": kind})
    )
    for page in ("/pas-ma-commune", "/transmettre"):
        assert client.post(path + page, {"lu": carried, "reponse": kind}).status_code == 404
    assert stored() == before


def test_a_stamp_of_another_link_answers_nothing(fire, asking, now) -> None:
    contact("maire", commune="90056", mobile=number(3))
    push(asking, "R2", category=FIRE, location={"insee": "90056"})
    theirs = stamp(link(Alert.objects.get(organisation="90056"), 3))
    now.shift(5)
    Client().post(link(fire), {"lu": theirs, "reponse": "taken"})
    assert not Answer.objects.exists()


# --- what is answered


@pytest.mark.parametrize(
    ("kind", "thanks"),
    [
        ("noted", "Merci, c’est noté"),
        ("taken", "vous vous en occupez"),
        ("call_me", "La permanence est avertie"),
    ],
)
def test_one_press_answers_and_says_what_comes_next(fire, give, kind: str, thanks: str) -> None:
    page = text_of(give(link(fire), kind))
    assert thanks in page
    assert kinds() == [kind]
    assert thanks in shown(link(fire))


def test_noted_may_become_taken(fire, give) -> None:
    give(link(fire), "noted")
    page = text_of(give(link(fire), "taken"))
    assert "vous vous en occupez" in page
    assert "Je m’en occupe" not in page
    assert kinds() == ["noted", "taken"]
    assert "Vous vous en occupez depuis" in text_of(give(link(fire), "call_me"))


def test_not_my_commune_is_asked_once_more_before_it_counts(fire, give) -> None:
    assert "à Delle" in shown(link(fire) + "/pas-ma-commune")
    page = text_of(give(link(fire), "not_mine", read="/pas-ma-commune"))
    assert "vérifie le lieu" in page
    assert kinds() == ["not_mine"]


@pytest.mark.parametrize(("kind", "code"), [("epci", "200069052"), ("partenaire", "habitat")])
def test_who_is_of_no_commune_says_that_it_is_not_theirs_in_their_own_words(
    asking, now, give, kind: str, code: str
) -> None:
    member(told_by_convention(kind, code), mobile=7)
    push(asking, category=FIRE)
    alert = Alert.objects.get(organisation_kind=kind)
    pages = [shown(link(alert, 7)), shown(link(alert, 7) + "/pas-ma-commune")]
    now.shift(5)
    pages.append(text_of(Client().post(link(alert, 7), {"lu": "old", "reponse": "not_mine"})))
    pages.append(text_of(give(link(alert, 7), "not_mine", read="/pas-ma-commune")))
    pages.append(shown(link(alert, 7)))
    for page, said in zip(
        pages,
        (
            "Pas chez nous",
            "Ce n’est pas chez nous",
            "Oui : pas chez nous",
            "vérifie le lieu",
            "vérifie le lieu",
        ),
        strict=True,
    ):
        assert said in page
        assert not re.search("(ma|sa|la|votre|[Pp]as) commune", page), page
    assert kinds() == ["not_mine"]


def test_handing_over_proposes_the_next_in_order(fire, give) -> None:
    page = Client().get(link(fire) + "/transmettre").content.decode()
    found = re.search(r'name="a" value="(\d+)" checked', page)
    assert found
    assert "Transmis à" in text_of(give(link(fire), "handed_over", read="/transmettre", a=found[1]))
    assert kinds() == ["handed_over"]


def test_whoever_was_told_meanwhile_is_not_handed_the_alert(fire, give) -> None:
    """Nor is somebody else in that person's place whom nobody chose."""
    chosen = contact("adjoint", rank=2, mobile=number(3))
    carried = stamp(link(fire) + "/transmettre")
    Mandate.objects.filter(pk=chosen.pk).delete()
    page = text_of(give(link(fire), "handed_over", a=str(chosen.pk), lu=carried))
    assert "Transmettre l’alerte" in page
    assert not Answer.objects.exists()


def test_a_press_that_came_too_fast_is_confirmed_by_a_second(fire, now, give) -> None:
    asked = Client().post(link(fire), {"lu": stamp(link(fire)), "reponse": "taken"})
    found = re.search(r'name="lu" value="([^"]+)"', asked.content.decode())
    assert found
    now.shift(3)
    Client().post(link(fire), {"lu": found[1], "reponse": "taken"})
    assert kinds() == ["taken"]


def test_who_came_second_reads_with_whom_to_agree(fire, give) -> None:
    Alert.objects.update(taken_at=timezone.now(), taken_by="person:0", taken_title="1er adjoint")
    page = shown(link(fire))
    assert "Pris en charge : 1er adjoint" in page
    assert "Quelqu’un s’en occupait déjà" in text_of(give(link(fire), "taken"))


def test_an_alert_that_ended_meanwhile_says_so(fire, asking, now) -> None:
    carried = stamp(link(fire))
    now.shift(5)
    push(asking, sequence=2, category=FIRE, status="closed")
    answer = Client().post(link(fire), {"lu": carried, "reponse": "taken"})
    assert answer.status_code == 409
    assert "n’a pas été prise" in text_of(answer)
    assert not Answer.objects.exists()


# --- links that open nothing, and guesses


def test_every_link_that_opens_nothing_has_the_same_page(fire) -> None:
    secret = link(fire)[3:]
    pages = {
        Client().get(f"/r/{wrong}").content
        for wrong in (secret[:-1], f"{secret}2", secret.swapcase(), "0" * 12, "é" * 12, "%00")
    }
    assert len(pages) == 1
    for path in ("/pas-ma-commune", "/transmettre", "/preferences"):
        assert Client().get(f"/r/{secret.swapcase()}{path}").status_code == 404
        assert Client().post(f"/r/{secret.swapcase()}{path}").status_code == 404
    assert Client().post(f"/r/{secret.swapcase()}", {"reponse": "taken"}).status_code == 404


def test_a_link_dies_with_its_reader_s_mandate(fire) -> None:
    path = link(fire)
    Mandate.objects.filter(person__last_name="Noyer").delete()
    shown(path, 404)


def test_whoever_guesses_is_refused_for_a_minute_from_where_he_guesses(fire, now) -> None:
    guesser, reader = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="192.0.2.8")
    for _ in range(MAX_MISSES):
        assert guesser.get("/r/" + "2" * 12).status_code == 404
    assert guesser.get("/r/" + "2" * 12).status_code == 429
    assert guesser.get(link(fire)).status_code == 429
    assert reader.get(link(fire)).status_code == 200
    now.shift(61)
    assert guesser.get(link(fire)).status_code == 200
