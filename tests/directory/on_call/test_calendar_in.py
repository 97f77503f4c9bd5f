"""iCalendar files of other programs: what is read in them, and what is refused by name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from notifier.directory.models import Absence, Mandate, OnCallShift, Organisation
from notifier.directory.on_call import planning
from notifier.directory.on_call.calendar_import import import_calendar
from notifier.directory.on_call.calendar_in import (
    MAX_BYTES,
    CalendarError,
    CalendarFile,
    EventKind,
    read_calendar,
)
from notifier.directory.on_call.calendar_out import CalendarEntry, to_icalendar
from tests.directory.on_call.test_shifts import PARIS, utc
from tests.directory.people import organisation, somebody

NOW = utc(2026, 10, 12, 8)
YEAR = NOW + timedelta(weeks=53)


def calendar(*events: str, head: str = "") -> bytes:
    """A file of these events, each given as its lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Agenda//FR", *head.split("\n")]
    for number, event in enumerate(events):
        uid = () if "UID:" in event else (f"UID:{number}",)
        lines += ["BEGIN:VEVENT", *uid, *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([line for line in lines if line] + ["END:VCALENDAR", ""]).encode()


def read(*events: str, head: str = "") -> CalendarFile:
    return read_calendar(calendar(*events, head=head), PARIS, NOW, YEAR)


def spans(file: CalendarFile) -> list[tuple[datetime, datetime]]:
    return [(event.starts_at, event.ends_at) for event in file.events]


WEEK = "DTSTART;TZID=Europe/Paris:20261023T180000\nDTEND;TZID=Europe/Paris:20261030T180000"
IN_UTC = (utc(2026, 10, 23, 16), utc(2026, 10, 30, 17))


@pytest.mark.parametrize(
    "when",
    [
        WEEK,
        "DTSTART:20261023T160000Z\nDTEND:20261030T170000Z",
        # Without a time zone, it is the organisation's.
        "DTSTART:20261023T180000\nDTEND:20261030T180000",
        # Outlook's name for Paris.
        (
            'DTSTART;TZID="Romance Standard Time":20261023T180000\n'
            'DTEND;TZID="Romance Standard Time":20261030T180000'
        ),
        # Days of a duration are days of the calendar, the one of 25 hours too.
        "DTSTART;TZID=Europe/Paris:20261023T180000\nDURATION:P7D",
    ],
)
def test_one_week_however_it_is_written(when: str) -> None:
    assert spans(read(f"{when}\nSUMMARY:Astreinte Merisier")) == [IN_UTC]


def test_a_repetition_stays_at_its_local_hour_with_its_exceptions() -> None:
    """Every fifth Friday as Google writes it; one week is left out, one is moved by a day."""
    file = read(
        "UID:a\nDTSTART;TZID=Europe/Paris:20261016T180000\n"
        "DTEND;TZID=Europe/Paris:20261023T180000\n"
        "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261212T000000Z\n"
        "EXDATE;TZID=Europe/Paris:20261113T180000\nSUMMARY:Astreinte Merisier",
        "UID:a\nRECURRENCE-ID;TZID=Europe/Paris:20261127T180000\n"
        "DTSTART;TZID=Europe/Paris:20261128T180000\nDTEND;TZID=Europe/Paris:20261204T180000\n"
        "SUMMARY:Astreinte Tilleul",
    )
    assert spans(file) == [
        (utc(2026, 10, 16, 16), utc(2026, 10, 23, 16)),
        (utc(2026, 10, 30, 17), utc(2026, 11, 6, 17)),
        (utc(2026, 11, 28, 17), utc(2026, 12, 4, 17)),
        (utc(2026, 12, 11, 17), utc(2026, 12, 18, 17)),
    ]
    assert [event.summary for event in file.events][2] == "Astreinte Tilleul"


def test_whole_days_are_the_organisation_s_days() -> None:
    file = read("DTSTART;VALUE=DATE:20261024\nDTEND;VALUE=DATE:20261026\nSUMMARY:Congés Merisier")
    assert spans(file) == [(utc(2026, 10, 23, 22), utc(2026, 10, 25, 23))]
    assert file.events[0].kind is EventKind.ABSENCE


def test_what_is_past_too_far_ahead_or_cancelled_is_left_out() -> None:
    file = read(
        "DTSTART:20261001T180000\nDTEND:20261008T180000\nSUMMARY:Astreinte A",
        "DTSTART:20280101T180000\nDTEND:20280108T180000\nSUMMARY:Astreinte B",
        f"{WEEK}\nSTATUS:CANCELLED\nSUMMARY:Astreinte C",
        f"{WEEK}\nSUMMARY:Astreinte D",
    )
    assert [event.summary for event in file.events] == ["Astreinte D"]
    assert file.unreadable == []


@pytest.mark.parametrize(
    ("words", "head", "kind"),
    [
        ("SUMMARY:Astreinte Merisier", "", EventKind.ON_CALL),
        ("SUMMARY:PERMANENCE de Mme Merisier", "", EventKind.ON_CALL),
        ("SUMMARY:Merisier absente", "", EventKind.ABSENCE),
        ("SUMMARY:Merisier\nCATEGORIES:Absence", "", EventKind.ABSENCE),
        ("SUMMARY:Merisier", "X-WR-CALNAME:Astreintes de Delle", EventKind.ON_CALL),
        ("SUMMARY:Vacances Merisier", "X-WR-CALNAME:Astreintes de Delle", EventKind.ABSENCE),
        ("SUMMARY:Merisier", "", None),
        ("SUMMARY:Astreinte, Merisier absente", "", None),
        ("SUMMARY:Réunion", "X-WR-CALNAME:Agenda", None),
    ],
)
def test_what_an_event_is_by_its_words(words: str, head: str, kind: EventKind | None) -> None:
    assert read(f"{WEEK}\n{words}", head=head).events[0].kind is kind


def test_guests_who_declined_are_none() -> None:
    file = read(
        f"{WEEK}\nSUMMARY:Astreinte\nORGANIZER:mailto:secretariat@delle.example\n"
        "ATTENDEE;PARTSTAT=DECLINED:mailto:premier@delle.example\n"
        "ATTENDEE;CN=Anne:MAILTO:Maire@Delle.example"
    )
    assert file.events[0].emails == ("maire@delle.example",)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("DTSTART:20261099T180000\nSUMMARY:Astreinte", "dates illisibles"),
        ("SUMMARY:Astreinte", "dates illisibles"),
        ("DTSTART:20261023T180000\nSUMMARY:Astreinte", "sans durée"),
        ("DTSTART:20261023T180000\nDTEND:20261022T180000\nSUMMARY:Astreinte", "sans durée"),
        (f"{WEEK}\nRRULE:FREQ=SECONDLY\nSUMMARY:Astreinte", "plus d’une fois par jour"),
        (f"{WEEK}\nRRULE:FREQ=HOURLY;INTERVAL=200\nSUMMARY:Astreinte", "plus d’une fois par jour"),
        (
            f"{WEEK}\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2\nSUMMARY:Astreinte",
            "plus d’une fois par jour",
        ),
        (f"{WEEK}\nRRULE:FREQ=SOMETIMES\nSUMMARY:Astreinte", ""),
    ],
)
def test_an_event_that_cannot_be_used_is_named_and_spoils_no_other(event: str, reason: str) -> None:
    file = read(event, f"{WEEK}\nSUMMARY:Astreinte Merisier")
    assert spans(file) == [IN_UTC]
    [unreadable] = file.unreadable
    assert unreadable.summary == "Astreinte"
    assert reason in unreadable.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"bonjour",
        b"\xff\xfe\x00\x01",
        b"BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        b"code_commune;fonction\n90033;maire\n",
    ],
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(CalendarError, match="pas un calendrier"):
        read_calendar(content, PARIS, NOW, YEAR)


def test_a_file_too_large_or_with_too_many_events_is_refused() -> None:
    with pytest.raises(CalendarError, match="trop gros"):
        read_calendar(b"x" * (MAX_BYTES + 1), PARIS, NOW, YEAR)
    daily = "DTSTART:20261013T080000\nDTEND:20261013T090000\nRRULE:FREQ=DAILY\nSUMMARY:Astreinte"
    with pytest.raises(CalendarError, match="trop d’événements"):
        read(*[daily] * 6)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes) -> None:
    for file in (content, calendar(WEEK) + content, calendar(content.decode("latin-1"))):
        try:
            read_calendar(file, PARIS, NOW, YEAR)
        except CalendarError:
            continue


def test_what_we_write_we_read() -> None:
    entries = [CalendarEntry("1@x", *IN_UTC, "Astreinte : Anne Merisier, maire", "ASTREINTE")]
    file = read_calendar(to_icalendar("Delle", entries, PARIS, NOW), PARIS, NOW, YEAR)
    assert spans(file) == [IN_UTC]
    assert file.events[0].kind is EventKind.ON_CALL


# --- as stored -----------------------------------------------------------------------------------


@pytest.fixture
def delle(db: None) -> Organisation:
    return organisation()


@pytest.fixture
def people(delle: Organisation) -> list[Mandate]:
    return [
        somebody(delle, "Merisier", "maire", first_name="Anne", email="maire@delle.example"),
        somebody(delle, "Tilleul", first_name="Paul"),
        somebody(delle, "Aulne", rank=2, first_name="Jean"),
        somebody(delle, "Aulne", rank=3, first_name="Ève"),
    ]


def titled(*titles: str) -> bytes:
    """One event a week with these titles, each from Friday to Friday."""
    first = datetime(2026, 10, 16, 18)  # noqa: DTZ001 - local
    return calendar(
        *(
            f"DTSTART;TZID=Europe/Paris:{first + timedelta(weeks=n):%Y%m%dT%H%M%S}\n"
            f"DTEND;TZID=Europe/Paris:{first + timedelta(weeks=n + 1):%Y%m%dT%H%M%S}\n{title}"
            for n, title in enumerate(titles)
        )
    )


def holders() -> list[str]:
    rows = OnCallShift.objects.select_related("mandate__person").order_by("starts_at")
    return [str(row.mandate.person) for row in rows]


def test_people_are_found_by_mail_or_name(delle: Organisation, people: list[Mandate]) -> None:
    content = titled(
        "SUMMARY:Astreinte\nATTENDEE:mailto:maire@delle.example",
        "SUMMARY:Astreinte de M. Tilleul",
        "SUMMARY:Astreinte : EVE AULNE (Delle)",
        "SUMMARY:Astreinte semaine 45 Merisier",
    )
    done = import_calendar(delle, content, NOW)
    assert done.refused == []
    assert holders() == ["Anne Merisier", "Paul Tilleul", "Ève Aulne", "Anne Merisier"]
    again = import_calendar(delle, content, NOW)
    assert (again.unchanged, again.shifts, again.refused) == (4, [], [])


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("SUMMARY:Astreinte Aulne", "peut être plusieurs personnes"),
        ("SUMMARY:Astreinte Anne Merisier et Paul Tilleul", "peut être plusieurs personnes"),
        ("SUMMARY:Astreinte Merisier ou Tilleul", "personne de l’organisme n’y est nommé"),
        # Somebody else of that name.
        ("SUMMARY:Astreinte Bernard Merisier", "personne de l’organisme n’y est nommé"),
        ("SUMMARY:Astreinte Frêne", "personne de l’organisme n’y est nommé"),
        ("SUMMARY:Astreinte", "personne de l’organisme n’y est nommé"),
        ("SUMMARY:Merisier", "ni astreinte ni absence"),
        ("SUMMARY:Astreinte\nATTENDEE:mailto:autre@delle.example", "n’y est nommé ni invité"),
    ],
)
def test_nobody_is_guessed_and_nothing_stored(
    delle: Organisation, people: list[Mandate], title: str, why: str
) -> None:
    content = titled(title, "SUMMARY:Astreinte Tilleul")
    done = import_calendar(delle, content, NOW)
    [refused] = done.refused
    assert why in refused
    assert holders() == []
    import_calendar(delle, content, NOW, only_valid=True)
    assert holders() == ["Paul Tilleul"]


def test_absences_are_imported_once_for_all_mandates_there(
    delle: Organisation, people: list[Mandate]
) -> None:
    Mandate.objects.create(
        person=people[0].person, organisation=delle, function="astreinte", rank=1
    )
    content = titled("SUMMARY:Congés Merisier")
    for _ in range(2):
        assert import_calendar(delle, content, NOW).refused == []
    assert Absence.objects.count() == 2
    assert OnCallShift.objects.count() == 0


def test_what_is_planned_already_is_not_overwritten(
    delle: Organisation, people: list[Mandate]
) -> None:
    planning.add_shift(delle, utc(2026, 10, 20), utc(2026, 10, 21), people[1])
    done = import_calendar(delle, titled("SUMMARY:Astreinte Merisier"), NOW)
    assert "Paul Tilleul est déjà d’astreinte du mardi 20 octobre 2026" in done.refused[0]
    assert holders() == ["Paul Tilleul"]


def test_the_command_shows_imports_and_refuses(
    delle: Organisation,
    people: list[Mandate],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    time_machine_now: None,
) -> None:
    file = tmp_path / "astreintes.ics"
    file.write_bytes(titled("SUMMARY:Merisier", "SUMMARY:Frêne"))

    def run(*options: str) -> str:
        call_command(
            "on-call", "import", "commune:90033", str(file), *options, stderr=io.StringIO()
        )
        return capsys.readouterr().out

    with pytest.raises(CommandError) as refused:
        run("--comme", "astreinte")
    assert "rien n’est repris (--valides reprend les bons), refus :" in str(refused.value)
    assert "« Frêne », vendredi 23 octobre 2026 à 18 h 00 : personne de" in str(refused.value)
    capsys.readouterr()
    shown = run("--comme", "astreinte", "--valides", "--dry-run")
    assert shown.splitlines()[0].endswith(
        "du vendredi 16 octobre 2026 à 18 h 00 au vendredi 23 octobre 2026 à 18 h 00 : "
        "Anne Merisier, maire"
    )
    assert shown.splitlines()[1:] == [
        "1 tour, 0 absence, 0 déjà là.",
        "Essai à blanc : rien n’a été écrit.",
    ]
    assert holders() == []
    run("--comme", "astreinte", "--valides")
    assert holders() == ["Anne Merisier"]
    with pytest.raises(CommandError, match="illisible"):
        call_command("on-call", "import", "commune:90033", str(tmp_path / "absent.ics"))


@pytest.fixture
def time_machine_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield
