"""The refused rows of a list, as a sheet to be corrected and sent again."""

from __future__ import annotations

from notifier.directory.models import ImportJob, RowVerb
from notifier.directory.sheets import to_xlsx

REASON = "motif du refus"
_LINE = "ligne du fichier"


def refused_rows(job: ImportJob) -> bytes:
    """Return the refused rows under the list's own header, each with its line and its reasons.

    An import passes over the two columns that are added.
    """
    header = [cell for cell, _ in job.columns]
    rows = job.rows.filter(verb=RowVerb.REFUSED).order_by("line", "id")
    return to_xlsx(
        "Lignes à corriger",
        [*header, _LINE, REASON],
        (
            [*_padded(row.cells, len(header)), str(row.line), " ; ".join(row.details)]
            for row in rows.iterator()
        ),
    )


def _padded(cells: list[str], width: int) -> list[str]:
    return (cells + [""] * width)[:width]
