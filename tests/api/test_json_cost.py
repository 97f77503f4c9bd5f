"""One body costs time in proportion to its length, whatever is in it."""

import pytest

from notifier.api.json_codec import JsonRefusedError, _unique_keys


class _Counted(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        type(self).comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_looking_for_a_repeated_name_compares_no_name_with_all_others() -> None:
    names = [f"k{number}" for number in range(5_000)]
    pairs = [(_Counted(name), 0) for name in [*names, names[-1]]]
    with pytest.raises(JsonRefusedError, match=names[-1]):
        _unique_keys(pairs)
    assert _Counted.comparisons < 2 * len(pairs)
