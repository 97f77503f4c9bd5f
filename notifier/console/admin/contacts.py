"""Contacts of the communes: searched by name, commune, function and département.

Addresses are masked, as everywhere: one in clear is revealed on its own page, which notes it.
"""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import (
    Case,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Left
from django.http import HttpRequest

from notifier.console.admin.base import NOTHING, ReadOnlyAdmin, commune_label
from notifier.delivery.address import mask
from notifier.directory.imports.values import normalise_commune_code
from notifier.directory.models import (
    Address,
    AddressKind,
    Function,
    Mandate,
    Organisation,
    OrganisationKind,
)
from notifier.directory.names import fold
from notifier.mailbox import strip_invisible
from notifier.territory.reference.communes import communes_named, departement_prefix
from notifier.territory.resolution.names import normalise

_FEWEST_DIGITS = 6
ESCALATION = Case(
    *(When(function=function, then=Value(place)) for place, function in enumerate(Function)),
    output_field=IntegerField(),
)


class DepartementFilter(admin.SimpleListFilter):
    """Filter by the département of the commune's code; only those with contacts."""

    title = "département"
    parameter_name = "departement"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Mandate]
    ) -> list[tuple[str, str]]:
        """Return the départements present, in order."""
        of_communes = Organisation.objects.filter(kind=OrganisationKind.COMMUNE, mandates__gt=0)
        beginnings = of_communes.order_by().values_list(Left("code", 3), flat=True).distinct()
        present = sorted({departement_prefix(beginning) for beginning in beginnings})
        return [(departement, departement) for departement in present]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mandate]) -> QuerySet[Mandate]:
        """Return the contacts of the chosen one."""
        chosen = self.value()
        return queryset.filter(organisation__code__startswith=chosen) if chosen else queryset


def _written_in_contact(term: str) -> Q:
    """Match contacts with that number, or with every word of it in their name or address."""
    digits = re.sub(r"\(0\)|\D", "", term)
    if len(digits) >= _FEWEST_DIGITS and re.fullmatch(r"[+0-9\s.\-/()]+", term):
        # Stored as +33639980001, whether one writes 06 39…, 0033 6 39… or the last digits of it.
        international = term.startswith(("+", "00"))
        written = f"+{digits.lstrip('0')}" if international else digits.lstrip("0")
        return _has_address(value__contains=written)
    every = Q()
    for word in term.split():
        in_name = Q(*(("person__name_key__contains", part) for part in fold(word).split()))
        in_email = _has_address(kind=AddressKind.EMAIL, value__contains=word.lower())
        every &= (in_name or Q(pk=None)) | in_email
    return every


def _has_address(**lookups: Any) -> Q:
    return Q(Exists(Address.objects.filter(person=OuterRef("person"), **lookups)))


def _first_address(kind: AddressKind) -> Subquery:
    of_person = Address.objects.filter(person=OuterRef("person"), kind=kind)
    return Subquery(of_person.order_by("position", "id").values("value")[:1])


@admin.register(Mandate)
class ContactAdmin(ReadOnlyAdmin[Mandate]):
    """Whom to tell in a commune."""

    list_display = (
        "where", "quality", "last_name", "first_name", "mobile", "email", "period",
    )  # fmt: skip
    list_display_links = ("where", "quality")
    list_filter = ("function", DepartementFilter)
    ordering = ("organisation__code", ESCALATION, "rank")
    # The box appears only with fields; `get_search_results` is what searches.
    search_fields = ("person__name_key",)
    search_help_text = (
        "Nom ou prénom, mobile, courriel, code de la commune, ou nom entier de la commune."
    )
    fieldsets = (
        (None, {"fields": ("where", "quality", "rank", "is_confirmed", "origin")}),
        ("Personne", {"fields": ("last_name", "first_name", "mobile", "email")}),
        (
            "Période d’activité",
            {
                "fields": ("starts_on", "ends_on"),
                "description": "Vide : sans limite.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mandate]:
        """Return the mandates in communes; other organisations have the console alone."""
        rows = super().get_queryset(request).filter(organisation__kind=OrganisationKind.COMMUNE)
        return rows.select_related("organisation", "person").annotate(
            first_mobile=_first_address(AddressKind.MOBILE),
            first_email=_first_address(AddressKind.EMAIL),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Mandate], search_term: str
    ) -> tuple[QuerySet[Mandate], bool]:
        """Search what is stored, or by a commune's name ("Saint Denis s/ Loire" too).

        Names are found with or without accents, numbers and addresses as people write them.
        """
        term = strip_invisible(search_term)
        if not term:
            return queryset, False
        codes = {bearer.commune for bearer in communes_named(normalise(term))} | {
            normalise_commune_code(term)
        }
        found = queryset.filter(Q(organisation__code__in=codes) | _written_in_contact(term))
        if ORDER_VAR in request.GET:
            return found, False
        # The commune of that name first: "Delle" stands in many a name.
        of_commune = Case(
            When(organisation__code__in=codes, then=0), default=1, output_field=IntegerField()
        )
        return found.order_by(of_commune, *found.query.order_by), False

    @admin.display(description="commune", ordering="organisation__code")
    def where(self, mandate: Mandate) -> str:
        return commune_label(mandate.organisation.code)

    @admin.display(description="qualité", ordering=ESCALATION)
    def quality(self, mandate: Mandate) -> str:
        """The function in French: « 2e adjoint »."""
        return mandate.title

    @admin.display(description="nom", ordering="person__last_name")
    def last_name(self, mandate: Mandate) -> str:
        return mandate.person.last_name

    @admin.display(description="prénom", ordering="person__first_name")
    def first_name(self, mandate: Mandate) -> str:
        return mandate.person.first_name

    @admin.display(description="mobile", ordering="first_mobile")
    def mobile(self, mandate: Any) -> str:
        return mask(mandate.first_mobile) if mandate.first_mobile else ""

    @admin.display(description="courriel", ordering="first_email")
    def email(self, mandate: Any) -> str:
        return mask(mandate.first_email) if mandate.first_email else ""

    @admin.display(description="période", ordering="starts_on")
    def period(self, mandate: Mandate) -> str:
        """When the contact may be told, both days included; a dash for always."""
        bounds = (("du", mandate.starts_on), ("au", mandate.ends_on))
        return " ".join(f"{word} {day:%d/%m/%Y}" for word, day in bounds if day) or NOTHING
