"""The real service: an absent mayor, a dead number, a calendar read over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from icalendar import Calendar

from tests.harness.live import Live


def test_a_stand_in_is_told_then_a_dead_number_is_passed_over_and_confirmed(live: Live) -> None:
    service = live.service
    mayor, first, second = (service.new_number() for _ in range(3))
    service.add_contacts(
        f"90093;maire;1;Merisier;Anne;{mayor};",
        f"90093;adjoint;1;Tilleul;Paul;{first};",
        f"90093;adjoint;2;Aulne;Ève;{second};",
    )

    def push() -> None:
        service.push(reference=service.new_reference(), location={"insee": "90093"})

    def run(*args: str) -> str:
        done = service.run(*args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = run(
        *("absence", "add", "commune:90093", "maire", "--until", "2099-12-31"),
        *("--stand-in", "2e adjoint"),
    )
    assert "Anne Merisier, maire : absent du" in said
    live.simulator.fault("reject", to=second, error_code=21211, times=2)
    for _ in range(2):
        push()
        live.expect_sms(to=first)
    push()
    live.expect_sms(to=first)
    assert "Ève Aulne : mobile" in run("directory", "confirm", second)
    push()
    live.expect_sms(to=second)


def test_a_calendar_program_reads_and_is_turned_away_once_revoked(live: Live) -> None:
    service = live.service
    service.add_contacts(f"90094;maire;1;Merisier;Anne;{service.new_number()};")
    plan = ("plan", "commune:90094", "maire", "--from", "2026-10-16 18:00")
    assert service.run("on-call", *plan).returncode == 0
    said = service.run("on-call", "calendar", "commune:90094").stdout
    address = said.splitlines()[-1]
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the service's own
        events = Calendar.from_ical(answer.read()).events
    assert len(events) > 50
    assert {str(event["SUMMARY"]) for event in events} == {"Astreinte : Anne Merisier, maire"}
    assert service.run("on-call", "calendar", "commune:90094", "--revoke").returncode == 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address)  # noqa: S310 - the service's own
