"""Before and after can be told apart, and neither can be written to."""

from __future__ import annotations

import pytest

from notifier.delivery.address import mask_apart


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (("+33639980001", "+33639980801"), ["+33 6 •• •• 00 01", "+33 6 •• •• 08 01"]),
        (("+33639980001", "+33639970001"), ["+33 6 •• 98 •• 01", "+33 6 •• 97 •• 01"]),
        (("+33639980001", "+33639980002"), ["+33 6 •• •• •• 01", "+33 6 •• •• •• 02"]),
        (("anne.noyer@a.example", "aubry@a.example"), ["a••••er@a.example", "a••••ry@a.example"]),
        (("abc@a.example", "abd@a.example"), ["a••••@a.example", "a••••@a.example"]),
    ],
)
def test_of_two_of_one_mask_what_differs_is_shown(given: tuple[str, str], shown: list[str]) -> None:
    assert list(mask_apart(given).values()) == shown
