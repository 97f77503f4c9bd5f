"""Notes on a list that its author should read, as French sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from notifier.directory.availability import makes_calls, ringing_kinds
from notifier.directory.imports.entries import OrganisationKey, Reading
from notifier.directory.imports.outcome import Comparison
from notifier.directory.imports.phrases import format_first, format_lines, organisation_label
from notifier.directory.imports.shared_values import shared_value_notes
from notifier.directory.models import AddressKind, OrganisationKind, Origin
from notifier.directory.periods import is_within
from notifier.territory.phones import is_unlikely_abroad


def notes_on(reading: Reading, found: Comparison, now: datetime) -> Iterator[str]:
    """Yield what is worth knowing of a list and of what it changes; `now` is aware."""
    yield from reading.notes
    if repaired := [entry.line for entry in reading.entries if entry.is_repaired]:
        yield f"zéro initial du code de commune rétabli : {format_lines(repaired)}"
    if reading.skipped:
        counts = [f"{reason} : {count}" for reason, count in reading.skipped.most_common()]
        yield f"lignes qui ne concernent personne à prévenir : {format_first(counts)}"
    if found.not_yet:
        yield (
            "hors de leur période d’activité, pas prévenus aujourd’hui : "
            f"{format_lines(found.not_yet)}"
        )
    yield from shared_value_notes(reading)
    yield from _foreign_numbers(reading)
    yield from _landline_only(reading)
    yield from _not_named(reading, found)
    yield from _nobody_to_ring(reading, found, now)


def _foreign_numbers(reading: Reading) -> Iterator[str]:
    """Note numbers of countries where no one serving a commune lives: a slip, or a costly text."""
    foreign = [
        f"{value} (ligne {entry.line})"
        for entry in reading.entries
        if entry.organisation[0] == OrganisationKind.COMMUNE
        for kind, value in entry.addresses
        if kind == AddressKind.MOBILE and is_unlikely_abroad(value, entry.organisation[1])
    ]
    if foreign:
        yield f"mobile d’un pays ou territoire éloigné, à vérifier : {format_first(foreign)}"


def _landline_only(reading: Reading) -> Iterator[str]:
    """Note rows by which nobody can be sent a text."""
    lines = [
        entry.line
        for entry in reading.entries
        if {kind for kind, _ in entry.addresses} == {AddressKind.LANDLINE}
    ]
    if lines:
        how = "appelée pour l’urgent seul" if makes_calls() else "où aucun texte n’arrive"
        yield f"une ligne fixe pour toute adresse, {how} : {format_lines(lines)}"


def _not_named(reading: Reading, found: Comparison) -> Iterator[str]:
    """Note people whom the list does not name: they may have left, and will go on being told."""
    functions = {entry.function for entry in reading.entries}
    left = [
        mandate
        for mandate in found.not_named
        if mandate.origin != Origin.ANNUAIRE
        and (reading.origin == Origin.FILE or mandate.function in functions)
    ]
    if left and reading.origin != Origin.ANNUAIRE:
        yield (
            f"contacts de ces communes absents du fichier, laissés en place : {len(left)} ; "
            "supprimez ceux qui ne doivent plus être prévenus"
        )


def _nobody_to_ring(reading: Reading, found: Comparison, now: datetime) -> Iterator[str]:
    """Note communes where an urgent alert would reach nobody at once, for want of a telephone."""
    communes = {
        entry.organisation
        for entry in reading.entries
        if entry.organisation[0] == OrganisationKind.COMMUNE
    }
    without = sorted(key for key in communes if not _rings(key, found, now))
    if without:
        what = "téléphone" if makes_calls() else "mobile"
        yield (
            f"aucun contact en fonction n’a de {what} : une alerte urgente n’y réveille personne, "
            "et la permanence est prévenue : "
            f"{format_first([organisation_label(key) for key in without])}"
        )


def _rings(key: OrganisationKey, found: Comparison, now: datetime) -> bool:
    return any(
        kind in ringing_kinds()
        for mandate in found.mandates[key]
        if is_within(
            now.astimezone(mandate.organisation.zone_info).date(),
            mandate.starts_on,
            mandate.ends_on,
        )
        for kind, _ in found.addresses_of(mandate.person)
    )
