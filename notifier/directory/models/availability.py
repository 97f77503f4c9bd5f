"""Absences and on-call shifts, as stored. Every moment is aware."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifier.directory.models.organisations import Organisation
from notifier.directory.models.people import Mandate


class Absence(models.Model):
    """While the holder of a mandate is away: the stand-in is told, or the next in order."""

    mandate = models.ForeignKey(
        Mandate, on_delete=models.CASCADE, related_name="absences", verbose_name="mandat"
    )
    starts_at = models.DateTimeField("début")
    ends_at = models.DateTimeField("fin")
    stand_in = models.ForeignKey(
        Mandate,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stand_ins",
        verbose_name="remplaçant",
    )

    class Meta:
        verbose_name = "absence"
        verbose_name_plural = "absences"
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="directory_absence_in_order",
                violation_error_message="La fin de l’absence ne suit pas son début.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.mandate} : absence"


class OnCallRotation(models.Model):
    """A pattern of shifts: each member in turn, from hand-over to hand-over in local time."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="rotations", verbose_name="organisme"
    )
    # Mandates of the organisation by id, in the order of their turns.
    members = models.JSONField("personnes, dans l’ordre")
    # The first hand-over, local to the organisation; the others follow at the same hour.
    starts_on = models.DateField("première prise d’astreinte")
    handover_time = models.TimeField("heure de relève")
    shift_days = models.PositiveSmallIntegerField(
        "jours par tour", default=7, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    ends_on = models.DateField("jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "roulement d’astreinte"
        verbose_name_plural = "roulements d’astreinte"
        ordering = ("organisation", "starts_on")

    def __str__(self) -> str:
        return f"{self.organisation} : roulement du {self.starts_on:%d/%m/%Y}"


class OnCallShift(models.Model):
    """Who is on call for an organisation from one moment to another; stored well ahead.

    Stored, not computed from the pattern, so that a later change of it leaves the past as it was.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="shifts", verbose_name="organisme"
    )
    mandate = models.ForeignKey(
        Mandate, on_delete=models.CASCADE, related_name="shifts", verbose_name="mandat"
    )
    rotation = models.ForeignKey(
        OnCallRotation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shifts",
        verbose_name="roulement",
    )
    starts_at = models.DateTimeField("début")
    ends_at = models.DateTimeField("fin")

    class Meta:
        verbose_name = "tour d’astreinte"
        verbose_name_plural = "tours d’astreinte"
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="directory_shift_in_order",
                violation_error_message="La fin du tour ne suit pas son début.",
            ),
        )
        indexes = (models.Index(fields=("organisation", "ends_at"), name="directory_shift_time"),)

    def __str__(self) -> str:
        return f"{self.organisation} : {self.mandate.title}"
