"""People, their addresses and mandates, as stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifier.directory.models.changes import ChangeHistory
from notifier.directory.models.functions import ESCALATION_ORDER, Function, function_title
from notifier.directory.models.organisations import Organisation
from notifier.directory.names import fold, normalise_name, validate_legible
from notifier.fields import validate_deliverable
from notifier.mailbox import strip_invisible


class NameKeyField(models.TextField):  # type: ignore[type-arg] # no subscript at run time
    """The folded name of a person, for searching; kept up to date on every save."""

    def pre_save(self, person: Any, add: bool) -> str:  # noqa: ARG002 - Django passes it
        """Compute the value, for forms as for bulk imports."""
        person.name_key = person.folded_name
        return str(person.name_key)

    def deconstruct(self) -> Any:
        """Appear in migrations as a plain TextField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class Civility(models.TextChoices):
    """The form of address; nothing else of a person's sex is kept."""

    MADAME = "mme", "Mme"
    MONSIEUR = "m", "M."


class Person(models.Model):
    """A person, or a service without a name, that may be told what happens."""

    is_service = models.BooleanField("service", default=False)
    civility = models.CharField("civilité", max_length=3, choices=Civility, blank=True)
    last_name = models.CharField("nom", max_length=100, blank=True, validators=[validate_legible])
    first_name = models.CharField(
        "prénom", max_length=100, blank=True, validators=[validate_legible]
    )
    name_key = NameKeyField(editable=False, default="")
    history = ChangeHistory(excluded_fields=["name_key"])

    class Meta:
        verbose_name = "personne"
        verbose_name_plural = "personnes"
        ordering = ("last_name", "first_name", "id")

    def __str__(self) -> str:
        return self.name or f"personne n° {self.pk}"

    @property
    def name(self) -> str:
        """First and last name; often only one of them, or none."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def folded_name(self) -> str:
        """The name without what spellings differ in, as `name_key` stores it."""
        return fold(f"{self.last_name} {self.first_name}")

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Normalise the names, then validate them. Raises ValidationError."""
        self.last_name = normalise_name(self.last_name)
        self.first_name = normalise_name(self.first_name)
        super().clean_fields(exclude)


class Preferences(models.Model):
    """How a person wants to be told of what is not urgent; what is urgent never waits."""

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, related_name="preferences", verbose_name="personne"
    )
    # Hours of the organisation's own time zone; from evening to morning where they go back.
    quiet_from = models.TimeField("heures calmes à partir de", null=True, blank=True)
    quiet_until = models.TimeField("heures calmes jusqu’à", null=True, blank=True)
    # The channels on which what is not urgent is told; empty: on all.
    routine_channels = models.JSONField("canaux du courant", default=list, blank=True)
    changed_at = models.DateTimeField("choisies le", auto_now=True)
    history = ChangeHistory(excluded_fields=["changed_at"])

    class Meta:
        verbose_name = "préférence de réception"
        verbose_name_plural = "préférences de réception"

    def __str__(self) -> str:
        return f"préférences de {self.person}"


class AddressKind(models.TextChoices):
    """By what a person is reached; a landline can be called, and takes no text."""

    MOBILE = "mobile", "mobile"
    LANDLINE = "fixe", "téléphone fixe"
    EMAIL = "courriel", "courriel"


# Failures for good in a row after which an address is passed over until somebody confirms it.
MAX_FAILURES = 2


class Address(models.Model):
    """One number or mailbox of a person, in the order of `position`."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="addresses", verbose_name="personne"
    )
    kind = models.CharField("type", max_length=8, choices=AddressKind)
    # A number is stored in E.164 (+33612345678).
    value = models.CharField("numéro ou adresse", max_length=254)
    position = models.PositiveSmallIntegerField(
        "ordre", default=1, validators=[MinValueValidator(1)]
    )
    is_personal = models.BooleanField("personnelle", default=False)
    confirmed_on = models.DateField("confirmée le", null=True, blank=True)
    failures = models.PositiveSmallIntegerField("échecs définitifs de suite", default=0)
    failing_since = models.DateTimeField("en échec depuis", null=True, blank=True)
    failing_reason = models.CharField("motif de l’échec", max_length=200, blank=True)
    opted_out_at = models.DateTimeField("refus d’être prévenu le", null=True, blank=True)
    history = ChangeHistory()

    class Meta:
        verbose_name = "adresse"
        verbose_name_plural = "adresses"
        ordering = ("person", "position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("person", "kind", "value"),
                name="directory_address_once",
                violation_error_message="Cette personne a déjà cette adresse.",
            ),
        )
        indexes = (
            # A receipt or a returned mail names the address alone.
            models.Index(fields=("value",), name="directory_address_value"),
            models.Index(
                fields=("failing_since",),
                name="directory_address_failing",
                condition=Q(failing_since__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"

    @property
    def is_usable(self) -> bool:
        """Whether it is tried: neither refused by its owner nor failing for good."""
        return self.opted_out_at is None and self.failures < MAX_FAILURES

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Normalise the value, then validate it; numbers must be in E.164 already."""
        value = strip_invisible(self.value).strip()
        if self.kind == AddressKind.EMAIL:
            value = unicodedata.normalize("NFC", value).lower()
            try:
                validate_deliverable(value)
            except ValidationError as error:
                raise ValidationError({"value": error.messages}) from None
        self.value = value
        super().clean_fields(exclude)


class Origin(models.TextChoices):
    """Where a mandate is known from."""

    HAND = "main", "saisie"
    FILE = "fichier", "fichier de contacts"
    RNE = "rne", "répertoire national des élus"
    ANNUAIRE = "annuaire", "annuaire de l’administration"


class Mandate(models.Model):
    """A person's function in an organisation for a time."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="mandates", verbose_name="personne"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="mandates", verbose_name="organisme"
    )
    function = models.CharField("fonction", max_length=24, choices=Function)
    rank = models.PositiveSmallIntegerField(
        "rang",
        default=1,
        validators=[MinValueValidator(1)],
        help_text="1 pour la première personne à prévenir dans cette fonction.",
    )
    starts_on = models.DateField(
        "à partir du", null=True, blank=True, help_text="Compris, à l’heure de l’organisme."
    )
    ends_on = models.DateField(
        "jusqu’au", null=True, blank=True, help_text="Compris, à l’heure de l’organisme."
    )
    origin = models.CharField("origine", max_length=8, choices=Origin, default=Origin.HAND)
    # After an election everybody is unconfirmed until somebody confirms; they are told meanwhile.
    is_confirmed = models.BooleanField("confirmé", default=True)
    history = ChangeHistory()

    class Meta:
        verbose_name = "mandat"
        verbose_name_plural = "mandats"
        ordering = ("organisation", "function", "rank", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(rank__gte=1),
                name="directory_rank_from_one",
                violation_error_message="Le rang commence à 1.",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="directory_mandate_period_in_order",
                violation_error_message="La fin de la période précède son début.",
            ),
        )

    def __str__(self) -> str:
        parts = (
            str(self.organisation),
            self.get_function_display(),
            f"rang {self.rank}",
            self.person.name,
        )
        return " · ".join(filter(None, parts))

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint"."""
        return function_title(self.function, self.rank)

    @property
    def holder_name(self) -> str:
        """How the holder is called; a service without a name by its function."""
        return self.person.name or f"{self.title[:1].upper()}{self.title[1:]}"

    @property
    def escalation_order(self) -> tuple[int, int]:
        """The place in the order in which the organisation's people are told; sorts ascending."""
        return (ESCALATION_ORDER[self.function], self.rank)
