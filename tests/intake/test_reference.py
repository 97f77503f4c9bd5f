"""Which references, names and services a mayor's telephone may show."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.intake.schema.clickable import find_clickable, find_unsafe
from notifier.intake.schema.reference import (
    EXAMPLE_REFERENCE,
    REFERENCE,
    check_pattern,
    is_short_reference,
    refusal,
    short_reference,
)
from notifier.intake.schema.reference_pattern import PatternError, ReferencePattern


@pytest.mark.parametrize(
    "reference",
    [EXAMPLE_REFERENCE, "R1", "2026-000123", "01-2026-000123", "20261122031607", "GGD90_2026_1",
     "SDIS90-INC-12", "fr/health/samu440/DRFR154402413800236", "DRFR15690240430050",
     "ABC1YU3455", "6bddbc91",
     "d350c9d2-9d76-4568-b0b7-a747ffadc949", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "BANC-0000001",
     # Random ones whose figures could be dialled, or letters read, by chance.
     "01639981-2344-4123-8123-061234567890", "06399812-3412-4aaa-8bad-decafbad0000"],
)  # fmt: skip
def test_a_number_of_dispatch_is_told(reference: str) -> None:
    assert refusal(reference, "") is None


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("0899-70-00-00-57448", "numéro de téléphone"),
        ("06_39_98_12_34", "numéro de téléphone"),
        ("0/6/3/9/9/8/1/2/3/4", "numéro de téléphone"),
        ("A0639981234", "numéro de téléphone"),
        ("2026-0639981234", "numéro de téléphone"),
        ("0639981234567", "numéro de téléphone"),
        ("tel/33899700000/1", "numéro de téléphone"),
        ("0033639981234", "numéro de téléphone"),
        ("262-692-12-34-56", "numéro de téléphone"),
        ("203.0.113.7/a57449", "adresse IP"),
        ("www.gend", "lien"),
        ("gend.fr/1", "lien"),
        ("Mme-DUPONT-Jeanne-viol", "« Mme »"),
        ("DUPONT-1", "« DUPONT »"),
        ("JEAN-1", "« JEAN »"),
        ("ROUX-LILI-1", "« LILI »"),
        ("viol-1", "« viol »"),
        ("VIH.1", "« VIH »"),
        ("rappelez-1", "« rappelez »"),
        ("AB-123-CD", "plaque"),
        ("ab123cd", "plaque"),
    ],
)
def test_a_number_to_ring_a_link_or_words_are_refused_with_the_way_out(
    reference: str, why: str
) -> None:
    said = refusal(reference, "") or ""
    assert why in said
    assert "forme de ses références" in said


@given(st.from_regex(REFERENCE, fullmatch=True))
@example("0-6-3-9-9-8-1-2-3-4")
def test_no_reference_that_passes_is_one_that_a_telephone_makes_a_number_of(
    reference: str,
) -> None:
    if refusal(reference, "") is None:
        for text in (f"Réf. {reference}", reference, re.sub("[._/-]", " ", reference)):
            assert not phonenumbers.PhoneNumberMatcher(text, "FR").has_next()
        assert not re.search(r"\.[A-Za-z]{2}|@|://", reference)


@given(st.text(max_size=80))
def test_our_own_reference_may_always_be_told(number: str) -> None:
    own = short_reference(number)
    assert is_short_reference(own)
    assert refusal(own, "") is None
    assert own == short_reference(number)


@pytest.mark.parametrize(
    "text",
    ["www.gend.fr", "gend.fr", "ｇｅｎｄ．ｆｒ", "gend\u3002fr", "gend\uff61fr",
     "https://a", "a@b", "rue @", "@", "203.0.113.7",
     "03 84 00 00 00", "+33 6 39 98 12 34", "０６ ３９ ９８ １２ ３４", "tel:17",
     "Gendarmerie 03-84-00-00-00", "gend.école"],
)  # fmt: skip
def test_what_a_telephone_makes_a_link_of_is_found(text: str) -> None:
    assert find_clickable(text) is not None


@pytest.mark.parametrize(
    "text",
    ["Gendarmerie", "CORG 90", "Police municipale", "SDIS 90 (COZ Est)", "St. Denis", "A.B."],
)
def test_a_name_is_no_link(text: str) -> None:
    assert find_clickable(text) is None


@pytest.mark.parametrize("text", ["Жандармерия", "٠٣٨٤", "Gend\u200barmerie", "½", "\u202eGend"])
def test_an_operators_words_are_in_the_alphabet_that_a_mayor_reads(text: str) -> None:
    assert find_unsafe(text) is not None


@pytest.mark.parametrize(
    "text", ["Gendarmerie – Belfort", "Police « nord »", "Œuvre n° 2", "L’Isle"]
)
def test_french_is(text: str) -> None:
    assert find_unsafe(text) is None


# --- a source's own shape


@pytest.mark.parametrize(
    ("shape", "fits", "fits_not"),
    [
        (
            r"CORG90-\d{4}-\d{6}",
            ["CORG90-2026-004217"],
            ["CORG90-2026-04217", "CORG90-2026-0042170"],
        ),
        (r"[A-F0-9]{8}", ["00FF00FF"], ["00FF00FG", "00FF00F"]),
        (r"a?b+\.\d{1,3}", ["b.1", "abbb.123"], ["a.1", "b.", "b.1234"]),
        (r"\d*x", ["x", "12x"], ["12"]),
        (r"[\d._-]{3}", ["1_2", "..."], ["1a2"]),
        ("USGS-[a-z]+-[a-z0-9]+", ["USGS-earthquakes-us2010apcd"], ["USGS-EARTH-1"]),
    ],
)
def test_a_shape_is_matched_from_end_to_end(
    shape: str, fits: list[str], fits_not: list[str]
) -> None:
    read = ReferencePattern(shape)
    assert [one for one in fits if not read.fits(one)] == []
    assert [one for one in fits_not if read.fits(one)] == []
    assert read.fits(read.example)


@pytest.mark.parametrize(
    "shape", ["", "(a|b)", "a.b", "^a", "a$", "[^a]", "[]", "[z-a]", "a{", "a{5,2}", "a{99}", "é",
              "(a+)+", r"\w", "a b", "a{60}b", "-1", r"gend\.fr"],
)  # fmt: skip
def test_what_is_no_shape_is_refused_in_words(shape: str) -> None:
    with pytest.raises(PatternError, match=r"\w+"):
        check_pattern(shape)


@given(st.text(st.sampled_from("ab"), max_size=60), st.integers(1, 16))
def test_no_shape_makes_anything_wait(reference: str, times: int) -> None:
    """As many choices as its length allows, and a text that fits none: each step is taken once."""
    many = ReferencePattern("[ab]*" * times)
    assert many.fits(reference)
    assert not many.fits(f"{reference}!")


def test_a_source_with_a_shape_is_held_to_it() -> None:
    shape = r"CORG90-\d{4}-\d{6}"
    assert refusal(EXAMPLE_REFERENCE, shape) is None
    assert "CORG90-1234-567890" in (refusal("R1", shape) or "")
    # What only the shape can allow: the administrator has seen it.
    assert refusal("BELFORT-DELLE-1", "") is not None
    assert refusal("BELFORT-DELLE-1", r"BELFORT-DELLE-\d+") is None
