"""The journal and the counters, as stored."""

from typing import NoReturn

from django.db import models
from django.db.models import Q


class Step(models.TextChoices):
    """The steps that a report and its messages go through."""

    RECEIVED = "received", "reçue"
    RESOLVED = "resolved", "commune"
    REVIEW = "review", "vérification"
    DECIDED = "decided", "décision"
    COMPOSED = "composed", "rédaction"
    HELD = "held", "retenu"
    ATTEMPT = "attempt", "envoi"
    RECEIPT = "receipt", "accusé"
    SETTLED = "settled", "recoupement"
    ANSWERED = "answered", "réponse"
    WEBHOOK = "webhook", "retour au centre"
    EXPIRED = "expired", "périmé"
    CANCELLED = "cancelled", "retiré"
    UNREACHED = "unreached", "aucun contact joint"
    PAUSED = "paused", "suspension"
    ACCESS = "access", "accès"
    AGREEMENT = "agreement", "convention"
    DIRECTORY = "directory", "annuaire"
    POLICY = "policy", "règles"
    SOURCE = "source", "source"


class AppendOnlyError(TypeError):
    """An attempt to change or delete a journal entry."""


class Entry(models.Model):
    """One step, as it was at that moment.

    `text` is for people, `data` for machines; neither holds an address or a name, only the function
    of a recipient and a masked address.

    Which incident and which message it is about stands as a plain number: every room writes here,
    and the journal knows none of their tables. What concerns a source or an account has neither.
    """

    at = models.DateTimeField("heure")
    incident_id = models.BigIntegerField("affaire", null=True)
    message_id = models.BigIntegerField("message", null=True)
    step = models.CharField("étape", max_length=12, choices=Step)
    text = models.TextField("ce qui s’est passé")
    data = models.JSONField("détail", default=dict)

    class Meta:
        verbose_name = "ligne du journal"
        verbose_name_plural = "lignes du journal"
        ordering = ("id",)
        indexes = (
            models.Index(fields=("incident_id", "id"), name="journal_incident"),
            # Those of an incident are found by it.
            models.Index(
                fields=("message_id",),
                name="journal_message",
                condition=Q(message_id__isnull=False, incident_id__isnull=True),
            ),
            # Those of accounts, of the directory, of agreements: few beside those of incidents.
            models.Index(
                fields=("step", "id"),
                name="journal_of_no_incident",
                condition=Q(incident_id__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.text

    def save(self, *_: object, **__: object) -> NoReturn:
        raise AppendOnlyError("write journal entries with notifier.journal.write.write_entries()")

    def delete(self, *_: object, **__: object) -> NoReturn:
        raise AppendOnlyError("a journal entry cannot be deleted")


class Counter(models.Model):
    """A monitoring figure that only grows (`counters.py`)."""

    name = models.CharField("nom", max_length=60)
    labels = models.JSONField("étiquettes", default=dict)
    value = models.FloatField("valeur", default=0.0)

    class Meta:
        verbose_name = "compteur"
        verbose_name_plural = "compteurs"
        indexes = (models.Index(fields=("name",), name="journal_counter_name"),)

    def __str__(self) -> str:
        return f"{self.name} {self.labels}"


class CounterPosition(models.Model):
    """The last journal entry that has been counted; one row."""

    last_id = models.BigIntegerField("dernière ligne comptée", default=0)

    class Meta:
        verbose_name = "position des compteurs"
        verbose_name_plural = "position des compteurs"

    def __str__(self) -> str:
        return str(self.last_id)
