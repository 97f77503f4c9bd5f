"""Campaigns of confirmation: people are asked whether their mandate and their address are right."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from notifier.directory.models.organisations import Organisation
from notifier.directory.models.people import AddressKind, Mandate, Person

MAX_REMINDERS = 2


class Answer(models.TextChoices):
    """What somebody answered; "no" changes nothing by itself."""

    NONE = "", "sans réponse"
    YES = "yes", "confirmé"
    NO = "no", "« plus moi »"


class ConfirmationCampaign(models.Model):
    """People asked together, from a day until another; their links then open nothing."""

    name = models.CharField("nom", max_length=100)
    author = models.CharField("auteur", max_length=150)
    started_at = models.DateTimeField("lancée le")
    ends_at = models.DateTimeField("jusqu’au")
    remind_after_days = models.PositiveSmallIntegerField(
        "jours avant rappel", validators=[MinValueValidator(2), MaxValueValidator(30)]
    )
    max_reminders = models.PositiveSmallIntegerField(
        "rappels", validators=[MaxValueValidator(MAX_REMINDERS)]
    )
    stopped_at = models.DateTimeField("arrêtée le", null=True)
    stopped_by = models.CharField("arrêtée par", max_length=150, blank=True)

    class Meta:
        verbose_name = "campagne de confirmation"
        verbose_name_plural = "campagnes de confirmation"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class ConfirmationRequest(models.Model):
    """One person asked once, whatever hats; with the mandates that the answer is about."""

    campaign = models.ForeignKey(
        ConfirmationCampaign, on_delete=models.CASCADE, related_name="requests"
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    mandates = models.ManyToManyField(Mandate, related_name="+", verbose_name="mandats")
    # Of the first of the mandates: its local time, its département, whose administrators see it.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    # When it is asked for the first time or again; null: no more.
    next_at = models.DateTimeField("prochain envoi", null=True)
    sent_count = models.PositiveSmallIntegerField("envois", default=0)
    last_sent_at = models.DateTimeField("dernier envoi", null=True)
    answer = models.CharField("réponse", max_length=3, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField("répondu le", null=True)

    class Meta:
        verbose_name = "demande de confirmation"
        verbose_name_plural = "demandes de confirmation"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "person"), name="directory_confirmation_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("next_at",),
                name="directory_confirmation_due",
                condition=Q(next_at__isnull=False),
            ),
            models.Index(fields=("campaign", "answer", "id"), name="directory_confirmation_answer"),
        )

    def __str__(self) -> str:
        return f"{self.person}, {self.get_answer_display()}"


class ConfirmationLink(models.Model):
    """The secret that one text or mail carried, by its digest, and to which address."""

    request = models.ForeignKey(ConfirmationRequest, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField("type", max_length=8, choices=AddressKind)
    value = models.CharField("numéro ou adresse", max_length=254)
    token_hash = models.CharField("empreinte", max_length=64, unique=True)
    sent_at = models.DateTimeField("envoyé le")
    answer = models.CharField("réponse", max_length=3, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField("répondu le", null=True)

    class Meta:
        verbose_name = "lien de confirmation"
        verbose_name_plural = "liens de confirmation"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"lien n° {self.pk}"
