"""Whatever dispatch types, what leaves is readable and makes nobody ring, tap or open anything."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifier.alerting.content.composer import Composer, Texts
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.kinds import Kind
from notifier.intake.formats.message import adapted_reference
from notifier.intake.schema.clickable import contains_phone_number, find_unsafe
from notifier.intake.schema.reference import REFERENCE
from notifier.settings import packaged

PIECES = [
    *("rue", "place", "RD", "D 19", "A36", "de", "à", "Pasteur", "Delle", "Jean", "des", "Trois"),
    *("06 39 98 12 34", "0639981234", "06.39.98.12.34", "+33639981234", "0899-70-00-00", "3639"),
    *("⁰⁶³⁹⁹⁸¹²³⁴", "０６３９９８１２３４", "𝟎𝟔𝟑𝟗𝟗𝟖𝟏𝟐𝟑𝟒", "①②③", "٠٦٣٩٩٨١٢٣٤", "zéro", "six"),
    *(
        "www.gend.fr",
        "gend.fr",
        "http://a.b",
        "a@b.fr",
        "203.0.113.7",
        "évacuez",
        "ｖｉｏｌ",
        "Mᵐᵉ",
    ),
    *(
        "Дюпон",
        "ديبون",
        "Δ",
        "ı",
        "ſ",
        "\u200b",
        "\u202e",
        "<b>",
        "{{ reference }}",
        ",",
        "(",
        "\n",
    ),
]
LABELS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(max_size=60).map("rue ".__add__),
    st.text(max_size=60),
)


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(packaged("templates") / "alerts")


def read(texts: Texts) -> dict[str, str]:
    """Each part as it is read: of HTML, what stands between the tags."""
    html = re.sub(r"<style.*?</style>|<[^>]*>", " ", texts.html, flags=re.DOTALL)
    return {"sms": texts.sms, "subject": texts.subject, "txt": texts.plain, "html": html}


def unfit(text: str) -> list[str]:
    """All that a telephone would make a number or a link of, or a mayor could not read."""
    numbers = phonenumbers.PhoneNumberMatcher(text, "FR", leniency=phonenumbers.Leniency.POSSIBLE)
    found = [match.raw_string for match in numbers]
    found += re.findall(r"\S*(?:://|www\.|@|\.[^\W\d_]{2})\S*|\d+\.\d+\.\d+\.\d+", text)
    found += [c for c in text if c.isalpha() and not unicodedata.name(c, "").startswith("LATIN")]
    return found + [c for c in text if c.isnumeric() and c not in "0123456789"]


@given(label=LABELS, kind=st.sampled_from(Kind))
@settings(max_examples=150, deadline=None)
@example("rue Pasteur rappelez ⁰⁸⁹⁹⁷⁰⁰⁰⁰⁰", Kind.FIRST)
@example("place évacuez", Kind.UPDATE)
def test_no_label_brings_a_number_a_link_or_another_script_into_a_text(
    composer: Composer, label: str, kind: Kind
) -> None:
    silent = read(composer.compose(kind, replace(SAMPLE, place=None)))
    told = read(composer.compose(kind, replace(SAMPLE, place=label)))
    for part, text in told.items():
        assert set(unfit(text)) <= set(unfit(silent[part])), part
    assert unfit(silent["sms"]) == [SAMPLE.duty_phone]


@given(given=st.one_of(LABELS, st.from_regex(REFERENCE, fullmatch=True)))
@settings(max_examples=150, deadline=None)
@example("Mme-DUPONT-Jeanne-viol")
@example("0899-70-00-00-57448")
@example("203.0.113.7")
@example("000000000")
def test_no_number_of_a_foreign_message_brings_one_into_a_text(
    composer: Composer, given: str
) -> None:
    usual = read(composer.compose(Kind.FIRST, SAMPLE))
    told = adapted_reference(given)
    for part, text in read(composer.compose(Kind.FIRST, replace(SAMPLE, reference=told))).items():
        # Nine noughts are no number that anybody is put through by.
        new = {f for f in unfit(text) if not f[0].isdigit() or contains_phone_number(f)}
        assert new <= set(unfit(usual[part])), part


@given(service=LABELS.filter(lambda text: 0 < len(text.strip()) <= 30))
@settings(max_examples=150, deadline=None)
@example("www.gend.fr")
@example("17 ou 03 84 00 00 00")
def test_no_service_that_is_accepted_does(composer: Composer, service: str) -> None:
    if find_unsafe(service) is not None:
        return
    usual = read(composer.compose(Kind.FIRST, SAMPLE))
    for part, text in read(composer.compose(Kind.FIRST, replace(SAMPLE, service=service))).items():
        # A digit too few, or many, is no number that anybody is put through by.
        new = {f for f in unfit(text) if not f[0].isdigit() or contains_phone_number(f)}
        assert new <= set(unfit(usual[part])), part
