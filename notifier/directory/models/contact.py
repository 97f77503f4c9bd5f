"""The contacts of the communes, as stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifier.directory.models.functions import ESCALATION_ORDER, Function
from notifier.directory.models.people import NameKeyField
from notifier.directory.names import fold, normalise_name, validate_legible
from notifier.fields import EmailField
from notifier.mailbox import strip_invisible
from notifier.territory.phones import PhoneError, parse_mobile
from notifier.territory.resolve import commune_by_code


class Contact(models.Model):
    """One person, or one service, that may be told what happens in one commune."""

    commune = models.CharField(
        "commune",
        # Searches by commune use the index of the unique key below, which begins with it.
        max_length=5,
        help_text="Code officiel géographique d’une commune actuelle, par exemple 90033.",
    )
    function = models.CharField("fonction", max_length=24, choices=Function)
    rank = models.PositiveSmallIntegerField(
        "rang",
        default=1,
        validators=[MinValueValidator(1)],
        help_text="1 pour la première personne à prévenir dans cette fonction.",
    )
    last_name = models.CharField("nom", max_length=100, blank=True, validators=[validate_legible])
    first_name = models.CharField(
        "prénom", max_length=100, blank=True, validators=[validate_legible]
    )
    name_key = NameKeyField(editable=False, default="")
    mobile = models.CharField(
        "mobile",
        # Longer than any number, so that clean() sees what was typed and can say what is wrong.
        max_length=30,
        blank=True,
        help_text="Forme nationale de la commune (06…, 0690…) ou internationale (+41…).",
    )
    email = EmailField("courriel", blank=True)
    active_from = models.DateField(
        "actif à partir du", null=True, blank=True, help_text="Compris, à l’heure de la commune."
    )
    active_until = models.DateField(
        "actif jusqu’au", null=True, blank=True, help_text="Compris, à l’heure de la commune."
    )

    class Meta:
        verbose_name = "contact"
        verbose_name_plural = "contacts"
        ordering = ("commune", "function", "rank")
        constraints = (
            models.UniqueConstraint(
                fields=["commune", "function", "rank"],
                name="contact_once_per_rank",
                violation_error_message="Un contact a déjà cette fonction et ce rang dans cette "
                "commune : modifiez-le ou choisissez un autre rang.",
            ),
            models.CheckConstraint(
                condition=~Q(mobile="") | ~Q(email=""),
                name="contact_reachable",
                violation_error_message="Donnez un mobile ou un courriel : sans l’un des deux, "
                "personne ne peut être prévenu.",
            ),
            models.CheckConstraint(
                condition=Q(rank__gte=1),
                name="contact_rank_from_one",
                violation_error_message="Le rang commence à 1.",
            ),
            models.CheckConstraint(
                condition=Q(active_until__gte=F("active_from")),
                name="contact_period_in_order",
                violation_error_message="La fin de la période précède son début.",
            ),
        )

    def __str__(self) -> str:
        commune = commune_by_code(self.commune)
        where = commune.label if commune else self.commune
        parts = (where, self.get_function_display(), f"rang {self.rank}", self.name)
        return " · ".join(filter(None, parts))

    @property
    def name(self) -> str:
        """First and last name; often only one of them, or none."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def folded_name(self) -> str:
        """The name without what spellings differ in, as `name_key` stores it."""
        return fold(f"{self.last_name} {self.first_name}")

    @property
    def escalation_order(self) -> tuple[int, int]:
        """The place in the order in which the commune's contacts are told; sorts ascending."""
        return (ESCALATION_ORDER[self.function], self.rank)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Normalise the fields, then validate them. Raises ValidationError."""
        self.commune = self.commune.strip().upper()
        self.last_name, self.first_name = (
            normalise_name(self.last_name),
            normalise_name(self.first_name),
        )
        self.email = unicodedata.normalize("NFC", strip_invisible(self.email)).lower()
        self.mobile = self.mobile.strip()
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Normalise the mobile.

        Raises ValidationError, by field, when no current commune has the code or when the number
        cannot receive an SMS.
        """
        super().clean()
        if commune_by_code(self.commune) is None:
            raise ValidationError(
                {
                    "commune": f"Aucune commune actuelle ne porte le code {self.commune} : donnez "
                    "le code officiel géographique (pas le code postal)."
                }
            )
        if self.mobile:
            try:
                self.mobile = parse_mobile(
                    self.mobile, self.commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR
                )
            except PhoneError as error:
                raise ValidationError({"mobile": str(error)}) from None
