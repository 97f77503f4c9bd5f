from django.db import models

from notifier.intake.models import Intervention
from notifier.intake.thread import reference_in
from notifier.intake.words import Severity


class Alert(models.Model):
    """One thread as told to one commune: opened by a first alert, closed by end or cancellation.

    `facts` are those of the text last told, kept so that whoever is told in another's place reads
    the same.
    """

    thread = models.CharField("fil", max_length=90)
    commune = models.CharField("commune", max_length=5)
    commune_name = models.CharField("nom de la commune", max_length=60)
    intervention = models.ForeignKey(
        Intervention, on_delete=models.PROTECT, verbose_name="dernière intervention"
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

    class Meta:
        verbose_name = "alerte"
        verbose_name_plural = "alertes"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("thread", "commune"), name="alerting_one_per_commune"),
        )

    def __str__(self) -> str:
        return f"{self.commune_name} : {reference_in(self.thread)}"

    @property
    def is_to_neighbour(self) -> bool:
        """Whether it tells of what happens in an adjoining commune."""
        return bool(self.facts.get("next_to"))
