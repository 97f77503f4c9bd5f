"""Conventions and their rules, as stored."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from notifier.directory.models.organisations import Organisation
from notifier.directory.models.people import Mandate


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
    """An agreement between organisations over territories, for a time.

    Its rules say when they are in force: these dates are those of the signed text.
    """

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
    # Who follows it, and is told before it ends: [{"organisation": "epci:…", "functions": […]}].
    owners = models.JSONField("responsables du suivi", default=list, blank=True)
    source = models.CharField("texte publié", max_length=200, blank=True)

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
    # Codes of categories or what they begin with: L01.01.02, L01.01, L01.
    categories = models.JSONField("catégories")
    from_severity = models.CharField("à partir de la gravité", max_length=10, blank=True)
    # Whose territory it applies to; of these sites alone where any are named. By their names, for
    # the row of a site changes with its outline, and a rule whose sites are gone tells of nothing.
    territory_of = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="+",
        # That of the territory and the end serves.
        db_index=False,
        verbose_name="sur le territoire de",
    )
    sites = models.JSONField("lieux", default=list, blank=True)
    lane = models.CharField("urgence", max_length=8, blank=True)
    detail = models.CharField("détail", max_length=10, choices=Detail, default=Detail.FULL)
    needs_release = models.BooleanField("après relais par une personne", default=False)
    # Aware moments, not days: who was told in the morning of an amendment is known as well.
    starts_at = models.DateTimeField("en vigueur à partir de")
    ends_at = models.DateTimeField("jusqu’à", null=True, blank=True)

    class Meta:
        verbose_name = "règle d’une convention"
        verbose_name_plural = "règles des conventions"
        ordering = ("convention", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")), name="directory_rule_in_order"
            ),
        )
        indexes = (
            models.Index(fields=("territory_of", "ends_at"), name="directory_rule_territory"),
        )

    def __str__(self) -> str:
        return f"{self.convention} : règle n° {self.pk}"


class ConventionNarrowing(models.Model):
    """What a commune keeps from the organisations of a convention."""

    convention = models.ForeignKey(
        Convention, on_delete=models.CASCADE, related_name="narrowings", verbose_name="convention"
    )
    commune = models.CharField("commune", max_length=5)
    # As a rule's; empty: all of them.
    categories = models.JSONField("catégories", default=list, blank=True)
    starts_at = models.DateTimeField("à partir de")
    ends_at = models.DateTimeField("jusqu’à", null=True, blank=True)

    class Meta:
        verbose_name = "restriction d’une convention"
        verbose_name_plural = "restrictions des conventions"
        ordering = ("convention", "commune")

    def __str__(self) -> str:
        return f"{self.convention} : restriction de {self.commune}"


class ConventionNotice(models.Model):
    """That the owners of a convention were told of a date that comes up, once."""

    convention = models.ForeignKey(
        Convention, on_delete=models.CASCADE, related_name="notices", verbose_name="convention"
    )
    # The end, or the last day to give notice; a renewal has another.
    deadline = models.DateField("échéance")
    days_before = models.PositiveSmallIntegerField("jours avant")
    told_at = models.DateTimeField("annoncée le")

    class Meta:
        verbose_name = "rappel d’échéance"
        verbose_name_plural = "rappels d’échéance"
        constraints = (
            models.UniqueConstraint(
                fields=("convention", "deadline", "days_before"), name="directory_notice_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.convention} : {self.deadline:%d/%m/%Y}"


class Consent(models.Model):
    """That a resident agreed to be told under « participation citoyenne », and how it is proved.

    Kept after a withdrawal: it proves that texts until then were agreed to.
    """

    mandate = models.ForeignKey(
        Mandate, on_delete=models.CASCADE, related_name="consents", verbose_name="habitant"
    )
    given_on = models.DateField("donné le")
    proof = models.CharField(
        "preuve",
        max_length=200,
        help_text="Comment, et où elle est gardée : « bulletin signé, mairie, registre 2026 ».",
    )
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)
    withdrawn_how = models.CharField("retiré comment", max_length=200, blank=True)
    # Opens the way out to whoever bears it.
    exit_key = models.CharField(max_length=43, unique=True, editable=False)

    class Meta:
        verbose_name = "consentement"
        verbose_name_plural = "consentements"
        constraints = (
            models.UniqueConstraint(
                fields=("mandate",),
                condition=Q(withdrawn_at__isnull=True),
                name="directory_consent_once",
                violation_error_message="Cet habitant a déjà donné son accord.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.mandate} : accord du {self.given_on:%d/%m/%Y}"
