"""Count the SMS segments of a text: GSM alphabet or, for any other character, UCS-2."""

from __future__ import annotations

from collections.abc import Iterable

# 3GPP TS 23.038, section 6.2.1: the default alphabet, and its extension table (two septets each).
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENSION


def count(text: str) -> int:
    """Return the number of segments that the text is billed for; an empty text costs one."""
    if _BASIC.issuperset(text):
        return 1 if len(text) <= 160 else -(-len(text) // 153)
    if _GSM.issuperset(text):
        return _pack((2 if character in _EXTENSION else 1 for character in text), 160, 153)
    return _pack((2 if ord(character) > 0xFFFF else 1 for character in text), 70, 67)


def _pack(widths: Iterable[int], alone: int, joined: int) -> int:
    """Fill segments of `joined` units, never splitting a character; one of `alone` if all fits."""
    total, segments, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > joined:
            segments, used = segments + 1, 0
        used += width
    return 1 if total <= alone else segments
