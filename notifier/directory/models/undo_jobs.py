"""Large changes on their way back, as stored."""

from __future__ import annotations

from django.db import models

from notifier.directory.models.changes import Change


class UndoState(models.TextChoices):
    """preparing -> ready -> undoing -> done; what cannot be, or was interrupted, is refused."""

    PREPARING = "preparing", "en préparation"
    READY = "ready", "à vérifier"
    UNDOING = "undoing", "en cours d’annulation"
    DONE = "done", "annulé"
    REFUSED = "refused", "refusé"


# A worker has it, or is to take it.
UNDO_WORKED_ON = (UndoState.PREPARING, UndoState.UNDOING)


class UndoJob(models.Model):
    """A change that somebody takes back, too large to do it while they wait. Erased a day after."""

    # An account's number, whatever that is: its room knows this one, not the other way.
    owner_id = models.BigIntegerField("compte")
    author = models.CharField("auteur", max_length=150)
    change = models.ForeignKey(
        Change, on_delete=models.CASCADE, related_name="+", verbose_name="changement"
    )
    # The organisations that may be touched (notifier.directory.allowed).
    allowed = models.JSONField("périmètre")
    state = models.CharField("état", max_length=9, choices=UndoState, default=UndoState.PREPARING)
    # Since when it is in its state; what waits for a worker or a person goes by it.
    since = models.DateTimeField("depuis", db_index=True)
    claim = models.CharField("prise", max_length=32, blank=True)
    claimed_until = models.DateTimeField("prise jusqu’au", null=True)
    # What would become of the rows, or became: numbers, and the first of them in French.
    summary = models.JSONField("aperçu", default=dict)
    reason = models.CharField("motif", max_length=500, blank=True)
    undoing = models.ForeignKey(
        Change, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="annulation"
    )

    class Meta:
        verbose_name = "annulation en cours"
        verbose_name_plural = "annulations en cours"
        ordering = ("-id",)
        constraints = (
            # Two clicks make one job.
            models.UniqueConstraint(fields=("owner_id", "change"), name="directory_undo_once"),
        )

    def __str__(self) -> str:
        return f"{self.change}, {self.get_state_display()}"

    @property
    def is_worked_on(self) -> bool:
        """Whether it waits for a worker, or one has it."""
        return self.state in UNDO_WORKED_ON
