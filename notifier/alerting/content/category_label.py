"""A category's label in a sentence: where its severity is said, and the hour of what is over.

« accident de la route [grave] avec un camion »: the brackets stand where the severity goes and hold
the word for "severe" in its agreement. None of them: it goes to the end, before a parenthesis.
Empty ones: the severity says nothing of such a thing, and is not said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notifier.intake.schema.vocabulary import Severity

# What the brackets may hold. A gathering is not grave, its situation may be.
SAID = ("", "grave", "graves", "situation grave")
_BRACKETS = re.compile(r" ?\[([^\[\]]*)\]")
_PARENTHESIS = re.compile(r"( \([^()]*\))$")


@dataclass(frozen=True)
class Label:
    """A label, taken apart: what comes before its severity, the word for it, what comes after."""

    before: str
    said: str
    after: str

    @property
    def plain(self) -> str:
        """The label without its severity."""
        return self.before + self.after

    def severity(self, severity: Severity) -> str:
        """The severity as said of it, "très graves" or "situation grave"; empty if not said."""
        if not self.said:
            return ""
        *of, word = self.said.split(" ")
        words = {
            Severity.MINOR: "sans gravité",
            Severity.MODERATE: "de gravité modérée",
            Severity.SEVERE: word,
            Severity.EXTREME: f"très {word}",
        }
        return " ".join([*of, words[severity]])

    def graded(self, severity: Severity) -> str:
        """With its severity: "accident de la route grave (voiture)", "grève, situation grave"."""
        words = self.severity(severity)
        if not words:
            return self.plain
        if " " in self.said:
            return f"{self.plain}, {words}"
        return f"{self.before} {words}{self.after}"

    def at(self, of_hour: str, at_hour: str) -> str:
        """With the hour when it happened: "incendie de 10h06"; else "animal errant, à 10h06".

        `of_hour` is "de 10h06", `at_hour` "à 10h06": of a wire fallen, or behind « avec un
        camion », the first would be read otherwise.
        """
        if self.said and " " not in self.said and (not self.after or self.after[1] == "("):
            return f"{self.before} {of_hour}{self.after}"
        return f"{self.plain}, {at_hour}"


def read_label(written: str) -> Label:
    """The label as it stands in the categories file, taken apart."""
    if found := _BRACKETS.search(written):
        return Label(written[: found.start()], found[1], written[found.end() :])
    before, *after = _PARENTHESIS.split(written, maxsplit=1)
    return Label(before, "grave", after[0] if after else "")


def label_fault(written: str) -> str | None:
    """What is wrong with a label's brackets, in French; None if nothing."""
    found = _BRACKETS.findall(written)
    if written.count("[") > 1 or not written.count("[") == written.count("]") == len(found):
        return "a plus d’un crochet ; ne garder qu’un [grave], [graves] ou []"
    if found and found[0] not in SAID:
        choice = ", ".join(f"[{said}]" for said in SAID)
        return f"contient [{found[0]}] ; écrire l’un de {choice}, ou aucun crochet"
    return None
