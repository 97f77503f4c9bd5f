"""What each text says of its own: the hours of an end, where it went, for whom, whom to call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from time_machine import travel

from notifier.alerting.escalation.failed_people import failed_people_clause
from notifier.alerting.models import Notification, NotificationState
from notifier.console.admin.base import format_moment
from notifier.delivery.models import Channel, Delay, Message, MessageState
from notifier.intake.models import Report, Source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    CONFLICT,
    FIRE,
    GIROMAGNY,
    MAYOR,
    MISSING,
    THEFT,
    bodies,
    breakable,
    contact,
    hand_over,
    messages,
    number,
    push,
    refusing,
)

NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)  # in Belfort


@pytest.fixture
def mayor(source) -> Source:
    contact(mobile=number(1), email=MAYOR)
    return source


def at(minutes: int) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    ("occurred_at", "said"),
    [
        (at(80), "feu de foret de 12h00 : intervention terminée à 13h20."),
        # The report repeats the event's hour, or gives an earlier one: no hour of the end.
        (at(0), "feu de foret de 12h00 : intervention terminée (signalée à 13h30)."),
        (at(-5), "feu de foret de 12h00 : intervention terminée (signalée à 13h30)."),
        # Dispatch's clock is ahead of ours: what has not come yet has not ended.
        (at(120), "feu de foret de 12h00 : intervention terminée à 13h30."),
    ],
)
def test_an_end_says_the_hour_that_dispatch_gives_it(mayor, occurred_at: str, said: str) -> None:
    with travel(NOON + timedelta(minutes=1), tick=False):
        push(mayor, category=FIRE, occurred_at=at(0))
        hand_over()
    with travel(NOON + timedelta(minutes=90), tick=False):
        push(mayor, sequence=2, category=FIRE, status="closed", occurred_at=occurred_at)
        assert said in bodies(revision=2)[number(1)]


def test_what_grew_worse_keeps_the_hour_at_which_it_began(mayor) -> None:
    with travel(NOON + timedelta(minutes=1), tick=False):
        push(mayor, category=FIRE, severity="moderate", occurred_at=at(0))
        hand_over()
    with travel(NOON + timedelta(minutes=40), tick=False):
        push(mayor, sequence=2, category=FIRE, severity="extreme", occurred_at=at(39))
        hand_over()
    assert "situation aggravée : feu de foret très grave, à 12h00." in bodies(2)[number(1)]
    with travel(NOON + timedelta(minutes=80), tick=False):
        push(mayor, sequence=3, category=FIRE, status="closed", occurred_at=at(80))
    assert "feu de foret de 12h00 : intervention terminée à 13h20." in bodies(3)[number(1)]


OUTSIDE = {"postal_code": "25200", "name": "Montbéliard"}


@pytest.mark.parametrize(
    ("category", "location", "said"),
    [
        (FIRE, GIROMAGNY, "Finalement à Giromagny : votre commune n'est plus concernée."),
        (FIRE, {"communes": ["90052", "90009"]}, " et à "),
        (MISSING, GIROMAGNY, "Finalement à Giromagny : votre"),
        # Not where the source may not speak, nor of too many, nor where a place is never told.
        (FIRE, OUTSIDE, "Votre commune n'est pas ou plus concernée"),
        (FIRE, {"communes": ["90052", "90009", "90010"]}, "Votre commune n'est pas ou plus"),
        (THEFT, GIROMAGNY, "ne concerne pas ou plus votre commune"),
    ],
)
def test_a_commune_left_reads_where_it_is_now_if_that_may_be_told(
    mayor, category: str, location: dict[str, object], said: str
) -> None:
    push(mayor, category=category)
    hand_over()
    push(mayor, sequence=2, category=category, location=location)
    (text, *_) = bodies(revision=2).values()
    assert said in text
    assert ("Finalement" in text) is (said[0] in "F ")


def test_a_commune_left_does_not_read_where_what_became_secret_is(mayor, operator) -> None:
    push(mayor, category=FIRE)
    hand_over()
    operator(
        written([(*row[:2], "withhold", *row[3:]) if row[0] == "C04" else row for row in FAMILIES])
    )
    push(mayor, sequence=2, category=FIRE, location=GIROMAGNY)
    assert "Giromagny" not in bodies(revision=2)[number(1)]


# --- in whose place


@pytest.mark.parametrize(
    ("commune", "said"),
    [("90039", "La commune d’Essert n’a pas"), ("90033", "La commune de Delle n’a pas")],
)
def test_the_duty_reads_the_name_of_the_commune_as_one_says_it(
    source, commune: str, said: str
) -> None:
    push(source, location={"insee": commune})
    (mail,) = messages(recipient="duty")
    assert said in breakable(mail.body)


def test_the_deputy_reads_that_the_mayor_was_not_reached(source) -> None:
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    push(source)
    hand_over(refusing(number(1), number(2)))
    texts = bodies(revision=1)
    assert "joint" not in texts[number(1)]
    assert "Le maire n'a pu etre joint." in texts[number(2)]
    assert "Le maire et le 1er adjoint n'ont pu etre joints." in texts[number(3)]


def test_where_a_mail_may_still_be_read_only_the_telephone_failed(source) -> None:
    contact(mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    texts = bodies(revision=1)
    assert "Le maire n'a pu etre joint par SMS." in texts[number(2)]
    assert "parvient parce que" not in breakable(texts[MAYOR])


def _told(title: str, state: MessageState, **more: object) -> Notification:
    message = Message(recipient=title, title=title, state=state, channel=Channel.SMS, **more)
    who = {"recipient": title, "title": title, "channel": Channel.SMS}
    who["organisation_kind"] = "commune"
    return Notification(state=NotificationState.QUEUED, message=message, **who)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("maire", "le maire n’a pu être joint"),
        ("1er adjoint", "le 1er adjoint n’a pu être joint"),
        ("élu d’astreinte", "l’élu d’astreinte n’a pu être joint"),
        ("police municipale", "la police municipale n’a pu être jointe"),
        (
            "directeur général des services",
            "le directeur général des services n’a pu être joint",
        ),
        ("autre contact", "un autre contact de la commune n’a pu être joint"),
    ],
)
def test_whoever_failed_is_named_as_one_says_it(title: str, said: str) -> None:
    failed = _told(title, MessageState.FAILED)
    assert failed_people_clause(failed, [failed], is_tried_still=False) == said
    assert failed_people_clause(failed, [failed], is_tried_still=True) == f"{said} par SMS"


def test_the_clause_says_no_more_than_is_known() -> None:
    failed = _told("maire", MessageState.UNDELIVERED)
    on_call = _told("élu d’astreinte", MessageState.DELIVERED)
    lost = [_told(f"{n}e adjoint", MessageState.EXPIRED) for n in (2, 3)]
    late = _told("maire", MessageState.PENDING, delay=Delay.FAILED_OVER)
    unknown = _told("maire", MessageState.UNKNOWN)
    said = [
        failed_people_clause(first, [first, *others], is_tried_still=False)
        for first, others in ((failed, [on_call]), (failed, lost), (late, []), (unknown, []))
    ]
    assert said == [
        "le maire n’a pu être joint",
        "le maire et 2 autres n’ont pu être joints",
        "le maire n’est pas encore joint",
        "le maire n’a peut-être pas été joint",
    ]


# --- whom to call


def test_every_text_ends_with_the_source_s_telephone_as_it_now_is(mayor) -> None:
    Source.objects.update(duty_phone="+33353010090")
    push(mayor, severity="moderate")
    hand_over()
    push(mayor, sequence=2, severity="extreme")
    hand_over()
    Source.objects.update(duty_phone="+33353010091")
    push(mayor, sequence=3, status="closed")
    for revision, phone in ((1, "03 53 01 00 90"), (2, "03 53 01 00 90"), (3, "03 53 01 00 91")):
        texts = bodies(revision=revision)
        assert texts[number(1)].endswith(f". Tél. {phone}")
        assert breakable(texts[MAYOR]).rstrip().endswith(f"Tél. {phone}")
        (html,) = [m.html for m in messages(revision=revision, channel=Channel.EMAIL)]
        assert f"Tél. {phone}" in breakable(html)


# --- the night when the clocks go back


def test_commands_and_pages_say_which_of_the_two_hours(source, capsys) -> None:
    for hour, which in ((0, "heure d’été"), (1, "heure d’hiver")):
        received = datetime(2026, 10, 25, hour, 25, tzinfo=UTC)
        with travel(received, tick=False):
            push(source, f"R{hour}", location=CONFLICT, occurred_at=timezone.now().isoformat())
        call_command("review")
        assert f"25/10 02:25:00 ({which})" in capsys.readouterr().out
        call_command("review", f"R{hour}")
        assert f"25/10/2026 à 02:25:00 ({which})" in capsys.readouterr().out
        assert format_moment(received) == f"25/10/2026\N{NO-BREAK SPACE}02:25:00 ({which})"
        mail = messages(f"R{hour}", recipient="duty")[0]
        assert f"le 25 octobre 2026 à 2 h 25, {which}" in breakable(mail.body)
    assert Report.objects.count() == 2
