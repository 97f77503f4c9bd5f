"""Answers to alerts, and what sources are told of them, as stored."""

from django.db import models
from django.db.models import Q

from notifier.alerting.models.alerts import Alert
from notifier.directory.models import OrganisationKind
from notifier.intake.models import Incident, Source


class AnswerKind(models.TextChoices):
    """What a person answers."""

    NOTED = "noted", "bien noté"
    TAKEN = "taken", "je m’en occupe"
    CALL_ME = "call_me", "rappelez-moi"
    NOT_MINE = "not_mine", "pas ma commune"
    HANDED_OVER = "handed_over", "transmis à un adjoint"


def answer_label(kind: str, organisation_kind: str) -> str:
    """Return what was answered, in French, as people of such an organisation say it."""
    if kind == AnswerKind.NOT_MINE and organisation_kind != OrganisationKind.COMMUNE:
        return "pas chez nous"
    return AnswerKind(kind).label


class AnswerMeans(models.TextChoices):
    """By which means an answer came."""

    LINK = "link", "par le lien"
    SMS = "sms", "par SMS"
    VOICE = "voice", "au téléphone"
    CONSOLE = "console", "saisie par une personne"


class Answer(models.Model):
    """What one person answered to one alert; each kind counts once since it was opened."""

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="answers", verbose_name="intervention"
    )
    # Its unique constraint finds it by its alert.
    alert = models.ForeignKey(
        Alert,
        on_delete=models.PROTECT,
        related_name="answers",
        verbose_name="alerte",
        db_index=False,
    )
    # At which revision the alert was opened: whoever answered before it ended answers anew.
    opened_revision = models.PositiveSmallIntegerField("révision d’ouverture", default=1)
    # As in a notification: a person without a name, and the function.
    recipient = models.CharField("destinataire", max_length=40)
    title = models.CharField("qualité", max_length=80)
    kind = models.CharField("réponse", max_length=11, choices=AnswerKind)
    means = models.CharField("moyen", max_length=7, choices=AnswerMeans)
    at = models.DateTimeField("donnée le")
    # Of one that was handed over: to whom, by function.
    handed_to = models.CharField("transmis à", max_length=80, blank=True)

    class Meta:
        verbose_name = "réponse"
        verbose_name_plural = "réponses"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("alert", "opened_revision", "recipient", "kind"),
                name="alerting_answered_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} : {self.get_kind_display()}"


def answers_to(alert: Alert) -> models.QuerySet[Answer]:
    """Select what was answered since the alert was opened, the oldest first."""
    return Answer.objects.filter(alert=alert.pk, opened_revision=alert.opened_revision)


class WebhookEvent(models.Model):
    """One thing that a source's webhook is told, posted until it is taken or is of no more use."""

    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, verbose_name="source", db_index=False
    )
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, verbose_name="intervention"
    )
    # Standard Webhooks' `webhook-id`: the same at each attempt.
    event_id = models.CharField("numéro", max_length=40, unique=True)
    type = models.CharField("type", max_length=40)
    payload = models.JSONField("contenu")
    created_at = models.DateTimeField("créé le")
    due_at = models.DateTimeField("à envoyer le", null=True)
    claimed_until = models.DateTimeField("pris jusqu’au", null=True)
    attempts = models.PositiveSmallIntegerField("tentatives", default=0)
    attempted_at = models.DateTimeField("dernière tentative le", null=True)
    delivered_at = models.DateTimeField("reçu le", null=True)
    given_up_at = models.DateTimeField("abandonné le", null=True)
    error = models.CharField("dernière erreur", max_length=200, blank=True)

    class Meta:
        verbose_name = "message à une source"
        verbose_name_plural = "messages aux sources"
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("due_at",), name="alerting_webhook_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=("given_up_at",),
                name="alerting_webhook_given_up",
                condition=Q(given_up_at__isnull=False),
            ),
            # The latest of a source.
            models.Index(fields=("source", "id"), name="alerting_webhook_source"),
        )

    def __str__(self) -> str:
        return f"{self.type} n° {self.pk}"
