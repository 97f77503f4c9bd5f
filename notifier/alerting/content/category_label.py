"""A category's label in a sentence, with its severity and the hour of what is over.

« accident de la route [grave] avec un camion »: the brackets stand where the severity goes and hold
the word for "severe" in its agreement. None of them: it goes to the end, before a parenthesis.
Empty ones: its severity means nothing for such a thing and is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notifier.intake.schema.vocabulary import Severity

# What the brackets may hold. A gathering is not grave, its situation may be.
SEVERITY_WORDS = ("", "grave", "graves", "situation grave")
_BRACKETS = re.compile(r" ?\[([^\[\]]*)\]")
_PARENTHESIS = re.compile(r"( \([^()]*\))$")


@dataclass(frozen=True)
class Label:
    """A label in three parts: before its severity, the word for the severity, after it."""

    before: str
    severity_word: str
    after: str

    @property
    def plain(self) -> str:
        """The label without its severity."""
        return self.before + self.after

    def severity(self, severity: Severity) -> str:
        """Return the severity in words, "très graves" or "situation grave"; empty if not said."""
        if not self.severity_word:
            return ""
        *of, word = self.severity_word.split(" ")
        words = {
            Severity.MINOR: "sans gravité",
            Severity.MODERATE: "de gravité modérée",
            Severity.SEVERE: word,
            Severity.EXTREME: f"très {word}",
        }
        return " ".join([*of, words[severity]])

    def with_severity(self, severity: Severity) -> str:
        """Return it with its severity: "accident grave (voiture)", "grève, situation grave"."""
        words = self.severity(severity)
        if not words:
            return self.plain
        if " " in self.severity_word:
            return f"{self.plain}, {words}"
        return f"{self.before} {words}{self.after}"

    def with_hour(self, of_hour: str, at_hour: str) -> str:
        """Return it with its hour: "incendie de 10h06"; else "animal errant, à 10h06".

        `of_hour` is "de 10h06", `at_hour` "à 10h06": after « avec un camion », say, the first
        would seem to be the lorry's.
        """
        if (
            self.severity_word
            and " " not in self.severity_word
            and (not self.after or self.after[1] == "(")
        ):
            return f"{self.before} {of_hour}{self.after}"
        return f"{self.plain}, {at_hour}"


def parse_label(written: str) -> Label:
    """Take apart a label as the categories file has it."""
    if found := _BRACKETS.search(written):
        return Label(written[: found.start()], found[1], written[found.end() :])
    before, *after = _PARENTHESIS.split(written, maxsplit=1)
    return Label(before, "grave", after[0] if after else "")


def bracket_fault(written: str) -> str | None:
    """Say in French what is wrong with a label's brackets; None if nothing."""
    found = _BRACKETS.findall(written)
    if written.count("[") > 1 or not written.count("[") == written.count("]") == len(found):
        return "a plus d’un crochet ; ne garder qu’un [grave], [graves] ou []"
    if found and found[0] not in SEVERITY_WORDS:
        choice = ", ".join(f"[{word}]" for word in SEVERITY_WORDS)
        return f"contient [{found[0]}] ; écrire l’un de {choice}, ou aucun crochet"
    return None
