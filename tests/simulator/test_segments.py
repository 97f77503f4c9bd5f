"""The number of segments, against vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notifier.simulator import segments

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "samples" / "sms_segments.json"


def test_segments_agree_with_the_vectors() -> None:
    if not VECTORS.exists():
        pytest.skip(f"no vectors at ../shared/samples/{VECTORS.name}")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert vectors
    wrong = [
        (vector["text"], segments.count(vector["text"]), vector["segments"])
        for vector in vectors
        if segments.count(vector["text"]) != vector["segments"]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("é" * 160, 1),
        ("é" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # An escaped character is never split: 152 + 2 do not fit the first 153.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("😀" * 35, 1),
        ("ê" * 66 + "😀" + "ê" * 66, 3),
    ],
    ids=lambda value: f"{value[0]}x{len(value)}" if isinstance(value, str) else None,
)
def test_segments_at_the_edges_of_3gpp_23_038(text: str, expected: int) -> None:
    assert segments.count(text) == expected
