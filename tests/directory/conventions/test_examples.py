"""The conventions in config/ are read as an operator's would be, with the categories that ship."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from notifier.alerting.policy.categories import load
from notifier.directory.conventions.file import Known, read_convention
from notifier.directory.conventions.rules import is_among
from notifier.directory.models import ConventionKind
from notifier.directory.organisations import read_ref
from notifier.intake.schema.clickable import find_unsafe

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLES = sorted((CONFIG / "conventions").glob("*.toml"))
CATEGORIES = load(CONFIG / "categories.toml")
# Their sites are in the samples beside them.
SITES: dict[str, set[str]] = defaultdict(set)
for feature in json.loads((CONFIG / "samples/conventions/lieux.geojson").read_bytes())["features"]:
    SITES[feature["properties"]["organisation"]].add(feature["properties"]["nom"])


def known() -> Known:
    found = {code: CATEGORIES.get(code) for code in CATEGORIES.codes()}
    return Known(
        categories={code: category.label for code, category in found.items() if category},
        withheld={
            code
            for code, category in found.items()
            if category and category.disclosure == "withhold"
        },
        read_organisation=read_ref,
        sites_of=lambda organisation: SITES[str(organisation)],
        find_unsafe=find_unsafe,
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_sound(path: Path) -> None:
    convention = read_convention(path, known())
    assert convention.rules
    assert convention.owners


def test_there_is_one_for_most_kinds() -> None:
    kinds = {read_convention(path, known()).kind for path in EXAMPLES}
    assert kinds == {
        *(ConventionKind.METROPOLE, ConventionKind.COUNCIL, ConventionKind.DEPARTEMENT),
        *(ConventionKind.GPO, ConventionKind.CITIZENS, ConventionKind.COORDINATION),
    }


def test_the_prefecture_is_told_of_what_befalls_an_elected_official() -> None:
    convention = read_convention(CONFIG / "conventions" / "elus-prefecture.toml", known())
    (rule,) = convention.rules
    assert is_among("L03.01.00", rule.categories)
    assert (str(rule.organisation), rule.lane) == ("prefecture:90", "urgent")
