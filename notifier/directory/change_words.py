"""Where a change came from and how much it did, as people read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Count

from notifier.directory.changes import ADDED, CHANGED, RECORDED, REMOVED
from notifier.directory.models import Change
from notifier.moments import written_day

_IN_CONSOLE = "saisie dans la console"
# What is counted of a change.
_COUNTS = {
    "new": "nouveaux",
    "added": "ajoutés",
    "changed": "modifiés",
    "ended": "terminés",
    "removed": "retirés",
    "unchanged": "inchangés",
    "refused": "refusés",
    "undone": "rétablis",
    "kept": "laissés",
}
_VERBS = {ADDED: "ajout", CHANGED: "modification", REMOVED: "suppression"}


def origin_of(change: Change) -> str:
    """Say by what way it came: a file, a command, an election, a form of the console."""
    if change.election_day:
        return written_day(change.election_day)
    if change.undoes_id:
        return f"changement n° {change.undoes_id}"
    return change.source or _IN_CONSOLE


def effects(changes: Sequence[Change]) -> dict[int, str]:
    """Say how much each change did, by number: what it counted, else the rows that it touched.

    As many statements for all.
    """
    uncounted = [change.pk for change in changes if not counted(change)]
    return {change.pk: counted(change) for change in changes} | _of_rows(uncounted)


def counted(change: Change) -> str:
    """Say what a change counted: "modifiés : 3, refusés : 1"."""
    return ", ".join(
        f"{_COUNTS.get(name, name)} : {count}" for name, count in change.counts.items() if count
    )


def _of_rows(numbers: Sequence[int]) -> dict[int, str]:
    """Return "ajout : 1 absence ; modification : 1 mandat", by the number of the change."""
    found: dict[int, dict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    for model in RECORDED if numbers else ():
        rows = model.history.model.objects.filter(change__in=numbers).order_by()
        counts = rows.values_list("change_id", "history_type").annotate(Count("id", distinct=True))
        for number, kind, count in counts:
            meta = model._meta
            noun = meta.verbose_name_plural if count > 1 else meta.verbose_name
            found[number][kind].append((count, str(noun)))
    return {number: _sentence(by_kind) for number, by_kind in found.items()}


def _sentence(by_kind: dict[str, list[tuple[int, str]]]) -> str:
    parts = []
    for kind, verb in _VERBS.items():
        if said := by_kind.get(kind):
            plural = "s" if sum(count for count, _ in said) > 1 else ""
            nouns = ", ".join(f"{count} {noun}" for count, noun in said)
            parts.append(f"{verb}{plural} : {nouns}")
    return " ; ".join(parts)
