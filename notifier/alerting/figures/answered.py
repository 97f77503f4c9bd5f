"""Count the alerts that wanted an answer: how soon the first came, from whom, by which means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from notifier.alerting.answers.effects import COUNTED_KINDS
from notifier.alerting.figures.delay import Delay
from notifier.alerting.models import Alert, Answer


@dataclass
class AnswerFigures:
    """Of the alerts that wanted an answer; only the first answer of each counts."""

    asked: int = 0
    titles: dict[str, int] = field(default_factory=dict)
    """How many were answered by whom first, by function."""
    means: dict[str, int] = field(default_factory=dict)
    delay: Delay | None = None
    """From when it was told to the first answer."""

    @property
    def answered(self) -> int:
        """How many got an answer that counts."""
        return sum(self.titles.values())

    @property
    def unanswered(self) -> int:
        """How many got none."""
        return self.asked - self.answered


_COUNTED = """
WITH asked AS ({asked}),
said AS (
 SELECT answer.title, answer.means, {seconds} AS seconds
 FROM asked JOIN {answers} AS answer ON answer.id = asked.first_answer),
ranked AS (
 SELECT seconds, row_number() OVER (ORDER BY seconds) AS place, count(*) OVER () AS timed FROM said)
SELECT 'asked', '', count(*), CAST(NULL AS double precision) FROM asked
UNION ALL SELECT 'title', title, count(*), NULL FROM said GROUP BY title
UNION ALL SELECT 'means', means, count(*), NULL FROM said GROUP BY means
UNION ALL SELECT 'delay', CAST(share AS varchar(2)), timed, seconds
 FROM ranked, (SELECT 50 AS share UNION ALL SELECT 95) AS shares
 WHERE place = (timed * share + 99) / 100
"""
_SECONDS = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM answer.at - asked.opened_at) AS double precision)",
    "sqlite": "(julianday(answer.at) - julianday(asked.opened_at)) * 86400.0",
}


def answer_figures(alerts: QuerySet[Alert]) -> AnswerFigures:
    """Count those of these alerts that wanted an answer when they were told last. One statement."""
    first = Answer.objects.filter(
        alert=OuterRef("pk"), opened_revision=OuterRef("opened_revision"), kind__in=COUNTED_KINDS
    ).order_by("id")
    asked: QuerySet[Alert, Any] = (
        alerts.filter(answers_wanted__gt=0)
        .order_by()
        .values("opened_at")
        .annotate(first_answer=Subquery(first.values("pk")[:1]))
    )
    sql, params = asked.query.sql_with_params()
    statement = _COUNTED.format(
        asked=sql, seconds=_SECONDS[connection.vendor], answers=Answer._meta.db_table
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    counted, shares, timed = AnswerFigures(), dict[str, float](), 0
    for way, key, count, seconds in rows:
        match way:
            case "asked":
                counted.asked = count
            case "delay":
                shares[key], timed = seconds, count
            case _:
                (counted.titles if way == "title" else counted.means)[key] = count
    if shares:
        counted.delay = Delay(shares["50"], shares["95"], timed)
    return counted
