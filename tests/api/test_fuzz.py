"""Whatever a client sends, the answer is JSON and the fault is never ours."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.intake.access import rate_limit
from notifier.intake.schema.report import Place
from tests.api.caller import Caller, refusal
from tests.intake.samples import body

WORDS = st.sampled_from(
    [
        *("90033", "2A004", "2a004", "Delle", "90100", "engaged", "closed", "severe", "C01.01.01"),
        *("2026-11-22T03:16:07+01:00", "9999-99-99T99:99:99Z", "", "é", "\x00", "\ud800", "😀"),
        *("\u202e", "A" * 300),
    ]
)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 1e308, 10**28, 10**40, 2**63, 1_000_000])
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, st.text())
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACE_FIELDS = [*Place.model_fields, "surplus"]
PLACE = st.fixed_dictionaries({}, optional=dict.fromkeys(PLACE_FIELDS, VALUES))
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **{name: VALUES for name in body() if name != "location"},
        "location": st.one_of(VALUES, PLACE),
        "surplus": VALUES,
    },
)
HOUSE = settings(
    max_examples=300,
    # One transaction holds all examples: they may meet what earlier ones stored.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _check(corg: Caller, content: Any, *, dry_run: bool) -> None:
    rate_limit.reset()
    answer = corg.dry_run(content) if dry_run else corg.push(content)
    assert answer.status_code in (200, 202) or 400 <= answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        refusal(answer)
    else:
        json.loads(answer.content)


@HOUSE
@given(changes=CHANGES, dry_run=st.booleans())
def test_any_value_in_any_field(corg: Caller, changes: dict[str, Any], dry_run: bool) -> None:
    _check(corg, body(**changes), dry_run=dry_run)


@HOUSE
@given(place=PLACE, dry_run=st.booleans())
def test_any_place(corg: Caller, place: dict[str, Any], dry_run: bool) -> None:
    _check(corg, body(location=place), dry_run=dry_run)


@settings(HOUSE, max_examples=150)
@given(content=VALUES)
def test_any_json(corg: Caller, content: Any) -> None:
    _check(corg, content, dry_run=False)


@settings(HOUSE, max_examples=150)
@given(content=st.binary(max_size=200))
def test_any_bytes(corg: Caller, content: bytes) -> None:
    _check(corg, content, dry_run=False)
