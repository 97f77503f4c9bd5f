"""Change what is kept of a source beside its keys; who did it is in the journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q

from notifier.intake.models import Source
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

# What may be changed; whether it signs is decided when it is created.
CHANGEABLE = (
    *("name", "departements", "service", "duty_email", "duty_phone", "reference_pattern"),
    *("rate_per_minute", "sms_cap", "hard_cap", "sms_providers"),
)
# Of these the values are in the journal as well; the others are addresses or long.
_FIGURES = ("departements", "rate_per_minute", "sms_cap", "hard_cap", "sms_providers")


class OwnSourceError(Exception):
    """It is the service's own source, which nobody changes. The message is French."""

    def __init__(self) -> None:
        super().__init__(
            "c’est la source des essais de bout en bout du service : aucune clé ne l’ouvre et elle "
            "ne parle pour aucun département, rien n’y est à changer"
        )


def change_source(source: Source, changes: Mapping[str, Any], by: str) -> list[str]:
    """Write what is new of `changes`, and return the names of those fields.

    A key that somebody renews or revokes meanwhile is left alone. Raises ValidationError, in French
    and by field, and nothing is changed then; OwnSourceError for the service's own.
    """
    if source.is_own:
        raise OwnSourceError
    stored = Source.objects.get(pk=source.pk)
    before = {name: getattr(stored, name) for name in CHANGEABLE}
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise ValueError(f"{name} of a source is not changed here")
        setattr(source, name, value)
    source.full_clean(exclude=["key_hash"])
    changed = {name: getattr(source, name) for name in changes}
    changed = {name: value for name, value in changed.items() if value != before[name]}
    if changed:
        with transaction.atomic():
            Source.objects.filter(pk=source.pk).update(**changed)
            note_source(source, f"modifiée ({_listed(changed)})", by, _figures(before, changed))
    return list(changed)


_SHOWN = 30


def about_sources(sources: Collection[int]) -> Q:
    """Select the journal's lines about these sources, or about a pause of everything."""
    done = Q(step=Step.SOURCE) | Q(step=Step.PAUSED)
    theirs = Q(data__source_id__in=list(sources))
    if sources:
        theirs |= Q(step=Step.PAUSED, data__source_id=None)
    return Q(incident_id=None) & done & theirs


def history_of(source: Source) -> list[Entry]:
    """Return what was last done to a source: keys, settings, pauses; the latest first."""
    return list(Entry.objects.filter(about_sources([source.pk])).order_by("-id")[:_SHOWN])


def note_source(source: Source, what: str, by: str, data: Mapping[str, Any] | None = None) -> None:
    """Write to the journal what was done to a source, and by whom."""
    entry = new_entry(None, Step.SOURCE, f"Source « {source.name} » {what} par {by}.")
    entry.data = {
        "source_id": source.pk,
        "departements": list(source.departements),
        "by": by,
        **(data or {}),
    }
    write_entries([entry])


def _listed(changed: Mapping[str, Any]) -> str:
    titles = {field.name: str(field.verbose_name) for field in Source._meta.concrete_fields}
    return ", ".join(titles[name] for name in changed)


def _figures(before: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [before[name], changed[name]] for name in _FIGURES if name in changed}
