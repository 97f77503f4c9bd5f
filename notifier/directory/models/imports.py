"""Lists that somebody uploads, on their way into the directory, as stored."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from notifier.directory.models.changes import Change


class ImportState(models.TextChoices):
    """reading -> ready -> writing -> done; a worker that dies leaves interrupted, or ready."""

    READING = "reading", "en cours de lecture"
    READY = "ready", "à vérifier"
    WRITING = "writing", "en cours d’import"
    DONE = "done", "importée"
    REFUSED = "refused", "refusée"
    INTERRUPTED = "interrupted", "interrompue"
    ABANDONED = "abandoned", "abandonnée"


# A worker has it, or is to take it.
WORKED_ON = (ImportState.READING, ImportState.WRITING)
UNFINISHED = (*WORKED_ON, ImportState.READY, ImportState.INTERRUPTED)


class ImportJob(models.Model):
    """One list that somebody uploaded. Its bytes and rows are erased a day after it is over."""

    # An account's number, whatever that is: its room knows this one, not the other way.
    owner_id = models.BigIntegerField("compte")
    author = models.CharField("auteur", max_length=150)
    file_name = models.CharField("fichier", max_length=100)
    content = models.BinaryField("contenu")
    # The organisations that it may change (notifier.directory.allowed).
    allowed = models.JSONField("périmètre")
    state = models.CharField(
        "état", max_length=11, choices=ImportState, default=ImportState.READING
    )
    created_at = models.DateTimeField("déposée le")
    # Since when it is in its state; what waits for a worker or a person goes by it.
    since = models.DateTimeField("depuis")
    claim = models.CharField("prise", max_length=32, blank=True)
    claimed_until = models.DateTimeField("prise jusqu’au", null=True)
    rows_read = models.PositiveIntegerField("lignes lues", default=0)
    rows_expected = models.PositiveIntegerField("lignes attendues", default=0)

    form = models.CharField("format", max_length=20, blank=True)
    # Each cell of the header, and what it is read as: ["Tél.", ""] is not read.
    columns = models.JSONField("colonnes", default=list)
    # How many rows are new, changed, ended, unchanged, refused, warned.
    counts = models.JSONField("décompte", default=dict)
    notes = models.JSONField("remarques", default=list)
    # Why it is refused as a whole, was interrupted, or must be looked at anew, in French.
    reasons = models.JSONField("motifs", default=list)
    change = models.ForeignKey(
        Change, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="changement"
    )

    class Meta:
        verbose_name = "import"
        verbose_name_plural = "imports"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("owner_id", "id"), name="directory_import_owner"),
            models.Index(
                fields=("since",),
                name="directory_import_kept",
                condition=~Q(content=b""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.file_name}, {self.get_state_display()}"

    @property
    def is_worked_on(self) -> bool:
        """Whether it waits for a worker, or one has it."""
        return self.state in WORKED_ON


class RowVerb(models.TextChoices):
    """What a row does."""

    NEW = "new", "nouveau"
    CHANGED = "changed", "modifié"
    ENDED = "ended", "terminé"
    UNCHANGED = "unchanged", "inchangé"
    REFUSED = "refused", "refusé"


class ImportRow(models.Model):
    """What a row of a list does, as its author is shown before; of an unchanged one, a warning."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField("ligne")
    verb = models.CharField("effet", max_length=9, choices=RowVerb)
    post = models.TextField("poste", blank=True)
    details = models.JSONField("détail", default=list)
    warnings = models.JSONField("avertissements", default=list)
    is_warned = models.BooleanField("averti", default=False)
    # Of a refused row, to be corrected by whoever sent it.
    cells = models.JSONField("cellules", default=list)
    is_left_out = models.BooleanField("laissée de côté", default=False)

    class Meta:
        verbose_name = "ligne d’import"
        verbose_name_plural = "lignes d’import"
        ordering = ("id",)
        indexes = (
            models.Index(fields=("job", "verb", "id"), name="directory_import_verb"),
            models.Index(fields=("job", "line"), name="directory_import_line"),
        )

    def __str__(self) -> str:
        return f"ligne {self.line}, {self.get_verb_display()}"
