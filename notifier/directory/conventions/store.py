"""Put conventions into force, amend, narrow and end them, without ever rewriting the past.

A rule that an amendment changes ends at the moment of the amendment, and another begins: who was
told under which agreement can be answered for any past moment. Every change is in the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from notifier.directory.conventions.file import ConventionFile, Rule
from notifier.directory.conventions.warnings import warnings_of
from notifier.directory.models import (
    Convention,
    ConventionNarrowing,
    ConventionRule,
    Organisation,
    OrganisationRef,
)
from notifier.directory.organisations import organisations
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


class ConventionError(Exception):
    """What is asked of a convention cannot be done; the message, in French, says why."""


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
                _note(_said_of(amendment), amendment.convention, by, _as_json(amendment))
            if dry_run:
                transaction.set_rollback(True)
    except IntegrityError:
        raise ConventionError(
            f"la convention {file.reference} vient d’être enregistrée par quelqu’un d’autre : "
            "relancer la commande"
        ) from None
    return amendment


def end_convention(reference: str, by: str, on: date | None = None) -> Convention:
    """End a convention after the day `on`, or now. Raises ConventionError."""
    with transaction.atomic():
        convention = _locked(reference)
        now = timezone.now()
        rules = list(convention.rules.filter(_open(now)).select_related("territory_of"))
        if not rules:
            raise ConventionError(f"la convention {reference} a déjà pris fin")
        for rule in rules:
            ends_at = now if on is None else _midnight_after(on, rule.territory_of)
            if ends_at < now:
                raise ConventionError(
                    f"le {on:%d/%m/%Y} est passé : donner aujourd’hui ou un jour à venir, ce qui a "
                    "été annoncé jusqu’ici l’a été au titre de la convention"
                )
            _end(rule.pk, ends_at)
        last_day = on or timezone.localdate()
        convention.ends_on = max(last_day, convention.starts_on)
        convention.tacit_renewal_months = None
        convention.save(update_fields=["ends_on", "tacit_renewal_months"])
        when = f"le {on:%d/%m/%Y}, inclus" if on else "aussitôt"
        data = {"rules": [rule.pk for rule in rules], "ends_on": str(convention.ends_on)}
        _note(f"Fin de la convention {reference} {when}", convention, by, data)
    return convention


def narrow(reference: str, commune: str, categories: Collection[str], by: str) -> None:
    """Keep back categories of a commune from the organisations of a convention; none: all.

    From now on. `categories` are codes, or what they begin with, that the caller knows to exist.
    Raises ConventionError.
    """
    with transaction.atomic():
        convention = _locked(reference)
        ConventionNarrowing.objects.create(
            convention=convention,
            commune=commune,
            categories=sorted(categories),
            starts_at=timezone.now(),
        )
        what = ", ".join(sorted(categories)) or "tout"
        data = {"commune": commune, "kept_back": sorted(categories)}
        _note(f"{commune} garde pour elle : {what}", convention, by, data)


def lift_narrowing(reference: str, commune: str, by: str) -> int:
    """End all narrowings of a commune, and return how many they were. Raises ConventionError."""
    with transaction.atomic():
        convention = _locked(reference)
        now = timezone.now()
        ended = convention.narrowings.filter(_open(now), commune=commune).update(ends_at=now)
        if ended:
            _note(f"{commune} ne garde plus rien pour elle", convention, by, {"commune": commune})
    return ended


# --- amending


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
    if _set_parties(convention, [rows[ref] for ref in file.parties]) and not is_new:
        changed["parties"] = ("", ", ".join(map(str, file.parties)))
    current = list(convention.rules.filter(_open(now)).select_related("territory_of"))
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
        _end(rule.pk, now)
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


def _set_parties(convention: Convention, parties: Iterable[Organisation]) -> bool:
    wanted = {party.pk for party in parties}
    is_changed = set(convention.parties.values_list("pk", flat=True)) != wanted
    if is_changed:
        convention.parties.set(wanted)
    return is_changed


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
        starts_at=max(now, _midnight(file.starts_on, territory)),
        ends_at=_midnight_after(file.ends_on, territory) if has_end and file.ends_on else None,
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


def _end(pk: int, ends_at: datetime) -> None:
    """End a rule; one that has not begun never will."""
    still_open = ConventionRule.objects.filter(_open(ends_at), pk=pk)
    still_open.update(ends_at=Greatest(F("starts_at"), ends_at))


def _open(at: datetime) -> Q:
    return Q(ends_at=None) | Q(ends_at__gt=at)


def _midnight(day: date, organisation: Organisation) -> datetime:
    return datetime.combine(day, time.min, organisation.zone_info)


def _midnight_after(day: date, organisation: Organisation) -> datetime:
    return _midnight(day + timedelta(days=1), organisation)


def _locked(reference: str) -> Convention:
    try:
        return Convention.objects.select_for_update().get(reference=reference)
    except Convention.DoesNotExist:
        known = ", ".join(Convention.objects.values_list("reference", flat=True)) or "aucune"
        raise ConventionError(f"aucune convention « {reference} » (connues : {known})") from None


# --- the journal


def _note(text: str, convention: Convention, by: str, data: dict[str, Any]) -> None:
    data = {"convention": convention.reference, "by": by, **data}
    write_entries([new_entry(None, Step.AGREEMENT, f"{text} (par {by}).", **data)])


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
