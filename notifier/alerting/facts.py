"""The words that a template sees: flat, from a whitelist of facts, in the commune's own time.

What is not in `Facts` cannot be told, whatever an operator writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

from notifier.alerting.place import safe_place
from notifier.alerting.prepositions import at, of
from notifier.intake.words import Severity


@dataclass(frozen=True)
class Facts:
    """All that a mayor may be told of an intervention.

    `status` is engaged, on_scene, closed or cancelled; `severity` one of `Severity`.
    `occurred_at` and `told_at` are aware and shown in `time_zone`, the commune's own (IANA).
    `place` is dispatch's label, or None where the category does not allow one; only what
    `safe_place` lets out of it reaches a template. `next_to` is the name of the commune where it
    happens, for the mayor of an adjoining one; None for the mayor whose own commune it is.
    `holders` are the names of those that hold the point (several only where no source divides their
    land), for the mayor of a commune that is concerned because it is close by; else empty.
    """

    commune: str
    category_label: str
    status: str
    severity: str
    occurred_at: datetime
    told_at: datetime
    time_zone: str
    place: str | None
    reference: str
    service: str
    legal_basis: str
    exercise: bool
    next_to: str | None = None
    holders: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None or self.told_at.tzinfo is None:
            raise ValueError("occurred_at and told_at must say their time zone")


@dataclass(frozen=True)
class Doubt:
    """All that the duty reads of an intervention whose commune nobody can say for certain.

    `received` and `deadline` are French moments at the groupement's own hour; `clues` and
    `candidates` French lines. `certain` names the communes that the doubt does not touch, if any.
    `is_shell`: resources were reported without their intervention, `severity` is empty then.
    `is_kept`: no commune is told, whatever is decided.
    """

    reference: str
    source: str
    category: str
    status: str
    severity: str
    received: str
    deadline: str
    reason: str
    clues: list[str]
    candidates: list[str]
    certain: str
    is_shell: bool
    is_kept: bool
    is_expired: bool
    exercise: bool


_STATUS = {
    "engaged": "intervention en cours",
    "on_scene": "équipe sur place",
    "closed": "intervention terminée",
    "cancelled": "intervention annulée",
}
# As said after "situation :" or in brackets.
_SEVERITY = {
    Severity.MINOR: "sans gravité",
    Severity.MODERATE: "gravité modérée",
    Severity.SEVERE: "grave",
    Severity.EXTREME: "très grave",
}
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)
_NBSP, _NARROW = "\u00a0", "\u202f"

Words = dict[str, str | bool | None]
DoubtWords = dict[str, str | bool | list[str]]


def words_of(facts: Facts) -> Words:
    """The facts as templates see them: French words, hours and dates in the commune's time zone."""
    zone = ZoneInfo(facts.time_zone)
    occurred, told = facts.occurred_at.astimezone(zone), facts.told_at.astimezone(zone)
    clock = f"à {occurred.hour}h{occurred:%M}"
    return {
        "commune": facts.commune,
        "neighbour": facts.next_to,
        "of_neighbour": of(facts.next_to) if facts.next_to else None,
        "holder": " ou ".join(facts.holders) or None,
        "at_holder": " ou ".join(map(at, facts.holders)) or None,
        "category": facts.category_label,
        "place": safe_place(facts.place),
        "reference": facts.reference,
        "reference_mark": "Réf. ",
        "service": facts.service,
        "legal_basis": facts.legal_basis,
        "exercise": facts.exercise,
        "status": str(facts.status),
        "status_words": _STATUS[facts.status],
        "severity": str(facts.severity),
        "severity_words": _SEVERITY[Severity(facts.severity)],
        "time": clock if occurred.date() == told.date() else f"le {occurred:%d/%m} {clock}",
        "date_and_time": written_moment(occurred),
    }


def written_moment(at: datetime) -> str:
    """A moment in full: "le 1er mars 2026 à 3 h 16"."""
    day = "1er" if at.day == 1 else str(at.day)
    return f"le {day} {_MONTHS[at.month - 1]} {at.year} à {at.hour} h {at:%M}"


def words_of_doubt(doubt: Doubt) -> DoubtWords:
    """The doubt as its template sees it."""
    return {
        "reference": doubt.reference,
        "source": doubt.source,
        "category": doubt.category,
        "status_words": _STATUS[doubt.status],
        "severity_words": _SEVERITY[Severity(doubt.severity)] if doubt.severity else "",
        "received": doubt.received,
        "deadline": doubt.deadline,
        "reason": doubt.reason,
        "clues": doubt.clues,
        "candidates": doubt.candidates,
        "command": command(
            doubt.reference, is_named=bool(doubt.candidates), is_shell=doubt.is_shell
        ),
        "certain": doubt.certain,
        "shell": doubt.is_shell,
        "kept": doubt.is_kept,
        "expired": doubt.is_expired,
        "exercise": doubt.exercise,
    }


def command(reference: str, *, is_named: bool, is_shell: bool) -> str:
    """What to type to decide; a commune that no clue names (`is_named` false) asks for a reason.

    Resources without their intervention (`is_shell`) have no commune: they can be dismissed.
    """
    if is_shell:
        return f"notifier review {reference} --dismiss --why RAISON"
    return f"notifier review {reference} --commune CODE" + ("" if is_named else " --why RAISON")


def ever_shorter(words: Words) -> Iterator[Words]:
    """Shorter and shorter facts for an SMS; the reference is never cut."""
    yield words
    words = {**words, "place": None}
    yield words
    words = {**words, "reference_mark": ""}
    yield words
    for most in (40, 25, 12):
        yield {
            **words,
            "category": cut(str(words["category"]), most),
            "commune": cut(str(words["commune"]), most),
            "of_neighbour": words["of_neighbour"] and cut(str(words["of_neighbour"]), most + 3),
            "at_holder": words["at_holder"] and cut(str(words["at_holder"]), most + 3),
            "service": cut(str(words["service"]), most),
        }


def cut(text: str, most: int) -> str:
    """At most that many characters, "..." included, cut between words where there is one."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = max(kept.rfind(" "), kept.rfind("-"))
    return (kept[:ends] if ends > 0 else kept[:-1]) + "..."


def one_line(text: str) -> str:
    """Each run of spaces and line ends becomes one space: templates are written in lines."""
    return " ".join(text.split())


def unbreakable(html: str) -> str:
    """French typography: no line begins with a colon, nor breaks within "3 h 16"."""
    html = re.sub(r" ([;!?])", rf"{_NARROW}\1", html)
    html = re.sub(r" ([:»])", rf"{_NBSP}\1", html).replace("« ", f"«{_NBSP}")
    return re.sub(r"(\d) h (\d)", rf"\1{_NBSP}h{_NBSP}\2", html)


SAMPLE = Facts(
    commune="Delle",
    category_label="accident de la route",
    status="engaged",
    severity=Severity.SEVERE,
    occurred_at=datetime(2026, 11, 22, 2, 16, tzinfo=UTC),
    told_at=datetime(2026, 11, 22, 2, 17, tzinfo=UTC),
    time_zone="Europe/Paris",
    place="rue de Déridé",
    reference="CORG90-2026-004217",
    service="Gendarmerie",
    legal_basis="article L132-3 du code de la sécurité intérieure",
    exercise=False,
)
# The longest that may come: France's longest commune, the longest label and reference.
_LONGEST = replace(
    SAMPLE,
    commune="Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson",
    category_label="x" * 59,
    place="rue " + "x" * 46,
    reference="X" * 60,
    service="x" * 30,
    exercise=True,
)
# Every status and severity, here, next door and at the edge, with and without a place, real and
# exercise: each branch is taken.
SAMPLES = [
    _LONGEST,
    replace(_LONGEST, next_to="Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"),
    replace(_LONGEST, holders=["Beaujeu-Saint-Vallier-Pierrejux-et-Quitteur"]),
    *(
        replace(SAMPLE, status=status, severity=severity, next_to="Joncherey")
        for status, severity in product(_STATUS, Severity)
    ),
    *(
        replace(SAMPLE, status=status, severity=severity, holders=["Joncherey"])
        for status, severity in product(_STATUS, Severity)
    ),
    *(
        replace(SAMPLE, status=status, severity=severity, place=place, exercise=exercise)
        for status, severity, place, exercise in product(
            _STATUS, Severity, ("rue de Déridé", None), (False, True)
        )
    ),
]
SAMPLE_DOUBT = Doubt(
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
    is_shell=False,
    is_kept=False,
    is_expired=False,
    exercise=False,
)
DOUBTS = [
    SAMPLE_DOUBT,
    replace(SAMPLE_DOUBT, clues=[], candidates=[]),
    *(
        replace(SAMPLE_DOUBT, severity="", is_shell=True, is_expired=expired)
        for expired in (False, True)
    ),
    *(
        replace(SAMPLE_DOUBT, is_kept=kept, is_expired=expired, exercise=exercise, certain=certain)
        for kept, expired, exercise in product((False, True), repeat=3)
        for certain in ("", "Belfort (90010)")
    ),
]
