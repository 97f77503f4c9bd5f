"""What a mayor reads, in the templates that ship."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from notifier.alerting.content.composer import Composer
from notifier.alerting.content.facts import Facts
from notifier.alerting.content.gsm import GSM_BASIC, GSM_EXTENSION
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.categories import load
from notifier.delivery.models import Message
from notifier.intake.schema.vocabulary import Severity, Status
from tests.alerting.house import breakable

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = REPOSITORY / "templates" / "alerts"
LABELS = load(REPOSITORY / "config" / "categories.toml")

utc = partial(datetime, tzinfo=UTC)

LONGEST_COMMUNE = "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"
MAX_LABEL_LENGTH = "x" * 59

FACTS = Facts(
    commune="Delle",
    category_label="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    occurred_at=datetime(2026, 11, 22, 2, 16, 7, tzinfo=UTC),
    composed_at=datetime(2026, 11, 22, 2, 16, 8, tzinfo=UTC),
    time_zone="Europe/Paris",
    place="rue de Déridé",
    reference="CORG90-2026-004217",
    service="Gendarmerie",
    legal_basis="article L132-3 du code de la sécurité intérieure",
    exercise=False,
)
PHONE = "03 53 01 00 90"
ENDED = datetime(2026, 11, 22, 3, 40, tzinfo=UTC)
LONG = replace(
    FACTS,
    commune=LONGEST_COMMUNE,
    category_label=MAX_LABEL_LENGTH,
    place="chemin de la Vieille Fontaine aux Oiseaux du Grand Bois",
    exercise=True,
)


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(TEMPLATES)


# --- the SMS


@pytest.mark.parametrize(
    ("kind", "status", "segments", "sms"),
    [
        (
            Kind.FIRST,
            "engaged",
            1,
            (
                "Gendarmerie - Delle : accident de la route grave, rue de Déridé, à 3h16. "
                "Pour information, intervention en cours. Réf. CORG90-2026-004217. "
                "Tél. 03 53 01 00 90"
            ),
        ),
        # The courtesy gives way where that spares a segment; no fact does.
        (
            Kind.UPDATE,
            "on_scene",
            1,
            (
                "Gendarmerie - Delle, situation aggravée : accident de la route grave, "
                "rue de Déridé, à 3h16. Équipe sur place. Réf. CORG90-2026-004217. "
                "Tél. 03 53 01 00 90"
            ),
        ),
        (
            Kind.END,
            "closed",
            1,
            (
                "Gendarmerie - Delle : accident de la route de 3h16, rue de Déridé : intervention "
                "terminée à 4h40. Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
            ),
        ),
        (
            Kind.CANCELLATION,
            "engaged",
            2,
            (
                "Gendarmerie - Delle, annulation : accident de la route, à 3h16. Finalement à "
                "Belfort : votre commune n'est plus concernée. Réf. CORG90-2026-004217. "
                "Tél. 03 53 01 00 90"
            ),
        ),
    ],
)
def test_the_sms_of_each_kind(
    composer: Composer, kind: Kind, status: str, segments: int, sms: str
) -> None:
    facts = replace(FACTS, status=status, duty_phone=PHONE, ended_at=ENDED, moved_to=["Belfort"])
    texts = composer.compose(kind, facts)
    assert texts.sms == sms
    assert (texts.size.encoding, texts.size.segments) == ("GSM-7", segments)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("exercise", [False, True])
@pytest.mark.parametrize("reference", ["R" * 60, "[" * 60])
def test_at_the_longest_two_segments_and_the_reference_whole(
    composer: Composer, kind: Kind, exercise: bool, reference: str
) -> None:
    for label in {MAX_LABEL_LENGTH, *(_written(code) for code in LABELS.codes())}:
        facts = replace(
            LONG,
            category_label=label,
            reference=reference,
            service="Police nationale et secours 90",
            exercise=exercise,
            severity=Severity.EXTREME,
            occurred_at=utc(2026, 10, 25, 1, 16),
            ended_at=utc(2026, 10, 25, 1, 17),
            end_is_dated=False,
            moved_to=[LONGEST_COMMUNE, LONGEST_COMMUNE],
            unreached="le directeur général des services et 12 autres n’ont pu être joints",
            duty_phone="+33 3 53 01 00 90",
        )
        texts = composer.compose(kind, facts)
        assert texts.size.segments <= 2
        assert set(texts.sms) <= GSM_BASIC | GSM_EXTENSION
        assert texts.sms.endswith(f"{reference}. Tél. +33 3 53 01 00 90")
        assert texts.sms.startswith("EXERCICE") is exercise


def _written(code: str) -> str:
    category = LABELS.get(code)
    assert category is not None
    return category.written_label


def test_every_label_that_ships_makes_one_segment_in_a_usual_commune(composer: Composer) -> None:
    for code in LABELS.codes():
        facts = replace(FACTS, category_label=_written(code), place=None, duty_phone=PHONE)
        assert composer.compose(Kind.FIRST, facts).size.segments == 1, _written(code)


def test_what_is_too_long_loses_the_place_first_then_words_never_the_reference(
    composer: Composer,
) -> None:
    whole = composer.compose(Kind.FIRST, replace(LONG, reference="R" * 30)).sms
    assert "Vieille Fontaine" in whole
    without_place = composer.compose(Kind.FIRST, replace(LONG, reference="R" * 75)).sms
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
            ", à 2h30, heure d'hiver.",
            "le 25 octobre 2026 à 2 h 30, heure d’hiver",
        ),
        (
            utc(2026, 10, 25, 0, 30),
            utc(2026, 10, 25, 0, 31),
            "Europe/Paris",
            ", à 2h30, heure d'été.",
            "le 25 octobre 2026 à 2 h 30, heure d’été",
        ),
        # Before and after that hour, and where the clocks never change, nothing is said.
        (
            utc(2026, 10, 24, 23, 59),
            utc(2026, 10, 25, 0, 0),
            "Europe/Paris",
            ", à 1h59.",
            "le 25 octobre 2026 à 1 h 59",
        ),
        (
            utc(2026, 10, 25, 2, 0),
            utc(2026, 10, 25, 2, 1),
            "Europe/Paris",
            ", à 3h00.",
            "le 25 octobre 2026 à 3 h 00",
        ),
        (
            utc(2026, 10, 25, 1, 30),
            utc(2026, 10, 25, 1, 31),
            "America/Martinique",
            ", à 21h30.",
            "le 24 octobre 2026 à 21 h 30",
        ),
        # Saint-Pierre-et-Miquelon goes back with North America, a week later.
        (
            utc(2026, 11, 1, 4, 30),
            utc(2026, 11, 1, 4, 31),
            "America/Miquelon",
            ", à 1h30, heure d'hiver.",
            "le 1er novembre 2026 à 1 h 30, heure d’hiver",
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
    facts = replace(FACTS, occurred_at=occurred, composed_at=told, time_zone=zone)
    texts = composer.compose(Kind.FIRST, facts)
    assert sms in texts.sms
    assert mail in breakable(texts.plain)


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(FACTS, occurred_at=datetime(2026, 11, 22, 3, 16))  # noqa: DTZ001  # the fault itself


# --- the e-mail


@pytest.mark.parametrize("kind", Kind)
def test_the_mail_says_all_and_nothing_else(composer: Composer, kind: Kind) -> None:
    texts = composer.compose(kind, replace(FACTS, duty_phone=PHONE))
    assert texts.subject.startswith("Gendarmerie\u00a0– Delle\u00a0: ")
    assert "\n" not in texts.subject
    for body in (texts.plain, texts.html):
        for fact in ("Delle", "accident de la route", "rue de Déridé", FACTS.reference):
            assert fact in body
        assert FACTS.legal_basis in body
        shared = "Ne le partagez qu’avec vos adjoints et les services concernés"
        assert "confidentiel" in body and shared in body
        assert "transfér" not in body
        assert breakable(body).count(PHONE) == 2
        assert "votre groupement de gendarmerie" in body
    assert '<html lang="fr">' in texts.html
    assert not re.search(r"<(?:img|script|link)|https?:|url\(", texts.html)


@pytest.mark.parametrize("kind", Kind)
def test_a_mail_is_french_typography_an_sms_its_own_alphabet(
    composer: Composer, kind: Kind
) -> None:
    facts = replace(
        FACTS, commune="L'Haÿ-les-Roses", place="rue de l'Église", service="Police de l'air",
        next_to="Villeneuve-d'Ascq", duty_phone=PHONE, ended_at=ENDED, moved_to=["Pont-d'Ain"],
        unreached="l’élu d’astreinte n’a pu être joint",
    )  # fmt: skip
    texts = composer.compose(kind, facts)
    for mail in (texts.subject, texts.plain, texts.html):
        assert "3\u00a0h\u00a016" in mail
        assert "L’Haÿ" in mail or "d’Ascq" in mail
        assert "'" not in mail and "&#39;" not in mail
        assert not re.search(r"\dh\d| [:;!?–]|\d h| h \d", mail)
    assert "03\u00a053\u00a001\u00a000\u00a090" in texts.plain and "</style" not in texts.html
    assert "3h16" in texts.sms
    assert not re.search("[\u00a0\u202f’–]", texts.sms)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.FIRST, "Gendarmerie – Beaucourt : cambriolage (10 h 03)"),
        (Kind.UPDATE, "Gendarmerie – Beaucourt : situation aggravée, cambriolage (10 h 03)"),
        (Kind.END, "Gendarmerie – Beaucourt : intervention terminée, cambriolage (10 h 03)"),
        (Kind.CANCELLATION, "Gendarmerie – Beaucourt : annulation, cambriolage (10 h 03)"),
    ],
)
def test_the_subject_says_who_where_what_and_when(
    composer: Composer, kind: Kind, subject: str
) -> None:
    facts = replace(
        FACTS, commune="Beaucourt", category_label="cambriolage", severity=Severity.MODERATE,
        occurred_at=utc(2026, 11, 22, 9, 3), composed_at=utc(2026, 11, 22, 9, 4),
    )  # fmt: skip
    assert breakable(composer.compose(kind, facts).subject) == subject
    drill = breakable(composer.compose(kind, replace(facts, exercise=True)).subject)
    assert drill == f"EXERCICE – {subject}"
    yesterday = replace(facts, composed_at=utc(2026, 11, 23, 9, 4))
    assert "cambriolage (22/11 à 10 h 03)" in breakable(composer.compose(kind, yesterday).subject)
    bus = replace(facts, category_label="accident (bus)", severity=Severity.SEVERE)
    assert "(bus, 10 h 03)" in breakable(composer.compose(kind, bus).subject)


@pytest.mark.parametrize("kind", Kind)
def test_an_exercise_says_so_first_and_last(composer: Composer, kind: Kind) -> None:
    real, exercise = (composer.compose(kind, replace(FACTS, exercise=on)) for on in (False, True))
    assert "EXERCICE" not in real.sms + real.subject + real.plain + real.html
    assert exercise.sms.startswith("EXERCICE - ")
    assert exercise.subject.startswith("EXERCICE\u00a0– ")
    assert exercise.subject.count("EXERCICE") == 1
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
        Severity.MODERATE: ("accident de la route de gravité modérée,", "de gravité modérée."),
        Severity.SEVERE: ("accident de la route grave,", "désormais grave."),
        Severity.EXTREME: ("accident de la route très grave,", "désormais très grave."),
    }
    for severity, (in_sms, in_mail) in said.items():
        texts = composer.compose(Kind.UPDATE, replace(FACTS, severity=severity))
        assert f"situation aggravée : {in_sms}" in texts.sms
        assert in_mail in texts.plain
        assert in_mail in texts.html
    minor = composer.compose(Kind.FIRST, replace(FACTS, severity=Severity.MINOR))
    assert "accident de la route sans gravité, rue" in minor.sms
    usual = composer.compose(Kind.FIRST, replace(FACTS, severity=Severity.MODERATE))
    assert "accident de la route, rue de Déridé" in usual.sms
    assert "Situation : gravité modérée, intervention en cours" in breakable(usual.plain)


@pytest.mark.parametrize(
    ("code", "severity", "said"),
    [
        ("C01.01.01", "severe", "accident de la route grave (voiture), rue"),
        ("C01.01.01", "minor", "accident de la route sans gravité (voiture), rue"),
        ("C01.01.02", "extreme", "accident de la route très grave avec un camion, rue"),
        ("C04.01.01", "severe", "incendie grave d'une voiture ou d'un fourgon, rue"),
        ("C07.02.00", "extreme", "violences urbaines très graves, rue"),
        ("C07.00.00", "severe", "trouble grave à l'ordre public, rue"),
        ("C07.04.02", "severe", "manifestation, situation grave, rue"),
        ("C02.04.01", "severe", "alerte enlèvement, rue"),
        ("C10.01.05", "extreme", "recherche d'une personne disparue, rue"),
        ("C02.03.00", "severe", "faits graves ayant causé un décès, rue"),
    ],
)
def test_a_severity_stands_in_its_phrase_or_is_not_said(
    composer: Composer, code: str, severity: str, said: str
) -> None:
    facts = replace(FACTS, category_label=_written(code), severity=severity)
    texts = composer.compose(Kind.FIRST, facts)
    says_nothing = code in ("C02.04.01", "C10.01.05", "C02.03.00")
    assert f"Gendarmerie - Delle : {said} de" in texts.sms
    assert ("Situation : intervention" in breakable(texts.plain)) is says_nothing


def test_no_label_is_said_with_two_brackets_or_its_severity_twice(composer: Composer) -> None:
    for code, severity, kind in product(LABELS.codes(), Severity, Kind):
        facts = replace(FACTS, category_label=_written(code), severity=severity, ended_at=ENDED)
        sms = composer.compose(kind, facts).sms
        assert not re.search(r"\) ?\(|[\[\]]|\(gr|  | ,|(?<!faits )grave.*grav[ie]", sms)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("incendie", "incendie de 3h16, rue de Déridé : intervention terminée"),
        ("accident de la route (voiture)", "accident de la route de 3h16 (voiture), rue"),
        ("accident de la route [grave] avec un camion", "avec un camion, à 3h16, rue"),
        ("recherche d’une personne disparue []", "d'une personne disparue, à 3h16, rue"),
        ("manifestation [situation grave]", "manifestation, à 3h16, rue"),
    ],
)
def test_an_end_says_when_it_was_and_when_it_ended(
    composer: Composer, label: str, said: str
) -> None:
    facts = replace(FACTS, category_label=label, status="closed", ended_at=ENDED)
    ended = composer.compose(Kind.END, facts)
    assert said in ended.sms
    assert ": intervention terminée à 4h40. Réf." in ended.sms
    assert "Intervention terminée dans votre commune à 4 h 40 :" in breakable(ended.plain)
    assert "Fin : le 22 novembre 2026 à 4 h 40" in breakable(ended.plain)
    reported = composer.compose(Kind.END, replace(facts, end_is_dated=False))
    assert "intervention terminée (signalée à 4h40). Réf." in reported.sms
    assert "Fin signalée : le 22 novembre" in breakable(reported.plain)


def test_an_end_of_another_day_or_hour_of_the_night_says_which(composer: Composer) -> None:
    facts = replace(FACTS, occurred_at=utc(2026, 11, 21, 22, 50), ended_at=ENDED, composed_at=ENDED)
    sms = composer.compose(Kind.END, facts).sms
    assert "accident de la route du 21/11 à 23h50, rue" in sms
    assert "terminée à 4h40." in sms
    twice = replace(
        FACTS, occurred_at=utc(2026, 10, 25, 0, 25), ended_at=utc(2026, 10, 25, 1, 25),
        composed_at=utc(2026, 10, 25, 1, 26),
    )  # fmt: skip
    sms = composer.compose(Kind.END, twice).sms
    assert "accident de la route de 2h25, heure d'été, rue" in sms
    assert "terminée à 2h25, heure d'hiver." in sms
    plain = breakable(composer.compose(Kind.END, twice).plain)
    assert "terminée dans votre commune à 2 h 25, heure d’hiver : accident" in plain


@pytest.mark.parametrize(
    ("moved_to", "said"),
    [
        (["Belfort"], "Finalement à Belfort : votre"),
        (["Le Mans"], "Finalement au Mans : votre"),
        (["Les Abymes"], "Finalement aux Abymes : votre"),
        (["L'Haÿ-les-Roses"], "Finalement à L'Hay-les-Roses : votre"),
        (["La Rochelle", "Le Puix"], "Finalement à La Rochelle et au Puix : votre"),
    ],
)
def test_a_commune_left_reads_where_it_is_now(
    composer: Composer, moved_to: list[str], said: str
) -> None:
    for more in ({}, {"next_to": "Boron"}, {"holders": ["Boron"]}):
        texts = composer.compose(Kind.CANCELLATION, replace(FACTS, moved_to=moved_to, **more))
        assert f"{said} commune n'est plus concernée." in texts.sms
        assert "n’est plus concernée." in texts.plain
    silent = composer.compose(Kind.CANCELLATION, FACTS).sms
    assert "Votre commune n'est pas ou plus concernée. Réf." in silent
    over = replace(FACTS, moved_to=moved_to, status="cancelled")
    assert "Finalement" not in composer.compose(Kind.CANCELLATION, over).sms


def test_who_stands_in_for_somebody_reads_for_whom(composer: Composer) -> None:
    facts = replace(FACTS, unreached="le maire n’a pu être joint", duty_phone=PHONE)
    texts = composer.compose(Kind.FIRST, facts)
    assert ", à 3h16. Le maire n'a pu etre joint. Pour information" in texts.sms
    for body in (texts.plain, texts.html):
        assert "Ce message vous parvient parce que le maire n’a pu être joint." in body


def test_a_cancellation_is_one_segment_too(composer: Composer) -> None:
    facts = replace(FACTS, duty_phone=PHONE, status="cancelled")
    texts = composer.compose(Kind.CANCELLATION, facts)
    assert texts.sms == (
        "Gendarmerie - Delle, annulation : accident de la route, à 3h16. Ne tenez pas compte de "
        "l'alerte. Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
    )
    assert texts.size.segments == 1
    roomy = composer.compose(Kind.CANCELLATION, replace(facts, reference="R1")).sms
    assert "L'intervention est annulée, ne tenez pas compte de l'alerte. Réf. R1" in roomy


def test_without_a_telephone_the_text_just_has_none(composer: Composer) -> None:
    for kind in Kind:
        texts = composer.compose(kind, FACTS)
        assert texts.sms.endswith(f"Réf. {FACTS.reference}")
        assert "Tél" not in texts.plain + texts.html


def test_the_duty_reads_why_and_what_to_do(composer: Composer) -> None:
    subject, text = composer.unreached(FACTS, ["Delle"], "aucun message n’a abouti")
    assert breakable(subject) == "Delle : commune à joindre autrement (CORG90-2026-004217)"
    assert "n’a pas été prévenue comme prévu : aucun message n’a abouti." in breakable(text)
    assert "joindre le maire ou un adjoint par un autre moyen" in text
    subject, text = composer.unreached(replace(FACTS, exercise=True), ["Delle"], "essai")
    assert subject.startswith("EXERCICE\u00a0– ") and subject.count("EXERCICE") == 1
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
        "Gendarmerie - Joncherey : sur la commune voisine de Delle, accident de la route grave, "
        "rue de Déridé, à 3h16. Intervention en cours. Réf. CORG90-2026-004217"
    )
    assert "Commune : Delle, voisine de la vôtre" in breakable(texts.plain)
    assert texts.size.segments <= 2
