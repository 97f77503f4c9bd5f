"""Keep who changed organisations and territories, when, and what was different afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from notifier.directory.changes import start_change
from notifier.directory.models import ChangeKind, Organisation
from notifier.directory.zones.store import Changes
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


def record_organisation(
    one: Organisation, changed: Mapping[str, tuple[str, str]], *, author: str, is_new: bool
) -> None:
    """Store one numbered change by hand of an organisation, and its line of the journal.

    `changed`: before and after, by field. In the caller's transaction; none for nothing.
    """
    if not is_new and not changed:
        return
    counts = {"added" if is_new else "changed": 1}
    change = start_change(ChangeKind.HAND, author, str(one.ref), counts=counts)
    change.organisations.add(one)
    what = "inscrit" if is_new else "modifié"
    named = one._meta.get_field
    said = " ; ".join(
        f"{named(name).verbose_name} {_quoted(old)} → {_quoted(new)}"  # type: ignore[union-attr] # columns
        for name, (old, new) in changed.items()
    )
    text = f"Organisme {one.name} ({one.ref}) {what} par {author}{f' : {said}' if said else ''}."
    write_entries(
        [
            new_entry(
                None,
                Step.DIRECTORY,
                text,
                change=change.pk,
                organisation=str(one.ref),
                changed={name: list(pair) for name, pair in changed.items()},
            )
        ]
    )


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
    change.organisations.add(*(one for one, _ in changed))
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


def _quoted(value: str) -> str:
    return f"« {value} »" if value else "(vide)"
