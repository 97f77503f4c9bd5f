"""Read what may be disclosed of each category: `config/categories.toml`, checked once.

The file is an operator's. All its faults are listed at once, by file, line and key, and
nothing of a faulty file is ever used: half a policy would tell what the law keeps secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from notifier.alerting.content.category_label import parse_label
from notifier.alerting.policy.validation import Rules, Storm, faults, with_inherited
from notifier.toml_file import TomlRefusedError, read_toml


class Category(Rules):
    """What may be disclosed of one category: to whom first, how, for how long, by which law.

    `threshold` is set exactly when `disclosure` is "threshold": disclosed from that severity on.
    `written_label` is the label as in the file, with the brackets that say where its severity
    goes (`notifier.alerting.content.category_label`).
    `answer` says how many must answer its alerts ("none", "one", "each" of those told at first),
    `answer_within` how long is waited before the next people are told, `escalate` how many at once.
    `edge` says which communes close to a border are notified, `neighbours` whether adjoining ones,
    `whole_departement` whether all of a département named as a whole, without a review.
    `configured` and `narrowing` are set where a groupement narrows it in its département: the
    category as in the file, and which narrowings, in French (`notifier.alerting.policy.narrowing`).
    """

    code: str
    configured: Category | None = None
    narrowing: str = ""

    @cached_property
    def label(self) -> str:
        """The plain French label."""
        return parse_label(self.written_label).plain

    @property
    def family(self) -> str:
        """The family's code: C01 of C01.02.03."""
        return self.code[:3]

    @property
    def is_urgent(self) -> bool:
        """Whether its alerts need an SMS at once."""
        return self.lane == "urgent"

    @property
    def may_name_commune(self) -> bool:
        """Whether a commune's mayor may read in which other one it is."""
        return self.place or self.neighbours or self.edge == "all"


class Categories:
    """The categories of the operator's file, and its limits of a storm."""

    def __init__(
        self, by_code: Mapping[str, Category], storm: Storm, families: Mapping[str, str]
    ) -> None:
        self._by_code = dict(by_code)
        self.storm = storm
        self.families = dict(families)
        """The label of each family, by its code: C01."""

    def get(self, code: str) -> Category | None:
        """Return the category of exactly this code, or None."""
        return self._by_code.get(code)

    def closest(self, code: str) -> Category | None:
        """Return the category of this code, else of its nearest parent: C09.03.07 -> C09.03.00.

        None if not even the family is known. CISU's nomenclature writes a parent with zeros.
        """
        parts = code.upper().split(".")
        for length in range(len(parts), 0, -1):
            candidate = ".".join([*parts[:length], *["00"] * (3 - length)])
            if found := self._by_code.get(candidate):
                return found
        return None

    def codes(self) -> tuple[str, ...]:
        """Return all codes, in the file's order."""
        return tuple(self._by_code)


class CategoriesError(Exception):
    """The categories file cannot be used; the message lists every fault by file, line and key."""


def load(path: Path) -> Categories:
    """Read and check the operator's file.

    Raises CategoriesError, in French, with all faults in line order.
    """
    try:
        file = read_toml(path)
    except TomlRefusedError as refused:
        raise CategoriesError(str(refused)) from refused
    document = file.document
    if wrong := list(faults(document)):
        raise CategoriesError(file.say(wrong))
    codes = document["categories"]
    by_code = {code: Category(code=code, **with_inherited(code, document)) for code in codes}
    families = {code: family["label"] for code, family in document["families"].items()}
    return Categories(by_code, Storm(**document.get("storm", {})), families)
