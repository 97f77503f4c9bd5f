"""Absences and on-call shifts, as stored. Every moment is aware."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifier.directory.models.changes import ChangeHistory
from notifier.directory.models.organisations import Organisation
from notifier.directory.models.people import Mandate, Person


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
    history = ChangeHistory()

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
    # The hand-over of that day, or what lasts at its hour, is the end; null: there is none.
    ends_on = models.DateField("jusqu’au", null=True, blank=True)
    # Up to when its shifts are stored.
    planned_until = models.DateTimeField("planifié jusqu’au", null=True, editable=False)
    history = ChangeHistory()

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
    history = ChangeHistory()

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


class CalendarFeed(models.Model):
    """A secret address at which calendar programs read shifts: a person's, or an organisation's."""

    # SHA-256 of the secret, which is shown once.
    token_hash = models.CharField("empreinte du secret", max_length=64, unique=True)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.CASCADE,
        null=True,
        related_name="calendar_feeds",
        verbose_name="organisme",
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        related_name="calendar_feeds",
        verbose_name="personne",
    )
    created_at = models.DateTimeField("créée le")
    created_by = models.CharField("par", max_length=150)
    revoked_at = models.DateTimeField("retirée le", null=True)

    class Meta:
        verbose_name = "adresse de calendrier"
        verbose_name_plural = "adresses de calendriers"
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(organisation=None, person__isnull=False)
                | Q(organisation__isnull=False, person=None),
                name="directory_feed_of_one",
            ),
            models.UniqueConstraint(
                fields=("organisation",),
                condition=Q(revoked_at=None),
                name="directory_feed_once_organisation",
            ),
            models.UniqueConstraint(
                fields=("person",), condition=Q(revoked_at=None), name="directory_feed_once_person"
            ),
        )

    def __str__(self) -> str:
        return f"calendrier de {self.organisation or self.person}"
