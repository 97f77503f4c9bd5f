"""Conventions and their rules, as stored."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from notifier.directory.models.organisations import Organisation, Zone


class ConventionKind(models.TextChoices):
    """Kind of an agreement under which further organisations are told."""

    COORDINATION = "coordination", "convention de coordination (CSI L512-4)"
    COUNCIL = "conseil", "CLSPD, CISPD ou CMSPD"
    DEPARTEMENT = "departement", "convention avec le département"
    METROPOLE = "metropole", "convention avec la métropole"
    GPO = "gpo", "gestion des partenariats opérationnels"
    CITIZENS = "participation_citoyenne", "participation citoyenne"
    SECURITY_CONTRACT = "contrat_securite", "contrat de sécurité intégrée"


class Convention(models.Model):
    """An agreement between organisations over territories, for a time."""

    reference = models.SlugField("référence", max_length=60, unique=True)
    kind = models.CharField("type", max_length=24, choices=ConventionKind)
    title = models.CharField("titre", max_length=160)
    starts_on = models.DateField("en vigueur à partir du")
    ends_on = models.DateField("jusqu’au", null=True, blank=True)
    tacit_renewal_months = models.PositiveSmallIntegerField(
        "reconduction tacite, en mois", null=True, blank=True
    )
    notice_days = models.PositiveSmallIntegerField("préavis, en jours", null=True, blank=True)
    parties = models.ManyToManyField(
        Organisation, related_name="conventions", verbose_name="parties"
    )

    class Meta:
        verbose_name = "convention"
        verbose_name_plural = "conventions"
        ordering = ("reference",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="directory_convention_in_order",
                violation_error_message="La fin de la convention précède son début.",
            ),
        )

    def __str__(self) -> str:
        return self.title


class Detail(models.TextChoices):
    """How much of what a mayor may know an organisation reads."""

    FULL = "complet", "comme le maire"
    WITHOUT_PLACE = "sans_lieu", "sans le lieu"
    FIGURE = "chiffre", "un chiffre seulement"


class ConventionRule(models.Model):
    """Which organisation is told of which incidents, where, since when and in what detail.

    A rule is never changed once in force: an amended one ends it and starts another, so that who
    was told under which rule can be answered for any past day.
    """

    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="rules", verbose_name="convention"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="rules", verbose_name="organisme"
    )
    # Functions told, by name; empty: the organisation's people in their order.
    functions = models.JSONField("fonctions", default=list, blank=True)
    # Codes of categories or of families.
    categories = models.JSONField("catégories")
    from_severity = models.CharField("à partir de la gravité", max_length=10, blank=True)
    # Whose territory it applies to; of these zones alone where there are any.
    territory_of = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="sur le territoire de",
    )
    zones = models.ManyToManyField(Zone, blank=True, related_name="rules", verbose_name="lieux")
    lane = models.CharField("urgence", max_length=8, blank=True)
    detail = models.CharField("détail", max_length=10, choices=Detail, default=Detail.FULL)
    needs_release = models.BooleanField("après relais par une personne", default=False)
    starts_on = models.DateField("à partir du")
    ends_on = models.DateField("jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "règle d’une convention"
        verbose_name_plural = "règles des conventions"
        ordering = ("convention", "id")
        indexes = (models.Index(fields=("territory_of",), name="directory_rule_territory"),)

    def __str__(self) -> str:
        return f"{self.convention} : règle n° {self.pk}"


class ConventionNarrowing(models.Model):
    """What a commune keeps from the organisations of a convention."""

    convention = models.ForeignKey(
        Convention, on_delete=models.CASCADE, related_name="narrowings", verbose_name="convention"
    )
    commune = models.CharField("commune", max_length=5)
    # Codes of categories or of families; empty: all of them.
    categories = models.JSONField("catégories", default=list, blank=True)
    starts_on = models.DateField("à partir du")
    ends_on = models.DateField("jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "restriction d’une convention"
        verbose_name_plural = "restrictions des conventions"
        ordering = ("convention", "commune")

    def __str__(self) -> str:
        return f"{self.convention} : restriction de {self.commune}"
