"""The segment counter against the provider's own, and the way into its alphabet."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.alerting.content.gsm import (
    GSM_BASIC,
    GSM_EXTENSION,
    _count_segments,
    sms_size,
    to_gsm,
)

VECTORS = Path(__file__).parents[3] / "shared" / "samples" / "sms_segments.json"


def test_agrees_with_every_vector_of_the_providers_calculator() -> None:
    if not VECTORS.exists():
        pytest.skip("the vectors of the provider's calculator are not here: ../shared/samples")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(vectors) > 50
    wrong = [
        (vector, size)
        for vector in vectors
        if (size := sms_size(vector["text"])).encoding != vector["encoding"]
        or size.segments != vector["segments"]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * (2 * 153), "GSM-7", 2),
        ("a" * (2 * 153 + 1), "GSM-7", 3),
        ("é" * 160, "GSM-7", 1),
        ("ê" * 70, "UCS-2", 1),
        ("ê" * 71, "UCS-2", 2),
        ("ê" * (2 * 67), "UCS-2", 2),
        ("ê" * (2 * 67 + 1), "UCS-2", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 80 + "a", "GSM-7", 2),
        # 152 septets leave one free, too small for an escape: each segment loses it.
        ("a" * 152 + "€" + "a" * 151, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 2),
        # The same for a surrogate pair behind 66 units of 67.
        ("ê" * 66 + "🔥" + "ê" * 65, "UCS-2", 2),
        ("ê" * 66 + "🔥" + "ê" * 66, "UCS-2", 3),
        ("🔥" * 35, "UCS-2", 1),
        ("🔥" * 36, "UCS-2", 2),
    ],
)
def test_boundaries(text: str, encoding: str, segments: int) -> None:
    size = sms_size(text)
    assert (size.encoding, size.segments, size.characters) == (encoding, segments, len(text))


def test_the_alphabet_is_whole() -> None:
    assert len(GSM_BASIC) == 127  # 128 places, one of them the escape itself
    assert len(GSM_EXTENSION) == 10


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Feu de forêt à Marseille", "Feu de foret à Marseille"),
        ("Français, Œuilly, cœur", "Francais, OEuilly, coeur"),
        ("l’incendie", "l'incendie"),
        ("« Delle »", '"Delle"'),
        ("«\u202fDelle\u00a0»", '"Delle"'),
        ("3\u202fh\u00a016", "3 h 16"),
        ("avant – après — fin…", "avant - après - fin..."),
        ("Saint-Ébremond-de-Bonfossé, À Èze, L’Haÿ", "Saint-Ébremond-de-Bonfossé, A Eze, L'Hay"),
        ("éèàùÉòìÇÄÖÜäöüñÑÅåß€", "éèàùÉòìÇÄÖÜäöüñÑÅåß€"),
        ("Faʻaʻā", "Fa'a'a"),
        ("n° 5, ½ ², №", "no 5, 1/2 2, No"),
        ("e\u0301t\u0302", "ét"),
        ("zéro\u200bespace\u00ad", "zéroespace"),
        ("🔥 漢", "? ?"),
        ("\x00\x1b\ud800", "   "),
    ],
)
def test_transliteration(text: str, sent: str) -> None:
    assert to_gsm(text) == sent


@given(st.text(st.characters(), max_size=200))
def test_whatever_comes_in_goes_out_at_seven_bits_and_stays_so(text: str) -> None:
    sent = to_gsm(text)
    assert set(sent) <= GSM_BASIC | GSM_EXTENSION
    assert to_gsm(sent) == sent
    assert sms_size(sent).encoding == "GSM-7"


@given(st.text(st.sampled_from(sorted(GSM_BASIC)), max_size=700))
def test_a_text_of_plain_characters_takes_what_counting_each_says(text: str) -> None:
    assert sms_size(text).segments == _count_segments([7] * len(text))
