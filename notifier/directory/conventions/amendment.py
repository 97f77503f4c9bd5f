"""Put a convention into force as a file says it, or amend the one that there is.

A rule that an amendment changes ends at the moment of the amendment, and another begins; the past
is never rewritten. What a commune keeps for itself is not the file's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from notifier.directory.conventions.file import ConventionFile, Rule
from notifier.directory.conventions.store import (
    ConventionError,
    end_rule,
    midnight,
    midnight_after,
    note,
    still_open,
)
from notifier.directory.conventions.warnings import warnings_of
from notifier.directory.models import Convention, ConventionRule, Organisation, OrganisationRef
from notifier.directory.organisations import organisations


@dataclass(frozen=True)
class Amendment:
    """What an import did to a convention, or would do."""

    convention: Convention
    is_new: bool
    changed: Mapping[str, tuple[object, object]]
    """What is said of the convention itself: before and after, by the file's key."""
    started: tuple[ConventionRule, ...]
    ended: tuple[ConventionRule, ...]
    kept: tuple[ConventionRule, ...]
    warnings: tuple[str, ...]
    """What keeps its rules from telling anybody, in French."""

    def __bool__(self) -> bool:
        return bool(self.is_new or self.changed or self.started or self.ended)


def import_convention(file: ConventionFile, by: str, *, dry_run: bool = False) -> Amendment:
    """Store what the file says: all of it, or nothing. Sends nothing to anybody.

    A new rule is in force from now on, or from the first day of the convention; `by` is for the
    journal. Raises ConventionError for a convention that is over already.
    """
    try:
        with transaction.atomic():
            amendment = _amend(file)
            if amendment and not dry_run:
                note(_said_of(amendment), amendment.convention, by, _as_json(amendment))
            if dry_run:
                transaction.set_rollback(True)
    except IntegrityError:
        raise ConventionError(
            f"la convention {file.reference} vient d’être enregistrée par quelqu’un d’autre : "
            "relancer la commande"
        ) from None
    return amendment


def _amend(file: ConventionFile) -> Amendment:
    rows = organisations(_named(file))
    convention = Convention.objects.select_for_update().filter(reference=file.reference).first()
    # After the lock: two imports follow each other in the rules' times as well.
    now = timezone.now()
    is_new = convention is None
    convention = convention or Convention(reference=file.reference)
    changed = _set_fields(convention, file)
    if is_new or changed:
        convention.save()
    changed |= _set_parties(convention, [rows[ref] for ref in file.parties])
    current = list(convention.rules.filter(still_open(now)).select_related("territory_of"))
    remaining = {rule.pk: rule for rule in current}
    started, kept = [], []
    for written in file.rules:
        wanted = _to_row(written, convention, file, rows, now)
        if wanted.ends_at is not None and wanted.ends_at <= now:
            raise ConventionError(
                f"la convention {file.reference} a pris fin le {file.ends_on:%d/%m/%Y} : corriger "
                "« until », ou écrire « tacit_renewal_months » si elle se reconduit"
            )
        same = next((one for one in remaining.values() if _is_same(one, wanted, now)), None)
        if same is None:
            started.append(wanted)
        else:
            kept.append(remaining.pop(same.pk))
            _move_end(same, wanted.ends_at)
    for rule in remaining.values():
        end_rule(rule.pk, now)
    ConventionRule.objects.bulk_create(started)
    return Amendment(
        convention,
        is_new,
        {} if is_new else changed,
        tuple(started),
        tuple(remaining.values()),
        tuple(kept),
        tuple(warnings_of([*started, *kept], now)),
    )


def _named(file: ConventionFile) -> set[OrganisationRef]:
    told = {one for rule in file.rules for one in (rule.organisation, rule.territory_of)}
    return told | set(file.parties) | {owner.organisation for owner in file.owners}


def _set_fields(convention: Convention, file: ConventionFile) -> dict[str, tuple[object, object]]:
    values: dict[str, Any] = {
        "kind": file.kind.value,
        "title": file.title,
        "source": file.source or "",
        "starts_on": file.starts_on,
        "ends_on": file.ends_on,
        "tacit_renewal_months": file.tacit_renewal_months,
        "notice_days": file.notice_days,
        "owners": [
            {"organisation": str(owner.organisation), "functions": list(owner.functions or ())}
            for owner in file.owners
        ],
    }
    changed = {}
    for name, value in values.items():
        if (before := getattr(convention, name)) != value:
            key = ConventionFile.model_fields.get(name)
            changed[(key.alias if key else None) or name] = (before, value)
            setattr(convention, name, value)
    return changed


def _set_parties(
    convention: Convention, parties: Iterable[Organisation]
) -> dict[str, tuple[object, object]]:
    before, after = set(convention.parties.all()), set(parties)
    if before == after:
        return {}
    convention.parties.set(after)
    return {"parties": (_listed(before), _listed(after))}


def _listed(parties: Iterable[Organisation]) -> str:
    return ", ".join(sorted(str(party.ref) for party in parties))


def _to_row(
    rule: Rule,
    convention: Convention,
    file: ConventionFile,
    rows: Mapping[OrganisationRef, Organisation],
    now: datetime,
) -> ConventionRule:
    territory = rows[rule.territory_of]
    has_end = file.ends_on is not None and file.tacit_renewal_months is None
    return ConventionRule(
        convention=convention,
        organisation=rows[rule.organisation],
        functions=list(rule.functions or ()),
        categories=sorted(rule.categories),
        from_severity=rule.from_severity or "",
        territory_of=territory,
        sites=sorted(rule.sites or ()),
        lane=rule.lane or "",
        detail=rule.detail.value,
        needs_release=rule.needs_release,
        starts_at=max(now, midnight(file.starts_on, territory)),
        ends_at=midnight_after(file.ends_on, territory) if has_end and file.ends_on else None,
    )


_TERMS = (
    *("organisation_id", "functions", "categories", "from_severity", "territory_of_id", "sites"),
    *("lane", "detail", "needs_release"),
)


def _is_same(stored: ConventionRule, wanted: ConventionRule, now: datetime) -> bool:
    """Return whether a stored rule says the same, and is in force when it should be."""
    if any(getattr(stored, term) != getattr(wanted, term) for term in _TERMS):
        return False
    return stored.starts_at == wanted.starts_at or max(stored.starts_at, wanted.starts_at) <= now


def _move_end(rule: ConventionRule, ends_at: datetime | None) -> None:
    if rule.ends_at != ends_at:
        ConventionRule.objects.filter(pk=rule.pk).update(ends_at=ends_at)
        rule.ends_at = ends_at


def _said_of(amendment: Amendment) -> str:
    reference = amendment.convention.reference
    what = "Convention enregistrée" if amendment.is_new else "Convention modifiée"
    return (
        f"{what} : {reference}, {len(amendment.started)} règles nouvelles, "
        f"{len(amendment.ended)} closes, {len(amendment.kept)} inchangées"
    )


def _as_json(amendment: Amendment) -> dict[str, Any]:
    return {
        "changed": {
            key: [str(before), str(after)] for key, (before, after) in amendment.changed.items()
        },
        "started": [rule.pk for rule in amendment.started],
        "ended": [rule.pk for rule in amendment.ended],
    }
