from django.db import models
from django.db.models import Q

from notifier.delivery.models import Channel
from notifier.intake.models import Incident, Report, Source
from notifier.intake.schema.vocabulary import Severity


class Alert(models.Model):
    """One incident as told to one commune: opened by a first alert, closed by end or cancellation.

    `facts` are those of the text last told, kept so that whoever is told in another's place reads
    the same.
    """

    # Its unique constraint finds it by its incident.
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, verbose_name="affaire", db_index=False
    )
    commune = models.CharField("commune", max_length=5)
    commune_name = models.CharField("nom de la commune", max_length=60)
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, verbose_name="dernière intervention"
    )
    category = models.CharField("catégorie", max_length=20)
    severity = models.CharField(
        "plus haute gravité annoncée", max_length=10, choices=[(s, s.label) for s in Severity]
    )
    kind = models.CharField("dernier texte", max_length=12)
    facts = models.JSONField("faits annoncés")
    revision = models.PositiveSmallIntegerField("révision", default=1)
    is_open = models.BooleanField("en cours", default=True)
    opened_at = models.DateTimeField("ouverte le")
    # Who was told since the opening is known by this, not by the time: clocks step back.
    opened_revision = models.PositiveSmallIntegerField("révision d’ouverture", default=1)
    expires_at = models.DateTimeField("périmée après")
    # When an urgent alert taken up again was last told at once: not again before a pause.
    told_again_at = models.DateTimeField("reprise annoncée le", null=True)

    class Meta:
        verbose_name = "alerte"
        verbose_name_plural = "alertes"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "commune"), name="alerting_one_per_commune"
            ),
        )

    def __str__(self) -> str:
        return f"{self.commune_name} : {self.incident.reference}"

    @property
    def is_to_neighbour(self) -> bool:
        """Whether it tells of what happens in an adjoining commune."""
        return bool(self.facts.get("next_to"))


class HeldFor(models.TextChoices):
    """Why a text was not enqueued at once."""

    STORM = "storm", "afflux d’alertes"
    CAP = "cap", "plafond de SMS atteint"
    FLAPPING = "flapping", "reprises répétées"
    HARD_CAP = "hard_cap", "plafond absolu atteint"


class HeldState(models.TextChoices):
    """What became of it; `held` is the only state that is ever left."""

    HELD = "held", "retenu"
    TOLD = "told", "dit"
    WITHDRAWN = "withdrawn", "retiré"
    EXPIRED = "expired", "périmé"


class Held(models.Model):
    """What one address is still to be told of an alert: later, with others, as it then stands."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, verbose_name="alerte")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    revision = models.PositiveSmallIntegerField("révision")
    channel = models.CharField("canal", max_length=5, choices=Channel)
    address = models.CharField("adresse", max_length=254)
    recipient = models.CharField("destinataire", max_length=40)
    title = models.CharField("qualité", max_length=80)
    was_told = models.BooleanField("déjà prévenu de cette alerte")
    reason = models.CharField("motif", max_length=8, choices=HeldFor)
    state = models.CharField("état", max_length=9, choices=HeldState, default=HeldState.HELD)
    held_at = models.DateTimeField("retenu le")
    release_at = models.DateTimeField("à dire le")
    expires_at = models.DateTimeField("périmé après")
    ended_at = models.DateTimeField("terminé le", null=True)
    # Who let it go although its source is at a cap.
    released_by = models.CharField("libéré par", max_length=150, blank=True)
    # The topic of the message that told it: the digest's, or the alert's own.
    told_in = models.CharField("dit dans", max_length=40, blank=True)

    class Meta:
        verbose_name = "texte retenu"
        verbose_name_plural = "textes retenus"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("alert", "channel", "address"),
                name="alerting_held_once",
                condition=Q(state="held"),
            ),
        )
        indexes = (
            models.Index(
                fields=("release_at",), name="alerting_held_due", condition=Q(state="held")
            ),
            models.Index(
                fields=("address",), name="alerting_held_address", condition=Q(state="held")
            ),
            models.Index(fields=("told_in",), name="alerting_told_in", condition=~Q(told_in="")),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()} retenu n° {self.pk}"


class Spending(models.Model):
    """The SMS segments that a source with a cap has caused on one day, in metropolitan France."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    day = models.DateField("jour")
    segments = models.PositiveIntegerField("segments", default=0)
    alarmed_at = models.DateTimeField("alarme donnée le", null=True)
    hard_alarmed_at = models.DateTimeField("alarme du plafond absolu donnée le", null=True)

    class Meta:
        verbose_name = "consommation de SMS"
        verbose_name_plural = "consommations de SMS"
        ordering = ("-day", "source")
        constraints = (
            models.UniqueConstraint(fields=("source", "day"), name="alerting_spent_once"),
        )

    def __str__(self) -> str:
        return f"{self.source} : {self.segments}"


class FanOut(models.Model):
    """An episode in which a source tells unusually many communes something urgent."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    since = models.DateTimeField("depuis")
    alerts = models.PositiveIntegerField("alertes au début")
    alarmed_at = models.DateTimeField("alarme donnée le", null=True)
    ended_at = models.DateTimeField("terminé le", null=True)

    class Meta:
        verbose_name = "envoi d’une ampleur inhabituelle"
        verbose_name_plural = "envois d’une ampleur inhabituelle"
        ordering = ("-since",)
        constraints = (
            models.UniqueConstraint(
                fields=("source",), name="alerting_one_fan_out", condition=Q(ended_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} : {self.alerts}"
