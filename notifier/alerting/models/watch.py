"""What watches over the service, as stored: end-to-end tests, and gaps of rotas that were told."""

from django.db import models

from notifier.delivery.models import Message
from notifier.directory.models import Organisation

# The key of the source of end-to-end tests, which no key hashes to; the recipient of their texts.
CANARY = "canary"


class CanaryRun(models.Model):
    """One synthetic exercise that went the whole way to a test number, or did not."""

    sent_at = models.DateTimeField("envoyé le", db_index=True)
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, null=True, verbose_name="message", db_index=False
    )
    delivered_at = models.DateTimeField("revenu le", null=True)
    # When those in charge were told that it, or the one after it, does not arrive; null again once
    # they were told that this is over.
    alarmed_at = models.DateTimeField("alarme donnée le", null=True)

    class Meta:
        verbose_name = "essai de bout en bout"
        verbose_name_plural = "essais de bout en bout"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"essai n° {self.pk}"


class RotaGapNotice(models.Model):
    """When an organisation was last told that its rota will have a time without anybody."""

    organisation = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, verbose_name="organisme"
    )
    told_at = models.DateTimeField("signalé le", null=True)
    # Whether that was the mail of the last days before it.
    was_near = models.BooleanField("signalé comme proche", default=False)

    class Meta:
        verbose_name = "astreinte sans personne signalée"
        verbose_name_plural = "astreintes sans personne signalées"
        ordering = ("organisation",)

    def __str__(self) -> str:
        return f"astreinte de {self.organisation}"
