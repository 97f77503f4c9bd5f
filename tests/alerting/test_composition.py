"""What a mayor reads, in the templates that ship."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from notifier.alerting.categories import load
from notifier.alerting.composition import Composer, Kind
from notifier.alerting.facts import Facts
from notifier.alerting.gsm import GSM_BASIC, GSM_EXTENSION
from notifier.delivery.models import Message
from notifier.intake.words import Severity, Status

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = REPOSITORY / "templates" / "alerts"
LABELS = load(REPOSITORY / "config" / "categories.toml")

utc = partial(datetime, tzinfo=UTC)

LONGEST_COMMUNE = "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"
LONGEST_LABEL = "x" * 59

FACTS = Facts(
    commune="Delle",
    category_label="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    occurred_at=datetime(2026, 11, 22, 2, 16, 7, tzinfo=UTC),
    told_at=datetime(2026, 11, 22, 2, 16, 8, tzinfo=UTC),
    time_zone="Europe/Paris",
    place="rue de Déridé",
    reference="CORG90-2026-004217",
    service="Gendarmerie",
    legal_basis="article L132-3 du code de la sécurité intérieure",
    exercise=False,
)
LONG = replace(
    FACTS,
    commune=LONGEST_COMMUNE,
    category_label=LONGEST_LABEL,
    place="chemin de la Vieille Fontaine aux Oiseaux du Grand Bois",
    exercise=True,
)


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(TEMPLATES)


# --- the SMS


@pytest.mark.parametrize(
    ("kind", "status", "sms"),
    [
        (
            Kind.FIRST,
            "engaged",
            (
                "Gendarmerie - Delle : accident de la route (grave), rue de Déridé, à 3h16. "
                "Pour information, intervention en cours. Réf. CORG90-2026-004217"
            ),
        ),
        (
            Kind.UPDATE,
            "on_scene",
            (
                "Gendarmerie - Delle, situation aggravée (grave) : accident de la route, "
                "rue de Déridé, à 3h16. Pour information, équipe sur place. Réf. CORG90-2026-004217"
            ),
        ),
        (
            Kind.END,
            "closed",
            (
                "Gendarmerie - Delle, intervention terminée : accident de la route, rue de Déridé, "
                "à 3h16. Réf. CORG90-2026-004217"
            ),
        ),
        (
            Kind.CANCELLATION,
            "cancelled",
            (
                "Gendarmerie - Delle, annulation : accident de la route, à 3h16. L'intervention "
                "est annulée, ne tenez pas compte de l'alerte. Réf. CORG90-2026-004217"
            ),
        ),
        (
            Kind.CANCELLATION,
            "engaged",
            (
                "Gendarmerie - Delle, annulation : accident de la route, à 3h16. L'alerte ne "
                "concerne pas ou plus votre commune, n'en tenez pas compte. Réf. CORG90-2026-004217"
            ),
        ),
    ],
)
def test_the_sms_of_each_kind_is_one_segment(
    composer: Composer, kind: Kind, status: str, sms: str
) -> None:
    texts = composer.compose(kind, replace(FACTS, status=status))
    assert texts.sms == sms
    assert (texts.size.encoding, texts.size.segments) == ("GSM-7", 1)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("exercise", [False, True])
@pytest.mark.parametrize("reference", ["R" * 60, "[" * 60])
def test_at_the_longest_two_segments_and_the_reference_whole(
    composer: Composer, kind: Kind, exercise: bool, reference: str
) -> None:
    for label in [LONGEST_LABEL, *(_label(code) for code in LABELS.codes())]:
        facts = replace(
            LONG,
            category_label=label,
            reference=reference,
            service="Police nationale et secours 90",
            exercise=exercise,
            severity=Severity.EXTREME,
            occurred_at=utc(2026, 11, 20, 2, 16),
        )
        texts = composer.compose(kind, facts)
        assert texts.size.segments <= 2
        assert set(texts.sms) <= GSM_BASIC | GSM_EXTENSION
        assert texts.sms.endswith(reference)
        assert texts.sms.startswith("EXERCICE") is exercise


def _label(code: str) -> str:
    category = LABELS.get(code)
    assert category is not None
    return category.label


def test_every_label_that_ships_makes_one_segment_in_a_usual_commune(composer: Composer) -> None:
    for code in LABELS.codes():
        facts = replace(FACTS, category_label=_label(code), place=None)
        assert composer.compose(Kind.FIRST, facts).size.segments == 1, _label(code)


def test_what_is_too_long_loses_the_place_first_then_words_never_the_reference(
    composer: Composer,
) -> None:
    whole = composer.compose(Kind.FIRST, replace(LONG, reference="R" * 30)).sms
    assert "Vieille Fontaine" in whole
    without_place = composer.compose(Kind.FIRST, replace(LONG, reference="R" * 60)).sms
    assert "Vieille" not in without_place
    assert LONGEST_COMMUNE in without_place
    assert "Réf. RRR" in without_place
    cut = composer.compose(Kind.FIRST, replace(LONG, reference="R" * 160)).sms
    assert "Gendarmerie - Saint-Remy-en... : xxx" in cut
    assert cut.endswith(" " + "R" * 160)
    assert "Réf." not in cut


def test_nothing_but_the_sms_alphabet_is_sent(composer: Composer) -> None:
    facts = replace(
        FACTS, commune="L’Haÿ-les-Roses", category_label="dépôt\u00a0sauvage d’ordures œuvré"
    )
    for kind in Kind:
        sms = composer.compose(kind, facts).sms
        assert "L'Hay-les-Roses" in sms
        assert "dépôt sauvage d'ordures oeuvré".replace("ô", "o") in sms
        assert not re.search("[\u00a0\u202f’œ]", sms)


def test_a_place_that_names_someone_never_passes_even_if_the_caller_forgot(
    composer: Composer,
) -> None:
    facts = replace(FACTS, place="12 rue de Déridé chez M. Durand")
    for kind in Kind:
        texts = composer.compose(kind, facts)
        for text in (texts.sms, texts.subject, texts.plain, texts.html):
            assert "Durand" not in text
            assert "12 rue" not in text


# --- the time


@pytest.mark.parametrize(
    ("occurred", "told", "zone", "sms", "mail"),
    [
        # The same evening in Paris, already the next day in La Réunion.
        (
            utc(2026, 11, 21, 20, 5),
            utc(2026, 11, 21, 20, 6),
            "Indian/Reunion",
            ", à 0h05.",
            "le 22 novembre 2026 à 0 h 05",
        ),
        (
            utc(2026, 11, 21, 19, 59),
            utc(2026, 11, 21, 20, 1),
            "Indian/Reunion",
            ", le 21/11 à 23h59.",
            "le 21 novembre 2026 à 23 h 59",
        ),
        (
            utc(2026, 11, 21, 20, 5),
            utc(2026, 11, 21, 20, 6),
            "America/Guadeloupe",
            ", à 16h05.",
            "le 21 novembre 2026 à 16 h 05",
        ),
        # 29 March 2026: 02:00 does not exist in Paris; 25 October 2026: it comes twice.
        (
            utc(2026, 3, 29, 0, 59),
            utc(2026, 3, 29, 1, 0),
            "Europe/Paris",
            ", à 1h59.",
            "le 29 mars 2026 à 1 h 59",
        ),
        (
            utc(2026, 3, 29, 1, 0),
            utc(2026, 3, 29, 1, 0),
            "Europe/Paris",
            ", à 3h00.",
            "le 29 mars 2026 à 3 h 00",
        ),
        (
            utc(2026, 10, 25, 1, 30),
            utc(2026, 10, 25, 1, 31),
            "Europe/Paris",
            ", à 2h30.",
            "le 25 octobre 2026 à 2 h 30",
        ),
        (
            utc(2026, 8, 1, 10, 0),
            utc(2026, 8, 1, 10, 0),
            "Europe/Paris",
            ", à 12h00.",
            "le 1er août 2026 à 12 h 00",
        ),
    ],
)
def test_the_time_is_the_communes_own(
    composer: Composer, occurred: datetime, told: datetime, zone: str, sms: str, mail: str
) -> None:
    facts = replace(FACTS, occurred_at=occurred, told_at=told, time_zone=zone)
    texts = composer.compose(Kind.FIRST, facts)
    assert sms in texts.sms
    assert mail in texts.plain


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(FACTS, occurred_at=datetime(2026, 11, 22, 3, 16))  # noqa: DTZ001  # the fault itself


# --- the e-mail


@pytest.mark.parametrize("kind", Kind)
def test_the_mail_says_all_and_nothing_else(composer: Composer, kind: Kind) -> None:
    texts = composer.compose(kind, FACTS)
    assert texts.subject.startswith("Delle : ")
    assert "\n" not in texts.subject
    for body in (texts.plain, texts.html):
        for fact in ("Delle", "accident de la route", "rue de Déridé", FACTS.reference):
            assert fact in body
        assert FACTS.legal_basis in body
        assert "confidentiel" in body
        assert "votre groupement de gendarmerie" in body
    assert '<html lang="fr">' in texts.html
    assert not re.search(r"<(?:img|script|link)|https?:|url\(", texts.html)


def test_french_spaces_are_in_the_html_alone(composer: Composer) -> None:
    texts = composer.compose(Kind.FIRST, FACTS)
    assert "3\u00a0h\u00a016" in texts.html
    assert "commune\u00a0: accident" in texts.html
    assert "</style" not in texts.html
    assert not re.search(" [:;!?]", texts.html)
    assert "3 h 16" in texts.plain
    assert not re.search("[\u00a0\u202f]", texts.plain + texts.subject + texts.sms)


@pytest.mark.parametrize("kind", Kind)
def test_an_exercise_says_so_first_and_last(composer: Composer, kind: Kind) -> None:
    real, exercise = (composer.compose(kind, replace(FACTS, exercise=on)) for on in (False, True))
    assert "EXERCICE" not in real.sms + real.subject + real.plain + real.html
    assert exercise.sms.startswith("EXERCICE - ")
    assert exercise.subject.startswith("EXERCICE - ")
    assert exercise.subject.endswith(" - EXERCICE")
    assert exercise.plain.startswith("EXERCICE.")
    assert exercise.plain.rstrip().endswith("EXERCICE. Ceci était un exercice.")
    assert exercise.html.count("EXERCICE") == 2


def test_another_service_is_asked_by_its_own_name(composer: Composer) -> None:
    plain = composer.compose(Kind.FIRST, replace(FACTS, service="Police nationale")).plain
    assert "adressez-vous au service qui vous informe (Police nationale)" in plain
    assert "groupement" not in plain


def test_html_is_escaped_and_text_is_not(composer: Composer) -> None:
    texts = composer.compose(Kind.FIRST, replace(FACTS, commune="<b>Delle & Fils</b>"))
    assert "&lt;b&gt;Delle &amp; Fils&lt;/b&gt;" in texts.html
    assert "<b>Delle" not in texts.html
    assert "<b>Delle & Fils</b>" in texts.plain
    assert "<b>Delle & Fils</b>" in texts.sms


def test_a_line_break_cannot_enter_the_subject(composer: Composer) -> None:
    texts = composer.compose(Kind.FIRST, replace(FACTS, commune="Delle\r\nBcc: x@mairie.example"))
    assert not re.search(r"[\r\n]", texts.subject)


def test_whatever_intake_lets_in_is_said_in_french(composer: Composer) -> None:
    for kind, status, severity in product(Kind, Status, Severity):
        next_to = "Joncherey" if kind is Kind.NEIGHBOUR else None
        facts = replace(FACTS, status=status, severity=str(severity), next_to=next_to)
        texts = composer.compose(kind, facts)
        everything = texts.sms + texts.subject + texts.plain
        assert not re.search(r"engaged|on_scene|closed|cancelled|severe|extreme|None", everything)


# --- severity in a sentence, and the word to the duty


def test_each_severity_reads_as_french(composer: Composer) -> None:
    said = {
        Severity.MODERATE: ("aggravée (gravité modérée)", "désormais de gravité modérée."),
        Severity.SEVERE: ("aggravée (grave)", "désormais grave."),
        Severity.EXTREME: ("aggravée (très grave)", "désormais très grave."),
    }
    for severity, (in_sms, in_mail) in said.items():
        texts = composer.compose(Kind.UPDATE, replace(FACTS, severity=severity))
        assert in_sms in texts.sms
        assert in_mail in texts.plain
        assert in_mail in texts.html
    minor = composer.compose(Kind.FIRST, replace(FACTS, severity=Severity.MINOR))
    assert "accident de la route (sans gravité)" in minor.sms
    usual = composer.compose(Kind.FIRST, replace(FACTS, severity=Severity.MODERATE))
    assert "accident de la route, rue de Déridé" in usual.sms
    assert "Situation : gravité modérée, intervention en cours" in usual.plain


def test_the_duty_reads_why_and_what_to_do(composer: Composer) -> None:
    subject, text = composer.unreached(FACTS, ["Delle"], "aucun message n’a abouti")
    assert subject == "Delle : commune à joindre autrement (CORG90-2026-004217)"
    assert "n’a pas été prévenue comme prévu : aucun message n’a abouti." in text
    assert "joindre le maire ou un adjoint par un autre moyen" in text
    subject, text = composer.unreached(replace(FACTS, exercise=True), ["Delle"], "essai")
    assert subject.startswith("EXERCICE - ")
    assert text.startswith("EXERCICE.")
    assert text.endswith("exercice.\n")


@pytest.mark.parametrize("kind", Kind)
def test_the_longest_subject_is_one_that_can_be_stored(composer: Composer, kind: Kind) -> None:
    longest = replace(LONG, next_to=LONGEST_COMMUNE)
    limit = Message._meta.get_field("subject").max_length
    assert 0 < len(composer.compose(kind, longest).subject) <= limit


def test_a_neighbours_sms_says_where_it_happens(composer: Composer) -> None:
    texts = composer.compose(Kind.NEIGHBOUR, replace(FACTS, commune="Joncherey", next_to="Delle"))
    assert texts.sms == (
        "Gendarmerie - Joncherey : sur la commune voisine de Delle, accident de la route (grave), "
        "rue de Déridé, à 3h16. Pour information, intervention en cours. "
        "Réf. CORG90-2026-004217"
    )
    assert "Commune : Delle, voisine de la vôtre" in texts.plain
    assert texts.size.segments <= 2
