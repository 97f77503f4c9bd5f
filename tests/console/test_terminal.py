"""What a plain terminal shows stays within its 80 columns, and says every word."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.console.terminal import frame, paint, table, wrap

words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=12)


@given(st.text(min_size=1, max_size=90), st.lists(words, max_size=40).map(" ".join))
def test_a_frame_is_a_rectangle_that_holds_every_word(title: str, text: str) -> None:
    lines = frame(title, text)
    assert {len(line) for line in lines} == {78}
    inside = [word for line in lines[1:-1] for word in line[1:-1].split()]
    assert inside == text.split()


def test_the_empty_lines_of_a_mail_are_kept() -> None:
    inside = [line.strip("│ ") for line in frame("Courriel", "Objet\n\nTexte")[1:-1]]
    assert inside == ["Objet", "", "Texte"]


@given(st.lists(words, min_size=1, max_size=40))
def test_a_wrapped_line_fits_and_says_every_word(given_words: list[str]) -> None:
    lines = wrap(" ".join(given_words), 8)
    assert all(len(line) <= 78 for line in lines)
    assert all(line.startswith(" " * 8) for line in lines[1:])
    assert " ".join(lines).split() == given_words


def test_what_can_stay_whole_on_no_line_is_cut_and_stays_within_the_frame() -> None:
    for text in ("1 " * 60, "!? : " * 20, "x" * 200):
        assert {len(line) for line in frame("SMS", text)} == {78}
    assert max(map(len, wrap("1 " * 60, 23))) <= 78


def test_milliseconds_stand_to_the_right() -> None:
    assert table(("Qui", "Après"), [("Delle", "7 ms"), ("Belfort", "—")]) == [
        "Qui      Après",
        "───────  ─────",
        "Delle     7 ms",
        "Belfort  —",
    ]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_colours_only_where_they_are_welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint("✓", "green", Terminal()) == "\x1b[32m✓\x1b[0m"
    assert paint("✓", "green", io.StringIO()) == "✓"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("✓", "green", Terminal()) == "✓"


def test_a_number_is_cut_neither_in_a_frame_nor_in_a_line() -> None:
    text = "Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
    for width in range(30, 60):
        boxed = frame("SMS", text, width)
        assert any("03 53 01 00 90" in line for line in boxed)
        assert {len(line) for line in boxed} == {width}
        assert any("03 53 01 00 90" in line for line in wrap(text, 2, width))


def test_no_line_begins_with_french_punctuation() -> None:
    text = "essai 1 : remis ; et alors ? « Gendarmerie - Delle : accident » ! fin"
    for width in range(16, 60):
        for line in wrap(text, 0, width):
            assert line[0] not in ":;?!»"
            assert line[-1] != "«"
