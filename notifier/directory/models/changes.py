"""Who changed the directory, when and by which list; the rows as they were hang on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from django.db import models
from django.dispatch import receiver
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record


class ChangeKind(models.TextChoices):
    """By what way the directory was changed."""

    IMPORT = "import", "import"
    ELECTION = "election", "élection"
    CONFIRMATION = "confirmation", "confirmation"
    HAND = "saisie", "saisie"
    TERRITORY = "territoire", "territoire"
    UNDO = "annulation", "annulation"


class Change(models.Model):
    """One change of the directory, whole: an import, an election, what one form saved."""

    kind = models.CharField("type", max_length=12, choices=ChangeKind)
    at = models.DateTimeField("heure")
    author = models.CharField("auteur", max_length=150)
    source = models.CharField(
        "fichier", max_length=255, blank=True, help_text="Nom du fichier et son format."
    )
    # How many rows are new, changed, ended, unchanged, refused.
    counts = models.JSONField("décompte", default=dict)
    undoes = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="undone_by",
        verbose_name="annule",
    )

    # Those that it changed themselves, or their territories; of people the history says it.
    organisations = models.ManyToManyField(
        "directory.Organisation", related_name="+", blank=True, verbose_name="organismes"
    )

    class Meta:
        verbose_name = "changement de l’annuaire"
        verbose_name_plural = "changements de l’annuaire"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"n° {self.pk}, {self.get_kind_display()}"

    @property
    def election_day(self) -> date | None:
        """The day of the election, of a change that is one."""
        return date.fromisoformat(self.source) if self.kind == ChangeKind.ELECTION else None


class Recorded(models.Model):
    """A row as it stood after a change; of a deleted one, as it last stood."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True


class ChangeHistory(HistoricalRecords):  # type: ignore[misc] # simple_history has no types
    """The history of a model; rows that are written many at a time are recorded by who writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(bases=[Recorded], **options)

    def _get_history_user_fields(self) -> dict[str, Any]:
        """Store no account: the change names its author, and accounts are of a higher room."""
        return {"history_user": property(lambda _row: None, lambda _row, _user: None)}

    def create_historical_record(self, *args: Any, **kwargs: Any) -> None:
        if not _is_recorded_in_bulk.get():
            super().create_historical_record(*args, **kwargs)


_is_recorded_in_bulk = ContextVar("is_recorded_in_bulk", default=False)


@contextmanager
def recorded_in_bulk() -> Iterator[None]:
    """Leave the history of what is written inside to the caller."""
    token = _is_recorded_in_bulk.set(True)
    try:
        yield
    finally:
        _is_recorded_in_bulk.reset(token)


_current_change: ContextVar[Change | None] = ContextVar("current_change", default=None)


def current_change() -> Change | None:
    """Return the change to which what is written now belongs, if one was named."""
    return _current_change.get()


@contextmanager
def naming(change: Change | None) -> Iterator[None]:
    """Have the history of whatever is saved or deleted inside name the change."""
    token = _current_change.set(change)
    try:
        yield
    finally:
        _current_change.reset(token)


@receiver(pre_create_historical_record)
def _name_change(history_instance: models.Model, **_: object) -> None:
    if isinstance(history_instance, Recorded):
        history_instance.change = current_change()
