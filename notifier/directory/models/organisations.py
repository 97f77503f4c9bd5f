"""Organisations and their territories, as stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from notifier.directory.periods import is_within
from notifier.territory.reference.communes import commune_by_code, departement_of
from notifier.territory.zones.departements import departement_by_code
from notifier.territory.zones.epci import epci_by_siren


class OrganisationKind(models.TextChoices):
    """Kind of an organisation that can be told."""

    COMMUNE = "commune", "commune"
    EPCI = "epci", "intercommunalité"
    DEPARTEMENT = "departement", "département"
    PREFECTURE = "prefecture", "préfecture"
    MUNICIPAL_POLICE = "police_municipale", "police municipale"
    GENDARMERIE = "gendarmerie", "unité de gendarmerie"
    POLICE = "police", "unité de police nationale"
    PARTNER = "partenaire", "partenaire"
    QUARTER = "quartier", "quartier (participation citoyenne)"


# Their territory is every commune of the département whose code they bear.
OF_DEPARTEMENT = (OrganisationKind.DEPARTEMENT, OrganisationKind.PREFECTURE)


@dataclass(frozen=True, order=True)
class OrganisationRef:
    """An organisation by its kind and code: 90033 of a commune, the SIREN of an EPCI."""

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"

    @classmethod
    def parse(cls, text: str) -> OrganisationRef:
        """Read "epci:246300701". Raises ValueError in French."""
        kind, colon, code = text.strip().partition(":")
        if not colon or kind not in OrganisationKind.values or not code.strip():
            kinds = ", ".join(OrganisationKind.values)
            raise ValueError(
                f"« {text} » ne désigne pas un organisme : écrire le type, deux-points et le code, "
                f"par exemple commune:90033 ou epci:246300701 (types : {kinds})"
            )
        return cls(kind, code.strip())


def validate_time_zone(name: str) -> None:
    """Refuse what is no time zone: no day could be told from it. Raises ValidationError."""
    if name not in available_timezones():
        raise ValidationError(
            f"« {name} » n’est pas un fuseau horaire : par exemple Europe/Paris ou Indian/Reunion"
        )


def validate_departement(code: str) -> None:
    """Refuse what is no département. Raises ValidationError."""
    if departement_by_code(code) is None:
        raise ValidationError(f"« {code} » n’est pas un département : par exemple 38, 2A ou 974")


def known_departement(kind: str, code: str) -> str:
    """Return the département that an organisation's code tells; "" where it tells none.

    Of a packaged EPCI over several of them, the one with most of its communes.
    """
    match kind:
        case OrganisationKind.COMMUNE:
            return departement_of(code)
        case OrganisationKind.DEPARTEMENT | OrganisationKind.PREFECTURE:
            return code
        case OrganisationKind.EPCI if grouping := epci_by_siren(code):
            counted = Counter(departement_of(commune) for commune in grouping.communes)
            return counted.most_common(1)[0][0]
    return ""


class DepartementField(models.CharField):  # type: ignore[type-arg] # no subscript at run time
    """The département to which an organisation belongs, told by its code or its parent on saving.

    Where neither tells it, it stays as given; empty, the first zone then does (`zones/store.py`).
    """

    def pre_save(self, organisation: Any, add: bool) -> str:  # noqa: ARG002 - Django passes it
        """Compute the value, for forms as for bulk imports."""
        known = known_departement(organisation.kind, organisation.code)
        given = known or organisation.departement
        if not given and organisation.parent_id:
            given = organisation.parent.departement
        organisation.departement = given
        return str(given)

    def deconstruct(self) -> Any:
        """Appear in migrations as a plain CharField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def unknown_commune(code: str) -> str:
    """Say in French that no current commune has the code."""
    return (
        f"Aucune commune actuelle ne porte le code {code} : donnez le code officiel géographique "
        "(pas le code postal)."
    )


class Organisation(models.Model):
    """An organisation that answers for a territory; a commune has a row once it is first used."""

    kind = models.CharField("type", max_length=20, choices=OrganisationKind)
    code = models.CharField(
        "code",
        max_length=30,
        validators=[
            RegexValidator(
                r"^[0-9A-Za-z][0-9A-Za-z_-]*\Z", "Lettres, chiffres et tirets seulement."
            )
        ],
        help_text="Code INSEE d’une commune ou d’un département, SIREN d’une intercommunalité ; "
        "pour les autres un SIREN, un SIRET ou un mot de votre choix.",
    )
    name = models.CharField("nom", max_length=100)
    nature = models.CharField(
        "nature",
        max_length=60,
        blank=True,
        help_text="Par exemple métropole, brigade, bailleur, collège.",
    )
    phone = models.CharField("téléphone", max_length=30, blank=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="organisme supérieur",
    )
    departement = DepartementField(
        "département",
        max_length=3,
        blank=True,
        validators=[validate_departement],
        help_text="Celui dont les administrateurs s’occupent de l’organisme ; connu par le code "
        "d’une commune, d’une intercommunalité, d’un département et d’une préfecture.",
    )
    time_zone = models.CharField(
        "fuseau horaire",
        max_length=40,
        default="Europe/Paris",
        validators=[validate_time_zone],
    )

    class Meta:
        verbose_name = "organisme"
        verbose_name_plural = "organismes"
        ordering = ("kind", "name", "code")
        indexes = (models.Index(fields=("departement",), name="directory_by_departement"),)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "code"),
                name="directory_organisation_once",
                violation_error_message="Un organisme de ce type porte déjà ce code.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def ref(self) -> OrganisationRef:
        """Its kind and code."""
        return OrganisationRef(self.kind, self.code)

    @property
    def zone_info(self) -> ZoneInfo:
        """Its time zone, in which its dates are read."""
        return ZoneInfo(self.time_zone)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Take a commune's name and time zone from the official code. Raises ValidationError."""
        self.code = self.code.strip()
        if self.kind == OrganisationKind.COMMUNE:
            self.code = self.code.upper()
            commune = commune_by_code(self.code)
            if commune is None:
                raise ValidationError({"code": unknown_commune(self.code)})
            self.name, self.time_zone = commune.name, commune.time_zone
        super().clean_fields(exclude)


class ZoneKind(models.TextChoices):
    """How a zone is given."""

    COMMUNE = "commune", "commune"
    POLYGON = "polygone", "contour"
    SITE = "site", "lieu nommé"


class Zone(models.Model):
    """A part of an organisation's territory for a time: a commune, a contour, or a named site."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="zones", verbose_name="organisme"
    )
    kind = models.CharField("type", max_length=8, choices=ZoneKind)
    name = models.CharField("nom", max_length=100, blank=True)
    # As `territory/zones/shapes.py` stores it: GeoJSON, a circle being a Point with `radius_m`.
    # Null of a commune.
    shape = models.JSONField("contour", null=True, blank=True)
    starts_on = models.DateField("à partir du", null=True, blank=True)
    ends_on = models.DateField("jusqu’au", null=True, blank=True)
    origin = models.CharField(
        "origine", max_length=60, blank=True, help_text="Liste fournie et sa date, ou fichier."
    )
    # Of the official code by which its communes are those of a shape (`zones/editions.py`).
    vintage = models.CharField("millésime", max_length=10, blank=True, editable=False)

    class Meta:
        verbose_name = "zone"
        verbose_name_plural = "zones"
        ordering = ("organisation", "kind", "name", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="directory_zone_period_in_order",
                violation_error_message="La fin de la période précède son début.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="site") | ~Q(name=""),
                name="directory_site_has_name",
                violation_error_message="Un lieu porte un nom.",
            ),
            models.CheckConstraint(
                condition=Q(kind="commune") | Q(shape__isnull=False),
                name="directory_zone_has_shape",
                violation_error_message="Un contour ou un lieu a besoin d’un tracé.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} · {self.name or self.get_kind_display()}"

    def is_active(self, day: date) -> bool:
        """Return whether the day is within its period, both ends included."""
        return is_within(day, self.starts_on, self.ends_on)


class ZoneCommune(models.Model):
    """A commune that a zone is, or touches: by these a zone is found from a place."""

    zone = models.ForeignKey(
        Zone, on_delete=models.CASCADE, related_name="communes", verbose_name="zone"
    )
    commune = models.CharField("commune", max_length=5)
    # Then an incident of which only the commune is known lies in the zone; never of a site.
    is_covered = models.BooleanField("commune entière", default=False)

    class Meta:
        verbose_name = "commune d’une zone"
        verbose_name_plural = "communes des zones"
        constraints = (
            # Searches by commune use this key's index, which begins with it.
            models.UniqueConstraint(fields=("commune", "zone"), name="directory_zone_commune_once"),
        )

    def __str__(self) -> str:
        return f"{self.zone} : {self.commune}"
