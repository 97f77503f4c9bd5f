"""Who changed the directory, when and by which list; the rows as they were hang on it."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords


class ChangeKind(models.TextChoices):
    """By what way the directory was changed."""

    IMPORT = "import", "import"
    ELECTION = "election", "élection"
    CONFIRMATION = "confirmation", "confirmation"
    HAND = "saisie", "saisie"
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

    class Meta:
        verbose_name = "changement de l’annuaire"
        verbose_name_plural = "changements de l’annuaire"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"n° {self.pk}, {self.get_kind_display()}"


class Recorded(models.Model):
    """A row as it stood after a change; of a deleted one, as it last stood."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True


def record_history(**options: object) -> HistoricalRecords:
    """Return the history of a model, whose rows name their change."""
    return HistoricalRecords(bases=[Recorded], **options)
