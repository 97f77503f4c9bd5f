"""The demonstration notices a text too many, a text too few, and words that are not to be read."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.ops.demo import conventions
from notifier.ops.demo.inboxes import (
    Address,
    AddressBook,
    find_differences,
    find_wrong_words,
    format_phone,
)
from notifier.ops.demo.run import SCENES
from notifier.simulator.client import Sms

PARIS = ZoneInfo("Europe/Paris")
MAYOR = Address("sms", "+33639980079", "Delle, maire")


def sms(to: str) -> Sms:
    return {
        "sid": "SM1", "to": to, "from": "Gendarmerie", "body": "texte", "segments": 1,
        "status": "delivered", "error_code": None, "created": "", "answered": 201, "copies": 1,
        "tries": 1,
    }  # fmt: skip


def test_what_was_expected_is_no_difference() -> None:
    assert find_differences([MAYOR], [sms(MAYOR.address)], []) == []


def test_the_same_text_twice_is_one_too_many() -> None:
    faults = find_differences([MAYOR], [sms(MAYOR.address)] * 2, [])
    assert faults == ["de trop : sms à +33639980079 (1)"]


def test_silence_is_noticed() -> None:
    assert find_differences([MAYOR], [], []) == ["jamais arrivé : sms à +33639980079"]


@pytest.mark.parametrize("name", SCENES)
def test_everybody_who_is_to_be_told_is_in_the_sample_contacts(name, tmp_path) -> None:
    scene = SCENES[name](tmp_path, datetime.now(PARIS))
    book = AddressBook(scene.contacts)
    steps = [step for story in scene.stories.values() for step in story]
    assert all(book.expected([reader]) for step in steps for reader in step.told)
    assert any(step.told for step in steps)


def test_a_word_that_lacks_and_one_that_should_not_be_read_are_noticed() -> None:
    reader = Address(
        "sms", MAYOR.address, "maire", says=("TEXTE", "rue"), never=("textes", "le texte")
    )
    assert find_wrong_words([reader], [sms(MAYOR.address)], []) == [
        "maire : « rue » manque dans « texte »"
    ]
    secret = Address("sms", MAYOR.address, "maire", never=("Texte",))
    assert find_wrong_words([secret], [sms(MAYOR.address)], []) == [
        "maire : « Texte » est de trop dans « texte »"
    ]


def test_whatever_the_day_it_is_played_nobody_hands_over_meanwhile(tmp_path) -> None:
    for days in range(800):
        today = date(2026, 1, 1) + timedelta(days=days)
        first = conventions._first_handover(today)
        assert first.weekday() in (0, 4)
        assert 1 <= (today - first).days <= 6
        assert conventions._sunday(today).weekday() == 6
        assert 1 <= (conventions._sunday(today) - today).days <= 7
        change = conventions._clock_change(today)
        noons = [datetime.combine(change + timedelta(days=n), time(12), PARIS) for n in (-1, 0)]
        assert noons[0].utcoffset() != noons[1].utcoffset()
        assert change > today


def test_numbers_are_shown_as_people_say_them() -> None:
    assert format_phone("+33639980079") == "06 39 98 00 79"
