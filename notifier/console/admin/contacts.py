"""Contacts of the communes: searched by name, commune, function and département; edited."""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import ValidationError
from django.db import transaction
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

from notifier.console.admin.base import NOTHING, TitledAdmin, commune_label
from notifier.directory.contacts import (
    NOT_REACHABLE,
    RANK_TAKEN,
    Contact,
    delete_mandates,
    is_rank_taken,
    to_contact,
    write_contacts,
)
from notifier.directory.imports.values import ambiguous_code_question, normalise_commune_code
from notifier.directory.models import (
    OF_COMMUNE,
    Address,
    AddressKind,
    Function,
    Mandate,
    Organisation,
    OrganisationKind,
    Origin,
    Person,
    unknown_commune,
)
from notifier.directory.names import fold
from notifier.mailbox import strip_invisible
from notifier.territory.reference.communes import communes_named, departement_prefix
from notifier.territory.resolution.names import normalise
from notifier.territory.resolve import commune_by_code

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


class ContactForm(forms.ModelForm):  # type: ignore[type-arg] # at run time it takes no parameter
    """A mandate in a commune with its person; asks where the code may be a postal code."""

    commune = forms.CharField(
        label="commune",
        max_length=10,
        help_text="Code officiel géographique d’une commune actuelle, par exemple 90033.",
    )
    is_confirmed = forms.BooleanField(
        label="C’est bien cette commune",
        required=False,
        help_text="À cocher seulement quand le code est aussi un code postal et que la question "
        "est posée ci-dessus.",
    )
    last_name = forms.CharField(label="nom", max_length=100, required=False)
    first_name = forms.CharField(label="prénom", max_length=100, required=False)
    mobile = forms.CharField(
        label="mobile",
        max_length=30,
        required=False,
        help_text="Forme nationale de la commune (06…, 0690…) ou internationale (+41…).",
    )
    email = forms.CharField(label="courriel", max_length=254, required=False)

    author = ""
    """The account that saves it."""

    class Meta:
        model = Mandate
        fields = ("function", "rank", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Others' functions are told by their organisations' pages.
        self.fields["function"].choices = [(f.value, f.label) for f in OF_COMMUNE]  # type: ignore[attr-defined] # a choice field
        if self.instance.pk is not None:
            contact = to_contact(
                self.instance, self.instance.person.addresses.order_by("position", "id")
            )
            for name in ("commune", "last_name", "first_name", "mobile", "email"):
                self.initial[name] = getattr(contact, name)

    def clean(self) -> dict[str, Any]:
        """Put everything into its stored form; ask once, whenever the commune changes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        code = normalise_commune_code(str(cleaned.get("commune") or "").strip().upper())
        cleaned["commune"] = code
        if "commune" in self.errors:
            return cleaned
        if commune_by_code(code) is None:
            self.add_error("commune", unknown_commune(code))
            return cleaned
        is_new = code != self.initial.get("commune")
        if (
            is_new
            and not cleaned.get("is_confirmed")
            and (question := ambiguous_code_question(code))
        ):
            self.add_error("commune", f"{question}, cochez « C’est bien cette commune ».")
        contact = self._contact(code, cleaned)
        try:
            contact.normalise()
        except ValidationError as refusal:
            self.add_error(None, refusal)
            return cleaned
        if not contact.mobile and not contact.email:
            self.add_error(None, NOT_REACHABLE)
        elif not self.errors and is_rank_taken(contact):
            self.add_error(None, RANK_TAKEN)
        self._normalised = contact
        return cleaned

    def save(self, commit: bool = True) -> Mandate:
        """Write the person, their addresses and the mandate, all or nothing."""
        with transaction.atomic():
            (self.instance,) = write_contacts([self._normalised], Origin.HAND, self.author)
        return cast("Mandate", self.instance)

    def _contact(self, code: str, cleaned: dict[str, Any]) -> Contact:
        return Contact(
            commune=code,
            function=str(cleaned.get("function") or ""),
            rank=cleaned.get("rank") or 1,
            last_name=cleaned.get("last_name") or "",
            first_name=cleaned.get("first_name") or "",
            mobile=cleaned.get("mobile") or "",
            email=cleaned.get("email") or "",
            active_from=cleaned.get("starts_on"),
            active_until=cleaned.get("ends_on"),
            mandate=self.instance if self.instance.pk else None,
        )


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


def _unnamed(mandate: Mandate) -> Mandate:
    """Describe the mandate by organisation and function alone."""
    return Mandate(
        pk=mandate.pk,
        person=Person(),
        organisation=mandate.organisation,
        function=mandate.function,
        rank=mandate.rank,
    )


def _first_address(kind: AddressKind) -> Subquery:
    of_person = Address.objects.filter(person=OuterRef("person"), kind=kind)
    return Subquery(of_person.order_by("position", "id").values("value")[:1])


@admin.register(Mandate)
class ContactAdmin(TitledAdmin[Mandate]):
    """Whom to tell in a commune; wrong numbers and communes are refused."""

    form = ContactForm
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
        (None, {"fields": ("commune", "is_confirmed", "function", "rank")}),
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
        """Return the mandates in communes; other organisations are kept by commands."""
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

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Mandate:
        """Return what the form has written; it writes more than one row."""
        form.author = request.user.get_username()
        return cast("Mandate", form.save())

    def save_model(self, request: HttpRequest, obj: Mandate, form: Any, change: bool) -> None:
        """Do nothing: the form has written it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the form has written it."""

    def delete_model(self, request: HttpRequest, obj: Mandate) -> None:
        """Delete the mandate, and its person with the last one."""
        delete_mandates([obj.pk], request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mandate]) -> None:
        """Delete the mandates, and the people who have no other."""
        delete_mandates([mandate.pk for mandate in queryset], request.user.get_username())

    def log_addition(self, request: HttpRequest, obj: Mandate, message: Any) -> Any:
        """Record it without the name: the history outlives the contact."""
        return super().log_addition(request, _unnamed(obj), message)

    def log_change(self, request: HttpRequest, obj: Mandate, message: Any) -> Any:
        """Record it without the name."""
        return super().log_change(request, _unnamed(obj), message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Mandate]) -> Any:
        """Record them without the names."""
        unnamed = [_unnamed(mandate) for mandate in queryset]
        return super().log_deletions(request, unnamed)  # type: ignore[arg-type] # it only iterates

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
        return mandate.first_mobile or ""

    @admin.display(description="courriel", ordering="first_email")
    def email(self, mandate: Any) -> str:
        return mandate.first_email or ""

    @admin.display(description="période", ordering="starts_on")
    def period(self, mandate: Mandate) -> str:
        """When the contact may be told, both days included; a dash for always."""
        bounds = (("du", mandate.starts_on), ("au", mandate.ends_on))
        return " ".join(f"{word} {day:%d/%m/%Y}" for word, day in bounds if day) or NOTHING
