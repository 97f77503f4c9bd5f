"""Count the alerts that wanted an answer: how soon the first came, from whom, by which means."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Case, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.utils import timezone

from notifier.alerting.answers.effects import COUNTED_KINDS
from notifier.alerting.figures.delay import Delay
from notifier.alerting.models import Alert, Answer, AnswerKind


@dataclass
class AnswerFigures:
    """Of the alerts that wanted an answer; only the first answer of each counts."""

    asked: int = 0
    titles: dict[str, int] = field(default_factory=dict)
    """How many were answered by whom first, by function."""
    means: dict[str, int] = field(default_factory=dict)
    delay: Delay | None = None
    """From when it was told to the first answer."""
    contested: int = 0
    """How many got no other answer than that they are elsewhere."""
    under_way: int = 0
    """How many go on, and may still be answered."""

    @property
    def answered(self) -> int:
        """How many got an answer that counts."""
        return sum(self.titles.values())

    @property
    def unanswered(self) -> int:
        """How many ended without any."""
        return self.asked - self.answered - self.contested - self.under_way


# What became of each, exactly one.
_ANSWERED, _CONTESTED, _UNDER_WAY, _UNANSWERED = "answered", "contested", "under_way", "unanswered"
_COUNTED = """
WITH asked AS ({asked}),
said AS (
 SELECT answer.title, answer.means, {seconds} AS seconds
 FROM asked JOIN {answers} AS answer ON answer.id = asked.first_answer),
ranked AS (
 SELECT seconds, row_number() OVER (ORDER BY seconds) AS place, count(*) OVER () AS timed FROM said)
SELECT 'fate', fate, count(*), CAST(NULL AS double precision) FROM asked GROUP BY fate
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
    contests = Answer.objects.filter(
        alert=OuterRef("pk"),
        opened_revision=OuterRef("opened_revision"),
        kind=AnswerKind.NOT_MINE,
    )
    fate = Case(
        When(first_answer__isnull=False, then=Value(_ANSWERED)),
        When(Exists(contests), then=Value(_CONTESTED)),
        When(is_open=True, expires_at__gt=timezone.now(), then=Value(_UNDER_WAY)),
        default=Value(_UNANSWERED),
    )
    asked: QuerySet[Alert, Any] = (
        alerts.filter(answers_wanted__gt=0)
        .order_by()
        .values("opened_at")
        .annotate(first_answer=Subquery(first.values("pk")[:1]))
        .annotate(fate=fate)
    )
    sql, params = asked.query.sql_with_params()
    statement = _COUNTED.format(
        asked=sql, seconds=_SECONDS[connection.vendor], answers=Answer._meta.db_table
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    counted, shares, timed = AnswerFigures(), dict[str, float](), 0
    fates: Counter[str] = Counter()
    for way, key, count, seconds in rows:
        match way:
            case "fate":
                fates[key] = count
            case "delay":
                shares[key], timed = seconds, count
            case _:
                (counted.titles if way == "title" else counted.means)[key] = count
    counted.asked = fates.total()
    counted.contested, counted.under_way = fates[_CONTESTED], fates[_UNDER_WAY]
    if shares:
        counted.delay = Delay(shares["50"], shares["95"], timed)
    return counted
