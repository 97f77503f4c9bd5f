"""Tests of addresses, as stored."""

from django.db import models

from notifier.delivery.models import Message
from notifier.directory.models import Address


class AddressTest(models.Model):
    """A test text with a code that its reader reads back, by which the address is confirmed."""

    address = models.ForeignKey(
        Address, on_delete=models.CASCADE, related_name="tests", verbose_name="adresse"
    )
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, verbose_name="message", db_index=False
    )
    # A keyed hash of the code and the address.
    code_hash = models.CharField("empreinte du code", max_length=64)
    author = models.CharField("par", max_length=150)
    sent_at = models.DateTimeField("envoyé le", db_index=True)
    expires_at = models.DateTimeField("périmé après")
    wrong_answers = models.PositiveSmallIntegerField("réponses fausses", default=0)
    confirmed_at = models.DateTimeField("confirmé le", null=True)

    class Meta:
        verbose_name = "essai d’une adresse"
        verbose_name_plural = "essais d’adresses"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"essai n° {self.pk}"
