"""How communes are reached, as a table for a spreadsheet: counts alone, nobody's name or number."""

from __future__ import annotations

from collections.abc import Iterable

from notifier.directory.commune_coverage import CommuneCoverage

HEADER = (
    "code_commune", "commune", "cette_nuit", "par_sms", "par_courriel", "par_fixe",
    "adresses_en_echec", "mandats_a_confirmer",
)  # fmt: skip


def coverage_table(found: Iterable[CommuneCoverage]) -> list[tuple[str, ...]]:
    """Return a row for each commune, in the order given."""
    return [
        (
            one.commune.code,
            one.commune.name,
            one.reach.label,
            *map(str, (one.by_phone, one.by_mail, one.by_landline, one.failing, one.unconfirmed)),
        )
        for one in found
    ]
