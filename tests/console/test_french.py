"""French typography, hours and numbers as the pages write them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifier.console import french

NOW = datetime(2026, 11, 28, 20, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("Qui ?", "Qui\u202f?"),
        ("Qui?", "Qui\u202f?"),
        ("Attention !", "Attention\u202f!"),
        ("un ; deux", "un\u202f; deux"),
        ("Commune : Delle", "Commune\u00a0: Delle"),
        ("à 02:25:08", "à 02:25:08"),
        ("de 9 h 30 à 23 h 59", "de 9\u00a0h\u00a030 à 23\u00a0h\u00a059"),
        ("il reste 3 h à attendre", "il reste 3 h à attendre"),
        ("https://alertes.example/x?y=1", "https://alertes.example/x?y=1"),
        ("« Monter »", "«\u00a0Monter\u00a0»"),
        ("«Monter»", "«\u00a0Monter\u00a0»"),
        ("95 %", "95\u202f%"),
        ("n° 12 de M. Aubry", "n°\u00a012 de M.\u00a0Aubry"),
        ("dit « Quoi ? »", "dit «\u00a0Quoi\u202f?\u00a0»"),
    ],
)
def test_no_break_spaces(plain: str, written: str) -> None:
    assert french.typography(plain) == written
    assert french.typography(written) == written


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (0, 0, "0"),
        (999, 0, "999"),
        (1234567, 0, "1\u202f234\u202f567"),
        (2.25, 1, "2,3"),
        (-12, 0, "\u221212"),
        (1234.5, 2, "1\u202f234,50"),
    ],
)
def test_numbers(value: float, decimals: int, written: str) -> None:
    assert french.number(value, decimals) == written


def test_moments_are_local_and_say_another_year() -> None:
    with time_machine.travel(NOW):
        assert french.moment(NOW) == "le\u00a028\u00a0novembre à\u00a021\u00a0h\u00a013"
        assert french.moment(NOW.replace(year=2025, month=7, day=1)) == (
            "le\u00a01er\u00a0juillet\u00a02025 à\u00a022\u00a0h\u00a013"
        )
    assert french.day(NOW.replace(hour=23)) == "29\u00a0novembre\u00a02026"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (20, "à l’instant"),
        (-20, "à l’instant"),
        (4 * 60 + 12, "il y a 4\u00a0min"),
        (2 * 3600 + 5 * 60, "il y a 2\u00a0h\u00a05\u00a0min"),
        (5 * 3600 + 5 * 60, "il y a 5\u00a0h"),
        (3 * 86400 + 3600, "il y a trois\u00a0jours"),
        (-86400, "dans un\u00a0jour"),
        (12 * 86400, "il y a 12\u00a0jours"),
        (-7200, "dans 2\u00a0h"),
    ],
)
def test_how_long_ago(seconds: int, written: str) -> None:
    assert french.ago(NOW - timedelta(seconds=seconds), NOW) == written


def test_an_end_and_a_beginning_are_written_as_in_a_sentence() -> None:
    with time_machine.travel(NOW):
        assert french.until(NOW) == "jusqu’au 28\u00a0novembre à\u00a021\u00a0h\u00a013"
    assert french.since(NOW - timedelta(days=5, hours=3), NOW) == "depuis cinq\u00a0jours"
    assert french.since(NOW - timedelta(days=1), NOW) == "depuis un\u00a0jour"
    assert french.since(NOW - timedelta(minutes=4), NOW) == "depuis 4\u00a0min"


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (2.14, "2,1\u00a0s"),
        (4, "4\u00a0s"),
        (59.6, "1\u00a0min"),
        (192, "3\u00a0min\u00a012\u00a0s"),
        (timedelta(hours=2, minutes=5), "2\u00a0h\u00a05\u00a0min"),
        (timedelta(days=3, hours=4), "3\u00a0j\u00a04\u00a0h"),
        (timedelta(0), "0\u00a0s"),
    ],
)
def test_durations(length: timedelta | float, written: str) -> None:
    assert french.duration(length) == written


def test_apostrophes_between_letters_are_those_of_print() -> None:
    assert french.typography("Villar-d'Arêne, l'Escale") == "Villar-d’Arêne, l’Escale"
    assert french.typography("x='y'") == "x='y'"
