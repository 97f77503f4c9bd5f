"""Forms about organisations and their territories: filters, what is known of one, zones, an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.accounts.scope import Scope
from notifier.console.forms.territory import departement_choices
from notifier.console.territory import administered_organisation
from notifier.directory.imports.formats.contacts import numbering_commune
from notifier.directory.lookup import LookupRefused
from notifier.directory.models import Organisation, OrganisationKind, ZoneKind
from notifier.directory.organisations import OrganisationError, is_below, make_ref
from notifier.directory.zones.store import NewZone
from notifier.territory.phones import PhoneError, format_number, parse_voice_number
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones.land import communes_touching
from notifier.territory.zones.shapes import ShapeError, read_shape

# Those whose name is known by their code.
KNOWN = (
    OrganisationKind.COMMUNE,
    OrganisationKind.EPCI,
    OrganisationKind.DEPARTEMENT,
    OrganisationKind.PREFECTURE,
)
# More would have to be sent as a file; a territory of this size is a whole région.
MAX_FILE_BYTES = 1_500_000


class OrganisationFilter(django_filters.FilterSet):  # type: ignore[misc] # has no types
    """Which organisations are listed; communes only where they are asked for."""

    kind = django_filters.ChoiceFilter(
        label="Type", choices=OrganisationKind.choices, empty_label="Tous, sauf les communes"
    )
    departement = django_filters.ChoiceFilter(label="Département", empty_label="Tous")
    q = django_filters.CharFilter(label="Nom ou code", method="search")

    class Meta:
        model = Organisation
        fields = ("kind", "departement")

    def __init__(self, *args: Any, departements: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["departement"].extra["choices"] = departement_choices(departements)
        if len(departements) == 1:
            del self.filters["departement"]

    def search(
        self, found: QuerySet[Organisation], _name: str, text: str
    ) -> QuerySet[Organisation]:
        """Return those whose name holds the words, or whose code begins so."""
        return found.filter(Q(name__icontains=text) | Q(code__istartswith=text.strip()))


class OrganisationForm(forms.Form):
    """What is known of an organisation; the code and the kind only of a new one."""

    kind = forms.ChoiceField(label="Type", choices=OrganisationKind.choices)
    code = forms.CharField(
        label="Code",
        max_length=30,
        help_text="Code INSEE d’une commune ou d’un département, SIREN d’une intercommunalité ; "
        "pour les autres un SIREN, un SIRET ou un mot de votre choix, sans accent ni espace.",
    )
    name = forms.CharField(
        label="Nom",
        max_length=100,
        required=False,
        help_text="Inutile pour une commune, une intercommunalité, un département ou une "
        "préfecture : leur code le dit.",
    )
    nature = forms.CharField(
        label="Nature",
        max_length=60,
        required=False,
        help_text="Par exemple brigade, bailleur, collège.",
    )
    phone = forms.CharField(
        label="Téléphone",
        max_length=30,
        required=False,
        help_text="Celui de l’organisme ; il ne reçoit pas d’alerte.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    departement = forms.ChoiceField(
        label="Département",
        required=False,
        help_text="Celui dont les administrateurs s’en occupent ; connu par le code des communes, "
        "intercommunalités, départements et préfectures.",
    )
    parent = forms.CharField(
        label="Organisme supérieur",
        max_length=100,
        required=False,
        help_text="Son nom, ou son type et son code (commune:90033) : ses administrateurs "
        "s’occupent aussi de celui-ci.",
    )

    def __init__(
        self,
        *args: Any,
        departements: Sequence[str],
        scope: Scope,
        one: Organisation | None = None,
        **kwargs: Any,
    ) -> None:
        self.one, self._scope = one, scope
        if one is not None:
            kwargs["initial"] = {
                "name": one.name,
                "nature": one.nature,
                "phone": format_number(one.phone) if one.phone else "",
                "departement": one.departement,
                "parent": str(one.parent.ref) if one.parent else "",
            }
        super().__init__(*args, **kwargs)
        choices = departement_choices(departements)
        others = [("", "–")] if len(choices) > 1 or one is not None else []
        self.fields["departement"].choices = [*others, *choices]  # type: ignore[attr-defined]
        if one is not None:
            del self.fields["kind"], self.fields["code"]
            if one.kind in KNOWN:
                del self.fields["departement"]
            if one.kind == OrganisationKind.COMMUNE:
                del self.fields["name"]

    def clean_parent(self) -> Organisation | None:
        """Find the organisation that is meant, of those that the reader administers."""
        text = self.cleaned_data["parent"].strip()
        if not text:
            return None
        try:
            found = administered_organisation(self._scope, text)
        except (OrganisationError, LookupRefused) as refusal:
            raise forms.ValidationError(f"{refusal}.") from None
        if self.one is not None and is_below(found, self.one):
            raise forms.ValidationError("Un organisme n’est pas au-dessus de lui-même.")
        return found

    def clean(self) -> dict[str, Any]:
        """Read the code and the telephone as they are stored."""
        given: dict[str, Any] = super().clean() or {}
        ref = self.one.ref if self.one else None
        if self.one is None and given.get("kind") and given.get("code"):
            try:
                ref = make_ref(given["kind"], given["code"])
            except OrganisationError as refusal:
                self.add_error("code", str(refusal))
        given["ref"] = ref
        if ref is not None and given.get("phone"):
            try:
                given["phone"] = parse_voice_number(
                    given["phone"],
                    numbering_commune((ref.kind, ref.code)),
                    fiction_allowed=settings.ENVIRONMENT.SIMULATOR,
                )
            except PhoneError as refusal:
                self.add_error("phone", str(refusal))
        return given


class SiteForm(forms.Form):
    """A named place as a circle: its centre in degrees, or shown on the map, and its radius."""

    name = forms.CharField(label="Nom du lieu", max_length=100)
    latitude = forms.CharField(
        label="Latitude",
        max_length=20,
        help_text="En degrés, par exemple 47,5078 ; un clic sur la carte la remplit.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    longitude = forms.CharField(
        label="Longitude",
        max_length=20,
        help_text="En degrés, par exemple 6,9992.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    radius = forms.IntegerField(
        label="Rayon, en mètres", min_value=10, max_value=20_000, initial=200
    )
    starts_on = forms.DateField(
        label="À partir du", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label="Jusqu’au", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """Read the circle, as a zone to store."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        start, end = given.get("starts_on"), given.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", "La fin précède le début.")
        try:
            position = [_degrees(given["longitude"]), _degrees(given["latitude"])]
            shape = read_shape(
                {"type": "Point", "coordinates": position, "radius_m": given["radius"]}
            )
            communes_touching(shape)
        except ValueError as refusal:
            said = str(refusal) if isinstance(refusal, ShapeError) else "position illisible"
            self.add_error("latitude", f"{said[:1].upper()}{said[1:]}.")
            return given
        name = " ".join(given["name"].split())
        given["zone"] = NewZone(ZoneKind.SITE, name, shape.to_geojson(), start, end)
        return given


class CommuneZoneForm(forms.Form):
    """A commune that an organisation's territory gains."""

    commune = forms.CharField(label="Code de la commune", max_length=5)
    starts_on = forms.DateField(
        label="À partir du", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_commune(self) -> str:
        """Return the code of a commune that there is."""
        code: str = self.cleaned_data["commune"].strip().upper()
        if commune_by_code(code) is None:
            raise forms.ValidationError(
                "Aucune commune actuelle ne porte ce code : donner le code officiel géographique "
                "(pas le code postal)."
            )
        return code


class ZoneFileForm(forms.Form):
    """A file of territories, and from when it holds."""

    file = forms.FileField(
        label="Fichier",
        help_text="GeoJSON des contours et des lieux, ou tableau des communes "
        "(organisation;code_commune;du;au) en CSV ou en classeur.",
    )
    from_day = forms.DateField(
        label="Vaut à partir du",
        required=False,
        help_text="Ce que le fichier n’a plus cesse la veille ; sans date, il remplace tout, passé "
        "compris.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is too large to be shown before it is written."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_FILE_BYTES:
            raise forms.ValidationError(
                "Ce fichier dépasse 1,5 Mo : le simplifier, ou le remettre à l’exploitant."
            )
        return file


class LastDayForm(forms.Form):
    """The last day of something."""

    last_day = forms.DateField(
        label="Dernier jour, inclus", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].initial = timezone.localdate().isoformat()


def _degrees(text: str) -> float:
    return float(text.strip().replace(",", ".").removesuffix("°"))
