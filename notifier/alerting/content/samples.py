"""Sample facts that the templates are tried with at start: every branch, and the longest text."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

from notifier.alerting.content.facts import STATUS_WORDS, Facts, ReviewFacts
from notifier.intake.schema.vocabulary import Severity

SAMPLE = Facts(
    commune="Delle",
    category_label="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    occurred_at=datetime(2026, 11, 22, 2, 16, tzinfo=UTC),
    composed_at=datetime(2026, 11, 22, 2, 17, tzinfo=UTC),
    time_zone="Europe/Paris",
    place="rue de Déridé",
    reference="CORG90-2026-004217",
    service="Gendarmerie",
    legal_basis="article L132-3 du code de la sécurité intérieure",
    exercise=False,
    duty_phone="03 53 01 00 90",
)
# The longest possible: France's longest commune, the longest label and reference, and another day,
# in the hour that comes twice.
_LONGEST = replace(
    SAMPLE,
    commune="Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson",
    category_label="x" * 59,
    place="rue " + "x" * 46,
    reference="X" * 60,
    service="x" * 30,
    exercise=True,
    occurred_at=datetime(2026, 10, 25, 1, 25, tzinfo=UTC),
    ended_at=datetime(2026, 10, 25, 1, 26, tzinfo=UTC),
    end_is_dated=False,
    duty_phone="+33 3 53 01 00 90",
    unreached="le directeur général des services et 12 autres n’ont pu être joints",
    moved_to=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"] * 2,
)
# What a métropole reads, and what a landlord reads of his own site.
ORGANISATION_SAMPLE = replace(
    SAMPLE,
    commune="Delle et Joncherey",
    organisation="Grand Belfort",
    communes=["Delle", "Joncherey"],
    agreements=["Convention de coordination du Grand Belfort"],
)
SITE_SAMPLE = replace(
    SAMPLE,
    organisation="Habitat des Tilleuls",
    communes=["Delle"],
    sites=["Résidence des Tilleuls"],
    place=None,
    agreements=["Partenariat avec les bailleurs", "Contrat de sécurité intégrée"],
)
_LONGEST_SITE = replace(
    _LONGEST,
    commune=", ".join(["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"] * 2)
    + " et 9 autres communes",
    organisation="x" * 100,
    communes=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"] * 11,
    sites=["x" * 100] * 2,
    agreements=["x" * 160] * 4,
    instead_of=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"] * 4,
    moved_to=[],
)
_ENDED = replace(SAMPLE, ended_at=datetime(2026, 11, 22, 3, 40, tzinfo=UTC))
# Every status and severity, here, next door and at the edge, with and without a place, real and
# exercise, dated and not, with and without a telephone: each branch is taken.
SAMPLES = [
    _LONGEST,
    replace(SAMPLE, duty_phone=""),
    replace(SAMPLE, unreached="le maire n’a pu être joint"),
    replace(_ENDED, status="closed"),
    replace(_ENDED, status="closed", closure="feu maîtrisé, surveillance en cours"),
    replace(_ENDED, status="closed", end_is_dated=False, duty_phone=""),
    replace(SAMPLE, moved_to=["Le Mans"]),
    replace(SAMPLE, category_label="alerte enlèvement []"),
    *(
        replace(sample, status=status, severity=severity, ended_at=_ENDED.ended_at)
        for sample in (ORGANISATION_SAMPLE, SITE_SAMPLE)
        for status, severity in product(STATUS_WORDS, Severity)
    ),
    replace(ORGANISATION_SAMPLE, instead_of=["Le Mans"]),
    *(replace(sample, holders=["Joncherey"]) for sample in (ORGANISATION_SAMPLE, SITE_SAMPLE)),
    _LONGEST_SITE,
    replace(_LONGEST, next_to="Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"),
    replace(_LONGEST, holders=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"]),
    *(
        replace(SAMPLE, status=status, severity=severity, next_to="Joncherey")
        for status, severity in product(STATUS_WORDS, Severity)
    ),
    *(
        replace(SAMPLE, status=status, severity=severity, holders=["Joncherey"])
        for status, severity in product(STATUS_WORDS, Severity)
    ),
    *(
        replace(SAMPLE, status=status, severity=severity, place=place, exercise=exercise)
        for status, severity, place, exercise in product(
            STATUS_WORDS, Severity, ("rue de Déridé", None), (False, True)
        )
    ),
]
# Of what wants an answer; where one answers is this service's own address.
ANSWER_SAMPLES = [
    SAMPLE,
    replace(SAMPLE, unreached="le maire n’a pu être joint", duty_phone="", exercise=True),
    ORGANISATION_SAMPLE,
    SITE_SAMPLE,
    replace(SAMPLE, holders=["Joncherey"]),
    _LONGEST,
    _LONGEST_SITE,
    replace(_LONGEST, holders=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"]),
]
REVIEW_SAMPLE = ReviewFacts(
    reference="CORG90-2026-004217",
    source="CORG 90",
    category="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    received="le 22 novembre 2026 à 3 h 16",
    deadline="le 22 novembre 2026 à 6 h 16",
    reason="commune à vérifier, les indices se contredisent : personne n’est prévenu",
    clues=["Le code INSEE 90033 désigne Delle (90033)."],
    candidates=["Delle (90033) : 1 indice sur 2", "Giromagny (90052) : 1 indice sur 2"],
    certain="",
    is_resources_only=False,
    is_kept=False,
    is_expired=False,
    exercise=False,
)
REVIEW_SAMPLES = [
    REVIEW_SAMPLE,
    *(
        replace(
            REVIEW_SAMPLE,
            is_contested=True,
            is_contested_by_organisation=by_organisation,
            told="Delle (90033)",
            is_expired=expired,
            is_late=late,
        )
        for expired, late in ((False, False), (False, True), (True, False))
        for by_organisation in (False, True)
    ),
    replace(REVIEW_SAMPLE, clues=[], candidates=[]),
    *(
        replace(REVIEW_SAMPLE, severity="", is_resources_only=True, is_expired=expired)
        for expired in (False, True)
    ),
    *(
        replace(REVIEW_SAMPLE, is_kept=kept, is_expired=expired, exercise=exercise, certain=certain)
        for kept, expired, exercise in product((False, True), repeat=3)
        for certain in ("", "Belfort (90010)")
    ),
]
