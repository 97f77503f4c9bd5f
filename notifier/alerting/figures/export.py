"""The published figures as the rows of a file: every table under its name."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.alerting.figures.masking import Shown
from notifier.alerting.figures.published import Line, Published, PublishedAnswers
from notifier.directory.sheets import Cell

HEADER = (
    "rubrique", "intitule", "code", "alertes", "recues", "sans_accuse", "non_recues",
    "mediane_s", "95_pour_cent_s",
)  # fmt: skip


def figures_table(figures: Published) -> list[tuple[Cell, ...]]:
    """Return the rows, hidden counts in words."""
    return list(_rows(figures))


def _rows(figures: Published) -> Iterator[tuple[Cell, ...]]:
    delay = figures.delay
    spread = (_seconds(delay.median), _seconds(delay.p95)) if delay else (None, None)
    total = _cell(figures.alerts) if figures.alerts else "non indiqué"
    yield ("ensemble", "alertes", "", total, None, None, None, *spread)
    yield ("ensemble", "interventions", "", _cell(figures.incidents))
    yield ("ensemble", "alertes annulées", "", _cell(figures.cancelled))
    yield from _answers(figures.answers)
    for outcome, count in figures.outcomes:
        yield ("issue", outcome.label, "", _cell(count))
    for name, lines in (
        ("mois", figures.months),
        ("famille", figures.families),
        ("commune", figures.communes),
        ("organisme", figures.organisations),
        ("convention", figures.conventions),
    ):
        for line in lines:
            yield (name, *_line(line))
    for why, count in figures.withheld:
        yield ("non communiqué", why, "", _cell(count))


def _answers(answers: PublishedAnswers | None) -> Iterator[tuple[Cell, ...]]:
    if answers is None:
        return
    asked = _cell(answers.asked) if answers.asked else "non indiqué"
    delay = answers.delay
    spread = (_seconds(delay.median), _seconds(delay.p95)) if delay else (None, None)
    what = "alertes qui demandaient une réponse, délai de la première"
    yield ("réponse", what, "", asked, None, None, None, *spread)
    if answers.answered:
        yield ("réponse", "répondues", "", _cell(answers.answered))
    yield (
        "réponse",
        "« pas ma commune » ou « pas chez nous », sans autre réponse",
        "",
        _cell(answers.contested),
    )
    yield ("réponse", "en cours, sans réponse encore", "", _cell(answers.under_way))
    yield ("réponse", "terminées sans réponse", "", _cell(answers.unanswered))
    for title, count in answers.titles:
        yield ("répondu par", title, "", _cell(count))
    for means, count in answers.means:
        yield ("moyen de réponse", means, "", _cell(count))


def _line(line: Line) -> tuple[Cell, ...]:
    delay = line.delay
    return (
        line.label,
        line.ref.code if line.ref else "",
        _cell(line.alerts),
        _cell(line.reached),
        _cell(line.without_receipt),
        _cell(line.not_reached),
        _seconds(delay.median) if delay else None,
        _seconds(delay.p95) if delay else None,
    )


def _cell(count: Shown | None) -> Cell:
    if count is None:
        return None
    return str(count) if count.value is None else count.value


def _seconds(seconds: float) -> float:
    return round(seconds, 1)
