"""What the last check of a département's people found."""

from __future__ import annotations

from django.db import models


class CoverageCheck(models.Model):
    """How a département stood when it was last looked at, and what its administrators were told."""

    departement = models.CharField("département", max_length=3, unique=True)
    checked_at = models.DateTimeField("vérifié le", null=True)
    # Communes by how they are reached, and how much is to be mended: for monitoring.
    counts = models.JSONField("décompte", default=dict)
    # What administrators know of since the last mail of a Friday, in French and without names.
    known = models.JSONField("signalé", default=list)
    weekly_at = models.DateTimeField("dernier envoi du vendredi", null=True)

    class Meta:
        verbose_name = "vérification de l’annuaire"
        verbose_name_plural = "vérifications de l’annuaire"
        ordering = ("departement",)

    def __str__(self) -> str:
        return f"département {self.departement}"
