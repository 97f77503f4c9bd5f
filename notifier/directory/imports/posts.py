"""Settle what several rows of one list say of the same post, or of the order of deputies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from notifier.directory.imports.entries import Entry, OrganisationKey, Post, Reading
from notifier.directory.imports.phrases import format_lines, organisation_label
from notifier.directory.imports.table import Fault
from notifier.directory.models import Function, Origin, function_title
from notifier.directory.names import is_same_person

# Held by one person at a time, whatever the rank.
SINGLE = frozenset({Function.MAYOR, Function.PRESIDENT})


class PostsOfContacts:
    """The posts of a list that has one row for each: a second row for one is a mistake."""

    def __init__(self) -> None:
        self._lines: dict[Post, int] = {}

    def doubled(self, post: Post | None, line: int) -> tuple[str, ...]:
        """Return why the row is one too many, in French; nothing if it is the first."""
        if post is None or self._lines.setdefault(post, line) == line:
            return ()
        (kind, code), function, rank = post
        repeated = f"répète la ligne {self._lines[post]} ({kind} {code}, {function}, rang {rank})"
        return (f"{repeated} : donnez un autre rang ou supprimez l’une des deux",)


def settle_public_list(reading: Reading) -> None:
    """Leave one holder of each single post, and a rank to everybody, in a list of the State's.

    Where a commune of today has rows of its own, those of the communes that it took the place of
    are out of date.
    """
    by_organisation: dict[OrganisationKey, list[Entry]] = defaultdict(list)
    for entry in reading.entries:
        by_organisation[entry.organisation].append(entry)
    reading.entries = [
        entry
        for entries in by_organisation.values()
        for entry in _settle(_without_former(entries, reading), reading)
    ]
    reading.entries.sort(key=lambda entry: entry.line)


def _without_former(entries: list[Entry], reading: Reading) -> list[Entry]:
    of_today = [entry for entry in entries if not entry.former_code]
    if not of_today:
        return entries
    for entry in entries:
        if entry.former_code:
            where = organisation_label(entry.organisation)
            reason = f"{entry.former_code} n’est plus une commune, et le fichier a aussi {where}"
            reading.faults.append(Fault(entry.line, (reason,)))
    return of_today


def _settle(entries: list[Entry], reading: Reading) -> Iterable[Entry]:
    by_function: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_function[entry.function].append(entry)
    for function, group in by_function.items():
        people = _without_doubles(group, reading)
        if reading.origin == Origin.ANNUAIRE or function not in SINGLE:
            yield from _ranked(people)
        elif len(people) == 1:
            yield people[0]
        else:
            lines = format_lines(entry.line for entry in people)
            where = organisation_label(people[0].organisation)
            title = function_title(function, 1)
            reason = f"plusieurs personnes pour {where}, {title} ({lines}) : gardez la bonne"
            reading.faults += [Fault(entry.line, (reason,)) for entry in people]


def _without_doubles(entries: Sequence[Entry], reading: Reading) -> list[Entry]:
    """Return each person once: the first row of each."""
    kept: list[Entry] = []
    for entry in entries:
        if any(o.rank == entry.rank and is_same_person(entry.name, o.name) for o in kept):
            reading.skipped["répète une autre ligne"] += 1
        else:
            kept.append(entry)
    return kept


def _ranked(entries: list[Entry]) -> list[Entry]:
    """Give those without a rank the next one, and warn of a rank that two people have."""
    last = max((entry.rank for entry in entries), default=0)
    by_rank: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_rank[entry.rank or last + 1].append(entry)
    ranked: list[Entry] = []
    for rank, group in by_rank.items():
        warnings = _shared_rank(group, rank)
        ranked += [
            replace(
                entry,
                rank=rank,
                is_rank_shared=len(group) > 1,
                warnings=(*entry.warnings, *warnings),
            )
            for entry in group
        ]
    return ranked


def _shared_rank(group: list[Entry], rank: int) -> tuple[str, ...]:
    if len(group) == 1:
        return () if group[0].rank else (f"sans numéro d’ordre : rang {rank}, après les autres",)
    title = function_title(group[0].function, rank)
    lines = format_lines(entry.line for entry in group)
    return (f"{len(group)} personnes ont le rang de {title} ({lines}) : départagez-les",)
