"""Keep who changed territories, when, by which list, and what was different afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from notifier.directory.changes import start_change
from notifier.directory.models import ChangeKind, Organisation
from notifier.directory.zones.store import Changes
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


def record_changes(
    done: Iterable[tuple[Organisation, Changes]], *, author: str, source: str
) -> None:
    """Store one numbered change, and a line of the journal for each organisation; none for nothing.

    In the caller's transaction.
    """
    changed = [(one, changes) for one, changes in done if changes]
    if not changed:
        return
    counts: Counter[str] = Counter()
    for _, changes in changed:
        counts.update({verb: len(names) for verb, names in changes.named.items()})
        counts["unchanged"] += changes.unchanged
    change = start_change(ChangeKind.TERRITORY, author, source, counts=dict(counts))
    write_entries(
        new_entry(
            None,
            Step.DIRECTORY,
            f"Territoire de {one.name} ({one.ref}) modifié par {author}, selon {source}.",
            change=change.pk,
            organisation=str(one.ref),
            zones={verb: names for verb, names in changes.named.items() if names},
        )
        for one, changes in changed
    )
