"""The size of a text as an SMS, and how to make it smaller.

One segment holds 160 septets of the GSM 03.38 alphabet, but 70 characters only as soon as one
character lies outside of it: a typographic apostrophe doubles the price of an alert.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Literal

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these is sent as an escape and a second septet.
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")

ALPHABET = GSM_BASIC | GSM_EXTENSION

# 140 octets a segment; from two segments on, 6 of them are the header that joins them.
SEGMENT_BITS = 140 * 8
JOINED_SEGMENT_BITS = (140 - 6) * 8

_SUBSTITUTES = str.maketrans(
    {
        # The alphabet has Ç but no ç, and Unicode does not decompose the ligatures.
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ı": "i",
        "ẞ": "SS",
        "«": '"',
        "»": '"',
        "“": '"',
        "”": '"',
        "„": '"',
        "″": '"',
        "’": "'",
        "‘": "'",
        "‚": "'",
        "‛": "'",
        "′": "'",
        "`": "'",
        "´": "'",
        # The ʻokina of Polynesian communes, and what is typed for it.
        "ʻ": "'",
        "ʼ": "'",
        "‹": "'",
        "›": "'",
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "–": "-",
        "—": "-",
        "―": "-",
        "−": "-",
        "•": "-",
        "·": ".",
        "⁄": "/",
        "°": "o",
        "\t": " ",
        "\u2028": "\n",
        "\u2029": "\n",
        # Soft hyphen, zero-width characters and the byte order mark show nothing.
        "\u00ad": None,
        "\u200b": None,
        "\u200c": None,
        "\u200d": None,
        "\u2060": None,
        "\ufeff": None,
    }
)


@dataclass(frozen=True)
class SmsSize:
    """The size of a text: its encoding, its characters as a person counts them, its segments."""

    encoding: Literal["GSM-7", "UCS-2"]
    characters: int
    segments: int


def to_gsm(text: str) -> str:
    """Rewrite a text with only the characters that an SMS carries at 7 bits each.

    French quotes lose their inner spaces, accents that the alphabet lacks are dropped, and what has
    no equivalent becomes "?". Never raises.
    """
    composed = unicodedata.normalize("NFC", text)
    for space in "\u00a0\u202f\u2009 ":
        composed = composed.replace(f"«{space}", "«").replace(f"{space}»", "»")
    written = composed.translate(_SUBSTITUTES)
    # Nearly all characters are in the alphabet by now: only the others are looked at.
    others = set(written) - ALPHABET
    return written.translate({ord(one): _in_alphabet(one) for one in others}) if others else written


def sms_size(text: str) -> SmsSize:
    """Measure a text as Twilio's calculator does.

    Source: <https://github.com/TwilioDevEd/message-segment-calculator>.

    A character is never split between two segments, neither an escaped one nor a surrogate pair.
    The calculator also holds combined characters together (a letter and its combining accents);
    this one does not, as no text that went through `to_gsm` has any.
    """
    if GSM_BASIC.issuperset(text):
        return SmsSize("GSM-7", len(text), _count_basic_segments(len(text)))
    if ALPHABET.issuperset(text):
        sizes = [14 if character in GSM_EXTENSION else 7 for character in text]
        return SmsSize("GSM-7", len(text), _count_segments(sizes))
    sizes = [32 if ord(character) > 0xFFFF else 16 for character in text]
    return SmsSize("UCS-2", len(text), _count_segments(sizes))


def _count_basic_segments(characters: int) -> int:
    """Count as `_count_segments` does, for characters of one size."""
    if characters * 7 <= SEGMENT_BITS:
        return 1
    return ceil(characters / (JOINED_SEGMENT_BITS // 7))


def _count_segments(sizes: list[int]) -> int:
    if sum(sizes) <= SEGMENT_BITS:
        return 1
    return _count_joined_segments(sizes)


def _count_joined_segments(sizes: Iterable[int]) -> int:
    segments, free = 1, JOINED_SEGMENT_BITS
    for size in sizes:
        if size > free:
            segments, free = segments + 1, JOINED_SEGMENT_BITS
        free -= size
    return segments


def _in_alphabet(character: str) -> str:
    """Write a character that the alphabet lacks."""
    plain = "".join(
        part
        for part in unicodedata.normalize("NFKD", character).translate(_SUBSTITUTES)
        if not unicodedata.combining(part)
    )
    if plain and ALPHABET.issuperset(plain):
        return plain
    if unicodedata.combining(character):
        return ""
    return " " if unicodedata.category(character)[0] in "ZC" else "?"
