"""Calendars at a secret address: what a calendar program reads, and what nobody else does."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.log import configure_logging
from icalendar import Calendar

from notifier.directory.absences import add_absence
from notifier.directory.models import CalendarFeed, Mandate, Organisation
from notifier.directory.on_call import planning
from notifier.directory.on_call.feeds import close_feed, open_feed
from tests.directory.people import organisation, somebody

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a calendar program reads is no matter of SQL"),
]

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)
FIRST = datetime(2026, 10, 16, 18)  # noqa: DTZ001 - local


@pytest.fixture(autouse=True)
def now() -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def pair(delle: Organisation) -> list[Mandate]:
    pair = [
        somebody(delle, "Merisier", "maire", first_name="Anne"),
        somebody(delle, "Tilleul", first_name="Paul"),
    ]
    planning.plan_rotation(delle, planning.NewRotation(pair, FIRST), NOW)
    return pair


def read(secret: str, method: str = "GET", **headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.generic(method, f"/api/v1/calendars/{secret}.ics", headers=headers)


def events(answer: Any) -> list[tuple[datetime, datetime, str]]:
    assert answer.status_code == 200
    return [
        (event.start.astimezone(UTC), event.end.astimezone(UTC), str(event["SUMMARY"]))
        for event in Calendar.from_ical(answer.content).events
    ]


def test_an_organisation_s_calendar_holds_its_shifts_and_absences(
    delle: Organisation, pair: list[Mandate]
) -> None:
    sunday = datetime(2026, 10, 18, 20, tzinfo=UTC)
    add_absence(pair[0], NOW, sunday, pair[1], NOW)
    answer = read(open_feed(delle, "administratrice", NOW))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = events(answer)
    assert len(found) == 54
    assert found[1] == (
        datetime(2026, 10, 23, 16, tzinfo=UTC),
        datetime(2026, 10, 30, 17, tzinfo=UTC),
        "Astreinte : Paul Tilleul, 1er adjoint",
    )
    assert found[-1] == (
        NOW, sunday, "Absence : Anne Merisier, maire (remplacé par Paul Tilleul, 1er adjoint)",
    )  # fmt: skip


def test_a_person_s_calendar_holds_theirs_alone_in_every_organisation(
    delle: Organisation, pair: list[Mandate]
) -> None:
    metropole = organisation("epci", "200069052")
    elsewhere = Mandate.objects.create(
        person=pair[1].person, organisation=metropole, function="vice_president"
    )
    planning.give(metropole, NOW, NOW + timedelta(days=1), elsewhere, NOW)
    found = events(read(open_feed(pair[1].person, "administratrice", NOW)))
    assert [summary for *_, summary in found[:2]] == [
        "Astreinte, Habitat Exemple",
        "Astreinte, Delle",
    ]
    assert len(found) == 27


def test_whoever_swaps_finds_it_under_the_same_number(
    delle: Organisation, pair: list[Mandate]
) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    before = Calendar.from_ical(read(secret).content).events
    planning.swap(delle, FIRST.replace(tzinfo=UTC), FIRST.replace(day=26, tzinfo=UTC), NOW)
    after = Calendar.from_ical(read(secret).content).events
    assert [e["UID"] for e in before] == [e["UID"] for e in after]
    assert len({str(e["UID"]) for e in after}) == len(after)
    assert str(after[0]["SUMMARY"]) == "Astreinte : Paul Tilleul, 1er adjoint"


def test_what_has_not_changed_is_not_sent_again(
    delle: Organisation, pair: list[Mandate], now: Any
) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    first = read(secret)
    assert first.headers["Cache-Control"] == "private, max-age=900"
    assert first.headers["X-Robots-Tag"] == "noindex"
    now.shift(timedelta(hours=1))
    again = read(secret, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    planning.stop(delle, datetime(2026, 12, 1, tzinfo=UTC))
    changed = read(secret, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_three_statements_however_many_shifts(
    delle: Organisation, pair: list[Mandate], django_assert_num_queries: Any
) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    with django_assert_num_queries(3):
        assert read(secret).status_code == 200


def test_whatever_opens_nothing_is_answered_alike(delle: Organisation, pair: list[Mandate]) -> None:
    former = open_feed(delle, "administratrice", NOW)
    renewed = open_feed(delle, "administratrice", NOW)
    assert read(renewed).status_code == 200
    close_feed(delle, NOW)
    wrong = ["x", "x" * 43, former, renewed, renewed[:-1], "1", "%00", "é" * 43]
    answers = [read(secret) for secret in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_the_database_holds_no_secret(delle: Organisation, pair: list[Mandate]) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    [row] = CalendarFeed.objects.values()
    assert not any(secret in str(value) for value in row.values())
    assert len(secret) == 43


def test_no_log_in_no_cookie_and_nothing_but_reading(
    delle: Organisation, pair: list[Mandate]
) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    answer = read(secret)
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert read(secret, "HEAD").status_code == 200
    for method in ("POST", "PUT", "DELETE", "PROPFIND"):
        assert read(secret, method).status_code == 405


@pytest.fixture
def logged() -> Any:
    """What would stand in the log of the service, as it is configured."""
    configure_logging(django_settings.LOGGING_CONFIG, django_settings.LOGGING)
    [handler] = [
        handler
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler and handler.filters
    ]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream.getvalue
    handler.setStream(before)


def test_no_secret_is_logged(
    delle: Organisation, pair: list[Mandate], logged: Callable[[], str]
) -> None:
    secret = open_feed(delle, "administratrice", NOW)
    read(secret, "POST")
    close_feed(delle, NOW)
    read(secret)
    assert "/api/v1/calendars/…" in logged()
    assert secret not in logged()


def test_no_secret_of_a_way_out_is_logged(client: Client, logged: Callable[[], str]) -> None:
    assert client.get("/sortie/un-secret").status_code == 404
    assert "/sortie/…" in logged()
    assert "un-secret" not in logged()


# --- the command ---------------------------------------------------------------------------------


def test_an_administrator_hands_out_renews_and_revokes_an_address(
    delle: Organisation, pair: list[Mandate], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> str:
        call_command("on-call", "calendar", "commune:90033", *args)
        return capsys.readouterr().out

    def opens(said: str) -> int:
        address = said.splitlines()[-1]
        assert address.startswith("http://127.0.0.1:1/api/v1/calendars/")
        return Client().get(address.removeprefix("http://127.0.0.1:1")).status_code

    first = run("--who", "administratrice")
    own = run("--person", "Tilleul")
    assert (opens(first), opens(own)) == (200, 200)
    with pytest.raises(CommandError, match=r"créée par administratrice le lundi 12 octobre 2026"):
        run()
    second = run("--renew")
    assert (opens(first), opens(second), opens(own)) == (404, 200, 200)
    assert run("--revoke") == "Adresse retirée.\n"
    assert run("--revoke") == "Aucune adresse en service.\n"
    assert (opens(second), opens(own)) == (404, 200)
