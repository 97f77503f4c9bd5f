"""What the rows of an uploaded list would do, as its author is shown them and as they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from notifier.directory.imports.importer import ImportSummary
from notifier.directory.imports.outcome import Outcome, Verb
from notifier.directory.models import ImportJob, ImportRow, RowVerb

_COMMAND = re.compile(r",? ou (?:à la commande|créez-le par) « [^»]* »")


def left_out_lines(job: ImportJob) -> set[int]:
    """Return the lines that are left aside."""
    rows = ImportRow.objects.filter(job=job, is_left_out=True)
    return set(rows.values_list("line", flat=True))


def taken_lines(job: ImportJob) -> set[int]:
    """Return the lines that its author was shown and has taken."""
    rows = ImportRow.objects.filter(job=job, is_left_out=False)
    return set(rows.values_list("line", flat=True))


def doubtful_lines(summary: ImportSummary) -> set[int]:
    """Return the lines that a person should look at first."""
    return {outcome.line for outcome in summary.outcomes if outcome.is_doubtful}


def mark_left_out(rows: list[ImportRow], lines: set[int]) -> None:
    """Leave those of the rows aside that are on these lines."""
    for row in rows:
        row.is_left_out = row.line in lines


def shown(job: ImportJob) -> set[tuple[object, ...]]:
    """Return what each row was shown to do."""
    rows = ImportRow.objects.filter(job=job).values_list("line", "verb", "post", "details")
    return {(line, verb, post, *details) for line, verb, post, details in rows}


def effects(summary: ImportSummary) -> Iterator[tuple[object, ...]]:
    """Yield what each row does, as `shown` does what was shown of it."""
    for outcome in filter(_is_kept, summary.outcomes):
        yield outcome.line, _verb(outcome).value, outcome.post, *outcome.details
    for fault in summary.faults:
        reasons = map(without_commands, fault.reasons)
        yield fault.line, RowVerb.REFUSED.value, "", *reasons


def _is_kept(outcome: Outcome) -> bool:
    return outcome.verb is not Verb.UNCHANGED or bool(outcome.warnings)


def _verb(outcome: Outcome) -> RowVerb:
    return RowVerb[outcome.verb.name]


def rows_of(job: ImportJob, summary: ImportSummary, left_out: set[int]) -> Iterator[ImportRow]:
    """Yield the rows that do something or have a warning, and are not left aside."""
    for outcome in summary.outcomes:
        if _is_kept(outcome) and outcome.line not in left_out:
            yield ImportRow(
                job=job,
                line=outcome.line,
                verb=_verb(outcome),
                post=outcome.post,
                details=list(outcome.details),
                warnings=list(outcome.warnings),
                is_warned=bool(outcome.warnings),
            )


def refused_rows(
    job: ImportJob, summary: ImportSummary, cells: dict[int, list[str]]
) -> Iterator[ImportRow]:
    """Yield those that were refused, with their cells to be corrected."""
    for fault in summary.faults:
        if fault.line is not None:
            yield ImportRow(
                job=job,
                line=fault.line,
                verb=RowVerb.REFUSED,
                details=[without_commands(reason) for reason in fault.reasons],
                cells=cells.get(fault.line, []),
            )


def without_commands(reason: str) -> str:
    """Leave out what a reason says of commands: here is no terminal."""
    return _COMMAND.sub("", reason)


def counts_of(summary: ImportSummary) -> dict[str, int]:
    """Count what the rows do, by the verb."""
    return {
        RowVerb.NEW: summary.added,
        RowVerb.CHANGED: summary.changed,
        RowVerb.ENDED: summary.ended,
        RowVerb.UNCHANGED: summary.unchanged,
        RowVerb.REFUSED: len(summary.faults),
        "warned": sum(bool(outcome.warnings) for outcome in summary.outcomes),
    }
