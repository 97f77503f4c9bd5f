"""The table at the end: for each fault what was lost, what was doubled, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.judgement import Verdict

HEADINGS = (
    *("fault", "database", "events", "told", "lost", "doubled", "unexplained"),
    *("mails again", "given way", "crossed", "longest"),
)


@dataclass(frozen=True)
class Row:
    """One fault on one database: its verdict, or why there is none."""

    fault: str
    database: str
    verdict: Verdict | None
    why_not: str = ""


def table(rows: Sequence[Row]) -> str:
    """The whole table, with its totals and what the rarer columns mean."""
    lines = [HEADINGS, *(_cells(row) for row in rows), _totals(rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    drawn = [_draw(line, widths) for line in lines]
    rule = "  ".join("─" * width for width in widths)
    not_run = [
        f"not run: {row.fault}, {row.database}: {row.why_not}" for row in rows if row.why_not
    ]
    return "\n".join(
        [
            drawn[0],
            rule,
            *drawn[1:-1],
            rule,
            drawn[-1],
            "",
            *not_run,
            MAILS_AGAIN,
            GIVEN_WAY,
            CROSSED,
        ]
    )


MAILS_AGAIN = (
    "mails again: the recipient sees the mail twice, under one Message-ID (most readers show "
    "one). SMTP cannot tell whether a mail whose line broke was kept; the journal says that it "
    "was sent again."
)
GIVEN_WAY = "given way: texts that a newer one of the same story replaced before they could leave."
CROSSED = "crossed: texts that came after a newer one of the same story."


def _cells(row: Row) -> tuple[str, ...]:
    verdict = row.verdict
    if verdict is None:
        return (row.fault, row.database, *["–"] * (len(HEADINGS) - 2))
    return (row.fault, row.database, *_numbers([verdict]))


def _totals(rows: Sequence[Row]) -> tuple[str, ...]:
    return ("all", "", *_numbers([row.verdict for row in rows if row.verdict]))


def _numbers(verdicts: Sequence[Verdict]) -> list[str]:
    counts = [
        sum(v.events for v in verdicts),
        sum(v.told for v in verdicts),
        sum(len(v.lost) for v in verdicts),
        sum(len(v.doubled) for v in verdicts),
        sum(len(v.unexplained) for v in verdicts),
        sum(v.mails_again for v in verdicts),
        sum(v.given_way for v in verdicts),
        sum(v.crossed for v in verdicts),
    ]
    longest = max((v.longest_s for v in verdicts), default=0.0)
    return [*map(str, counts), f"{longest:.1f} s"]


def _draw(line: Sequence[str], widths: Sequence[int]) -> str:
    names = [cell.ljust(width) for cell, width in zip(line[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
    return "  ".join([*names, *numbers]).rstrip()
