"""Convert telephone numbers as people write them, by the commune's numbering plan."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from notifier.mailbox import strip_invisible
from notifier.territory.reference.communes import commune_by_code

# ARCEP, décision n° 2018-0881, annexe 1: numbers kept for works of fiction, of the metropolitan
# plan only (0639 also opens Mayotte's numbers, which are +262 639).
_FICTION = re.compile(r"\+33(?:63998|19900|26191|35301|46571|53649)[0-9]{4}")
_ALLOWED = re.compile(r"\+?[0-9 .\-/()]+")
_TOO_LONG = "il a trop de chiffres ; donnez un seul numéro, sans poste"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
# "0 06 87…" is a number with a zero too many, and 00 687 New Caledonia.
_SEPARATE_ZERO = re.compile(r"0[ .\-/()]+0")
_FRENCH_PREFIXES = {33, 590, 594, 596, 262, 508}
_NEIGHBOUR_COUNTRIES = {32, 352, 49, 41, 39, 377, 34, 376}
_LANDLINES = {PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP}
_TAKES_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# Whoever rings back in the night pays no more than for any call.
_CALLABLE = _TAKES_SMS | _LANDLINES | {PhoneNumberType.TOLL_FREE, PhoneNumberType.UAN}

# Ten digits, or nine without the first zero, are the national form of all of these plans.
_TEN_DIGIT_PLANS = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM")
_TOO_SHORT = {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}
_PLANS = {
    "FR": "de métropole",
    "GP": "de Guadeloupe, de Saint-Martin ou de Saint-Barthélemy",
    "MQ": "de Martinique",
    "GF": "de Guyane",
    "RE": "de La Réunion",
    "YT": "de Mayotte",
    "PM": "de Saint-Pierre-et-Miquelon",
    "BL": "de Saint-Barthélemy",
    "MF": "de Saint-Martin",
    "WF": "de Wallis-et-Futuna",
    "PF": "de Polynésie française",
    "NC": "de Nouvelle-Calédonie",
}


class PhoneError(ValueError):
    """A number that cannot be used; the message says in French what is wrong and what to do."""


def parse_mobile(text: str, commune_code: str, *, fiction_allowed: bool) -> str:
    """Return the number in E.164 ("+33612345678").

    A national form is read by the numbering plan of the commune, never by another's: 0690… in a
    commune of Guadeloupe is +590 690…; in Savoie it is an error. Any country's mobile is accepted
    in international form (+41…, 0041…). Numbers reserved for fiction pass only with
    `fiction_allowed`, so that a sample contact can never be texted.

    Raises PhoneError with a French message.
    """
    number = _parse_attributed(text, commune_code, fiction_allowed=fiction_allowed)
    kind = _number_type(number)
    if kind not in _TAKES_SMS:
        what = "cette ligne fixe" if kind in _LANDLINES else "ce numéro spécial"
        raise PhoneError(
            f"numéro « {text} » : {what} ne reçoit pas de SMS ; "
            "donnez un mobile, ou laissez vide et donnez une adresse électronique"
        )
    return _e164(number)


def parse_voice_number(text: str, commune_code: str, *, fiction_allowed: bool) -> str:
    """Return the E.164 number of a telephone that can be called, landline or mobile.

    Read as by `parse_mobile`; premium and shared-cost numbers are refused. Raises PhoneError with a
    French message.
    """
    number = _parse_attributed(text, commune_code, fiction_allowed=fiction_allowed)
    if _number_type(number) not in _CALLABLE:
        raise PhoneError(
            f"numéro « {text} » : ce numéro est spécial ou surtaxé ; donnez une ligne fixe ou un "
            "mobile"
        )
    return _e164(number)


def is_landline(e164: str) -> bool:
    """Return whether a number, in E.164, is a landline's: it can be called, and takes no text."""
    return _number_type(phonenumbers.parse(e164)) in _LANDLINES


def is_unlikely_abroad(e164: str, commune_code: str) -> bool:
    """Return whether a number is of no plan likely here: local, metropolitan, neighbouring."""
    home = commune_by_code(commune_code)
    country = phonenumbers.parse(e164).country_code
    near = {33} if home is None else {33, phonenumbers.country_code_for_region(home.phone_region)}
    if home is None or home.phone_region == "FR":
        near |= _NEIGHBOUR_COUNTRIES
    return country not in near


def format_number(e164: str) -> str:
    """Format a number for reading: national in the French plans, else international."""
    number = phonenumbers.parse(e164)
    is_french = phonenumbers.region_code_for_number(number) in _PLANS
    form = PhoneNumberFormat.NATIONAL if is_french else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def _parse_attributed(text: str, commune_code: str, *, fiction_allowed: bool) -> PhoneNumber:
    """Return a number that is attributed, or fictional where allowed. Raises PhoneError."""
    home = commune_by_code(commune_code)
    if home is None:
        raise PhoneError(
            f"numéro « {text} » : la commune {commune_code} est inconnue, "
            "on ne sait donc pas de quel plan de numérotation il relève"
        )
    region = home.phone_region
    number = _parse(text, region)
    if is_fiction := _FICTION.fullmatch(_e164(number)):
        if fiction_allowed:
            return number
        first = format_number(is_fiction[0])[: len("06 39 98")]
        raise PhoneError(
            f"numéro « {text} » : {first} est réservé aux œuvres de fiction et ne joint "
            "personne ; donnez le vrai numéro (les exemples ne sont admis qu’avec le simulateur)"
        )
    if not phonenumbers.is_valid_number(number):
        raise PhoneError(_invalid_reason(text, number, region))
    return number


def _number_type(number: PhoneNumber) -> int:
    """Return the PhoneNumberType, also of fictional mobile numbers, which are not attributed."""
    e164 = _e164(number)
    if _FICTION.fullmatch(e164) and e164.startswith("+336"):
        return PhoneNumberType.MOBILE
    return int(phonenumbers.number_type(number))


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _parse(text: str, region: str) -> PhoneNumber:
    """Read the number by the plan of `region`, valid or not. Raises PhoneError."""
    # Numbers pasted from a telephone's address book carry invisible direction marks.
    written = " ".join(strip_invisible(text).translate(_DASHES).split())
    if re.fullmatch(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+", written):
        raise PhoneError(
            f"numéro « {text} » : un tableur l’a réécrit en notation scientifique et des chiffres "
            "sont perdus ; mettez la colonne au format texte et saisissez-le de nouveau"
        )
    if not _ALLOWED.fullmatch(written):
        raise PhoneError(
            f"numéro « {text} » : ce n’est pas un numéro de téléphone ; n’écrivez que des "
            "chiffres, par exemple 06 suivi de huit chiffres, ou +41… pour l’étranger"
        )
    try:
        number = phonenumbers.parse(written, region)
        _refuse_extra_zero(text, written, region, number)
        return number
    except NumberParseException as error:
        wrong = "ce n’est pas un numéro de téléphone ; vérifiez les chiffres et l’indicatif du pays"
        if error.error_type == NumberParseException.TOO_LONG:
            wrong = _TOO_LONG
        raise PhoneError(f"numéro « {text} » : {wrong}") from None


def _refuse_extra_zero(text: str, written: str, region: str, number: PhoneNumber) -> None:
    """Raise PhoneError for a national number with an extra leading zero, which dials abroad."""
    if not re.match(r"\D*0\D*0", written) or written.startswith("+"):
        return
    national = phonenumbers.parse(written.replace("0", "", 1), region)
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    if phonenumbers.is_valid_number_for_region(national, region):
        meant = phonenumbers.format_number(national, PhoneNumberFormat.NATIONAL)
        raise PhoneError(
            f"numéro « {text} » : il commence par un zéro de trop ; écrivez {meant}, ou {shown} "
            "si c’est bien celui-là"
        )
    if _SEPARATE_ZERO.match(written):
        raise PhoneError(
            f"numéro « {text} » : il commence par deux zéros séparés ; écrivez {shown} si c’est "
            "un numéro d’un autre pays, sinon ôtez le zéro de trop"
        )


def _invalid_reason(text: str, number: PhoneNumber, region: str) -> str:
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == ValidationResult.TOO_LONG:
        wrong = _TOO_LONG
    elif possible in _TOO_SHORT:
        wrong = "il lui manque des chiffres"
    elif possible != ValidationResult.IS_POSSIBLE:
        wrong = "il n’a pas le bon nombre de chiffres"
    elif number.country_code == phonenumbers.country_code_for_region(region):
        wrong = f"ce n’est pas un numéro {_PLANS.get(region, 'de ce territoire')} attribué"
    else:
        wrong = "ce n’est pas un numéro attribué dans ce pays"
    advice = _suggest_other_plan(text, region) or "vérifiez-le auprès de la personne"
    return f"numéro « {text} » : {wrong} ; {advice}"


def _suggest_other_plan(text: str, region: str) -> str:
    """Return the international form under which a number of another French plan would be valid.

    Also for one with the wrong prefix: +33 690… for the Caribbean, whose prefix is +590.
    """
    try:
        written = phonenumbers.parse(text, region)
    except NumberParseException:
        return ""
    is_international = bool(re.match(r"\s*(?:\+|00)", text))
    if is_international and written.country_code not in _FRENCH_PREFIXES:
        return ""
    national = phonenumbers.national_significant_number(written) if is_international else text
    for plan in _TEN_DIGIT_PLANS:
        if plan == region and not is_international:
            continue
        try:
            number = phonenumbers.parse(national, plan)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number_for_region(number, plan):
            shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
            return f"si c’est bien un numéro {_PLANS[plan]}, écrivez-le {shown}"
    return ""
