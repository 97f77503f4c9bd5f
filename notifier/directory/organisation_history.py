"""What changed in one organisation, newest first: who, before and after, addresses masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from notifier.directory.changes import ADDED, REMOVED
from notifier.directory.history_words import Holders, person_names, value_words
from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallShift,
    Organisation,
    Person,
    Preferences,
    function_title,
)

_HIDDEN = frozenset({"id", "person_id", "organisation_id", "mandate_id", "rotation_id"})
_PREFERENCES = str(Preferences._meta.verbose_name_plural)


@dataclass(frozen=True)
class FieldChange:
    """One field before and after, in French; `before` is empty of what was added."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class RowChange:
    """What became of one row."""

    subject: str
    verb: str
    """"ajouté", "supprimé", "changé", "confirmé"."""
    fields: Sequence[FieldChange] = ()


@dataclass(frozen=True)
class PastChange:
    """One change of the directory, as far as it concerned the organisation."""

    change: Change
    rows: Sequence[RowChange]


def history_of(
    organisation: Organisation,
    mask: Callable[[str], str],
    before: int | None = None,
    limit: int = 20,
) -> list[PastChange]:
    """Return the changes of an organisation's people, the newest first, below the number `before`.

    Addresses are shown as `mask` writes them. A fixed number of statements. Of whoever has left,
    the mandate alone: where they are now is not a matter of the organisation that they left.
    """
    versions = _versions(organisation)
    of_shifts = OnCallShift.history.filter(organisation_id=organisation.pk)
    touching = set(of_shifts.exclude(change=None).values_list("change_id", flat=True).distinct())
    touching |= {number for one in versions for number in one.changes}
    numbers = sorted(touching, reverse=True)
    wanted = [number for number in numbers if before is None or number < before][:limit]
    changes = Change.objects.select_related("undone_by", "undoes").in_bulk(wanted)
    rows: defaultdict[int, list[RowChange]] = defaultdict(list)
    for one in versions:
        for number, row_change in one.told(set(wanted), mask):
            rows[number].append(row_change)
    shifts = _shift_counts(organisation, wanted)
    return [
        PastChange(changes[number], [*rows[number], *shifts.get(number, ())]) for number in wanted
    ]


@dataclass(frozen=True)
class _Versions:
    """One row through time."""

    model: Any
    subject: str
    rows: Sequence[Any]
    organisation: Organisation
    holders: Holders

    @property
    def changes(self) -> Iterator[int]:
        return (row.change_id for row in self.rows if row.change_id is not None)

    def told(self, wanted: set[int], mask: Callable[[str], str]) -> Iterator[tuple[int, RowChange]]:
        """Yield what each of the wanted changes did to it."""
        for earlier, row in zip((None, *self.rows), self.rows, strict=False):
            if row.change_id in wanted:
                yield row.change_id, _row_change(self, earlier, row, mask)


def _row_change(
    versions: _Versions, earlier: Any, row: Any, mask: Callable[[str], str]
) -> RowChange:
    def fields(before: Any, after: Any) -> list[FieldChange]:
        return list(_fields(versions, before, after, mask))

    if row.history_type == REMOVED:
        return RowChange(versions.subject, "supprimé", fields(row, None))
    if row.history_type == ADDED or earlier is None:
        return RowChange(versions.subject, "ajouté", fields(None, row))
    changed = fields(earlier, row)
    return RowChange(versions.subject, "changé" if changed else "confirmé", changed)


def _fields(
    versions: _Versions, before: Any, after: Any, mask: Callable[[str], str]
) -> Iterator[FieldChange]:
    for field in versions.model.history.model.tracked_fields:
        if field.attname in _HIDDEN:
            continue
        old, new = (getattr(row, field.attname) if row else None for row in (before, after))
        if old == new or not (old or new or (before and after)):
            continue
        is_address = versions.model is Address and field.attname == "value"
        zone = versions.organisation.zone_info
        old, new = (
            ""
            if row is None
            else mask(str(value))
            if is_address
            else value_words(field, value, zone, versions.holders)
            for row, value in ((before, old), (after, new))
        )
        yield FieldChange(str(field.verbose_name), old, new)


def _versions(organisation: Organisation) -> list[_Versions]:
    mandates = _by_id(Mandate.history.filter(organisation_id=organisation.pk))
    last = {pk: rows[-1] for pk, rows in mandates.items()}
    today = timezone.localdate()
    present = {
        row.person_id
        for row in last.values()
        if row.history_type != REMOVED and (row.ends_on is None or row.ends_on >= today)
    }
    names = person_names({row.person_id for row in last.values()}, last.values())
    people = _by_id(Person.history.filter(id__in=present))
    addresses = _by_id(Address.history.filter(person_id__in=present))
    chosen = _by_id(Preferences.history.filter(person_id__in=present))
    absences = _by_id(Absence.history.filter(mandate_id__in=last))
    holders = {pk: names[row.person_id] for pk, row in last.items()}
    found = [
        *((Mandate, _post(holders[pk], last[pk]), rows) for pk, rows in mandates.items()),
        *((Person, names[pk], rows) for pk, rows in people.items()),
        *((Address, f"{names[rows[-1].person_id]}, adresse", rows) for rows in addresses.values()),
        *(
            (Preferences, f"{names[rows[-1].person_id]}, {_PREFERENCES}", rows)
            for rows in chosen.values()
        ),
        *(
            (Absence, f"{holders[rows[-1].mandate_id]}, absence", rows)
            for rows in absences.values()
        ),
    ]
    return [
        _Versions(model, subject, rows, organisation, holders) for model, subject, rows in found
    ]


def _post(name: str, row: Any) -> str:
    title = function_title(row.function, row.rank)
    return name if name.lower() == title.lower() else f"{name}, {title}"


def _by_id(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.history_id):
        found[row.id].append(row)
    return dict(found)


def _shift_counts(organisation: Organisation, numbers: Sequence[int]) -> dict[int, list[RowChange]]:
    """Say how many shifts on call each change touched: a rotation writes a year of them."""
    counts: defaultdict[int, int] = defaultdict(int)
    rows = OnCallShift.history.filter(organisation_id=organisation.pk, change_id__in=numbers)
    for number in rows.values_list("change_id", flat=True):
        counts[number] += 1
    return {
        number: [RowChange("Astreinte", f"{count} tours" if count > 1 else "1 tour")]
        for number, count in counts.items()
    }
