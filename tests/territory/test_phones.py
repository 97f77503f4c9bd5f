"""What town halls write, and the one number it may mean."""

from __future__ import annotations

import pytest

from notifier.territory.phones import PhoneError, format_number, parse_mobile, parse_voice_number


def real(text: str, commune: str = "90033") -> str:
    return parse_mobile(text, commune, fiction_allowed=False)


def refusal(text: str, commune: str = "90033") -> str:
    with pytest.raises(PhoneError) as refused:
        real(text, commune)
    return str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "0612345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "06\u00a012\u00a034\u202f56 78",
        "06\u201112\u201134\u201156\u201178",
        "\u202a06 12 34 56 78\u202c",
        "612345678",
        "+33612345678",
        "+33 (0)6 12 34 56 78",
        "0033 6 12 34 56 78",
        "0033 (0)6 12 34 56 78",
        "  0612345678 ",
    ],
)
def test_every_way_to_write_a_metropolitan_mobile_is_one_number(written: str) -> None:
    assert real(written) == "+33612345678"


@pytest.mark.parametrize(
    ("commune", "written", "e164"),
    [
        ("97101", "0690 30 12 34", "+590690301234"),
        ("97701", "0690 27 12 34", "+590690271234"),
        ("97801", "0690 27 12 34", "+590690271234"),
        ("97209", "0696 12 34 56", "+596696123456"),
        ("97302", "0694 20 12 34", "+594694201234"),
        ("97411", "0692 12 34 56", "+262692123456"),
        ("97411", "0693 12 34 56", "+262693123456"),
        ("97608", "0639 69 00 01", "+262639690001"),
        ("97502", "55 12 34", "+508551234"),
        ("98735", "87 12 34 56", "+68987123456"),
        ("98818", "75 12 34", "+687751234"),
        ("2A004", "06 12 34 56 78", "+33612345678"),
    ],
)
def test_the_commune_chooses_the_numbering_plan(commune: str, written: str, e164: str) -> None:
    assert real(written, commune) == e164


def test_the_international_form_is_taken_from_anywhere() -> None:
    assert real("+33 6 12 34 56 78", "97411") == "+33612345678"
    assert real("00590690301234", "90033") == "+590690301234"


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+41 79 123 45 67", "+41791234567"),
        ("0041 79 123 45 67", "+41791234567"),
        ("+49 151 23456789", "+4915123456789"),
        ("+352 621 123 456", "+352621123456"),
    ],
)
def test_a_neighbouring_country_is_taken_in_international_form(written: str, e164: str) -> None:
    assert real(written) == e164


def test_another_territory_s_national_number_is_refused_with_the_form_to_write() -> None:
    in_metropole = refusal("0690 30 12 34", "90033")
    assert "de Guadeloupe" in in_metropole
    assert "+590 690 30 12 34" in in_metropole
    in_reunion = refusal("06 12 34 56 78", "97411")
    assert "La Réunion" in in_reunion
    assert "+33 6 12 34 56 78" in in_reunion


@pytest.mark.parametrize("written", ["01 23 45 67 89", "+33 1 23 45 67 89", "09 72 12 34 56"])
def test_a_landline_is_refused_because_it_receives_no_sms(written: str) -> None:
    assert "fixe ne reçoit pas de SMS" in refusal(written)


def test_a_special_number_is_refused() -> None:
    assert "spécial ne reçoit pas de SMS" in refusal("0800 12 34 56")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("06 12 34 56", "manque des chiffres"),
        ("17", "manque des chiffres"),
        ("06 12 34 56 78 9", "trop de chiffres"),
        ("0612345678 / 0698765432", "un seul numéro"),
        ("mairie", "pas un numéro de téléphone"),
        ("06 12 34 56 7O", "que des chiffres"),
        ("0612345678 poste 3", "que des chiffres"),
        ("+999 123 456", "indicatif du pays"),
        ("6,12346E+08", "notation scientifique"),
        ("()", "pas un numéro de téléphone"),
        ("+41 79 123", "manque des chiffres"),
        ("+41 20 123 45 67", "dans ce pays"),
    ],
)
def test_what_is_wrong_is_said(written: str, said: str) -> None:
    message = refusal(written)
    assert said in message
    assert f"« {written} »" in message


@pytest.mark.parametrize(
    "written", ["06 39 98 00 00", "0639989999", "+33 6 39 98 12 34", "0033639981234"]
)
def test_numbers_for_fiction_pass_only_with_the_simulator(written: str) -> None:
    digits = "".join(c for c in written if c.isdigit())[-9:]
    assert parse_mobile(written, "90033", fiction_allowed=True) == f"+33{digits}"
    assert "fiction" in refusal(written)


def test_fiction_is_fiction_in_an_overseas_commune_too() -> None:
    number = parse_mobile("+33 6 39 98 00 01", "97411", fiction_allowed=True)
    assert number == "+33639980001"
    assert "fiction" in refusal("+33 6 39 98 00 01", "97411")


def test_mayotte_s_0639_is_no_fiction() -> None:
    assert real("0639 69 98 01", "97608") == "+262639699801"
    # +262 639 98… is nobody's: allowing fiction must not let it pass.
    with pytest.raises(PhoneError, match="Mayotte"):
        parse_mobile("0639 98 00 01", "97608", fiction_allowed=True)


def test_without_a_current_commune_there_is_no_plan_to_read_by() -> None:
    assert "00000" in refusal("0612345678", "00000")


@pytest.mark.parametrize(
    ("commune", "written", "e164", "dialled"),
    [
        ("90033", "03.84.57.36.00", "+33384573600", "03 84 57 36 00"),
        ("90033", "+33 6 12 34 56 78", "+33612345678", "06 12 34 56 78"),
        ("90033", "09 75 12 34 56", "+33975123456", "09 75 12 34 56"),
        ("97411", "0262 40 12 34", "+262262401234", "0262 40 12 34"),
        ("90033", "+41 32 420 65 65", "+41324206565", "+41 32 420 65 65"),
    ],
)
def test_a_telephone_that_rings_may_be_a_landline(
    commune: str, written: str, e164: str, dialled: str
) -> None:
    assert parse_voice_number(written, commune, fiction_allowed=False) == e164
    assert format_number(e164) == dialled


@pytest.mark.parametrize("written", ["0899 70 00 00", "08 92 12 34 56", "0810 12 34 56", "3237"])
def test_what_costs_extra_or_is_short_is_no_telephone_to_give(written: str) -> None:
    with pytest.raises(PhoneError):
        parse_voice_number(written, "90033", fiction_allowed=True)


@pytest.mark.parametrize(
    "written", ["01 99 00 12 34", "02 61 91 12 34", "03 53 01 12 34", "04 65 71 12 34",
                "05 36 49 12 34", "06 39 98 12 34"]
)  # fmt: skip
def test_a_telephone_of_fiction_rings_only_with_the_simulator(written: str) -> None:
    e164 = "+33" + written.replace(" ", "")[1:]
    assert parse_voice_number(written, "90033", fiction_allowed=True) == e164
    assert format_number(e164) == written
    with pytest.raises(PhoneError, match="œuvres de fiction"):
        parse_voice_number(written, "90033", fiction_allowed=False)


def test_a_landline_of_fiction_still_takes_no_sms() -> None:
    with pytest.raises(PhoneError, match="ligne fixe"):
        parse_mobile("03 53 01 12 34", "90033", fiction_allowed=True)
