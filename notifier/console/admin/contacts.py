"""Contacts of the communes: searched by name, commune, function and département; edited."""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Left
from django.http import HttpRequest

from notifier.console.admin.base import NOTHING, TitledAdmin, commune_label
from notifier.directory.imports.values import ambiguous_code_question, normalise_commune_code
from notifier.directory.models import Contact, Function, function_title
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
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Contact]
    ) -> list[tuple[str, str]]:
        """Return the départements present, in order."""
        beginnings = (
            Contact.objects.order_by().values_list(Left("commune", 3), flat=True).distinct()
        )
        present = sorted({departement_prefix(beginning) for beginning in beginnings})
        return [(departement, departement) for departement in present]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        """Return the contacts of the chosen one."""
        chosen = self.value()
        return queryset.filter(commune__startswith=chosen) if chosen else queryset


class ContactForm(forms.ModelForm):  # type: ignore[type-arg] # at run time it takes no parameter
    """A contact's fields, and a question where the commune's code may be a postal code."""

    is_confirmed = forms.BooleanField(
        label="C’est bien cette commune",
        required=False,
        help_text="À cocher seulement quand le code est aussi un code postal et que la question "
        "est posée ci-dessus.",
    )

    def clean(self) -> dict[str, Any]:
        """Ask the question once, whenever the contact's commune changes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        code = normalise_commune_code(str(cleaned.get("commune") or "").strip())
        is_new = code != self.initial.get("commune")
        if (
            is_new
            and not cleaned.get("is_confirmed")
            and (question := ambiguous_code_question(code))
        ):
            self.add_error("commune", f"{question}, cochez « C’est bien cette commune ».")
        return cleaned


def _written_in_contact(term: str) -> Q:
    """Match contacts with that number, or with every word of it in their name or address."""
    digits = re.sub(r"\(0\)|\D", "", term)
    if len(digits) >= _FEWEST_DIGITS and re.fullmatch(r"[+0-9\s.\-/()]+", term):
        # Stored as +33639980001, whether one writes 06 39…, 0033 6 39… or the last digits of it.
        international = term.startswith(("+", "00"))
        return Q(mobile__contains=f"+{digits.lstrip('0')}" if international else digits.lstrip("0"))
    every = Q()
    for word in term.split():
        in_name = Q(*(("name_key__contains", part) for part in fold(word).split()))
        every &= (in_name or Q(pk=None)) | Q(email__contains=word.lower())
    return every


def _unnamed(contact: Contact) -> Contact:
    """Describe the contact by commune and function alone."""
    return Contact(
        pk=contact.pk, commune=contact.commune, function=contact.function, rank=contact.rank
    )


@admin.register(Contact)
class ContactAdmin(TitledAdmin[Contact]):
    """Whom to tell in a commune. The model itself refuses an invalid number or commune."""

    form = ContactForm
    list_display = (
        "where", "quality", "last_name", "first_name", "mobile", "email", "period",
    )  # fmt: skip
    list_display_links = ("where", "quality")
    list_filter = ("function", DepartementFilter)
    ordering = ("commune", ESCALATION, "rank")
    # The box appears only with fields; `get_search_results` is what searches.
    search_fields = ("name_key",)
    search_help_text = (
        "Nom ou prénom, mobile, courriel, code de la commune, ou nom entier de la commune."
    )
    fieldsets = (
        (None, {"fields": ("commune", "is_confirmed", "function", "rank")}),
        ("Personne", {"fields": ("last_name", "first_name", "mobile", "email")}),
        (
            "Période d’activité",
            {
                "fields": ("active_from", "active_until"),
                "description": "Vide : sans limite.",
            },
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """Search what is stored, or by a commune's name ("Saint Denis s/ Loire" too).

        Names are found with or without accents, numbers and addresses as people write them.
        """
        term = strip_invisible(search_term)
        if not term:
            return queryset, False
        codes = {bearer.commune for bearer in communes_named(normalise(term))} | {
            normalise_commune_code(term)
        }
        found = queryset.filter(Q(commune__in=codes) | _written_in_contact(term))
        if ORDER_VAR in request.GET:
            return found, False
        # The commune of that name first: "Delle" stands in many a name.
        of_commune = Case(When(commune__in=codes, then=0), default=1, output_field=IntegerField())
        return found.order_by(of_commune, *found.query.order_by), False

    def log_addition(self, request: HttpRequest, obj: Contact, message: Any) -> Any:
        """Record it without the name: the history outlives the contact."""
        return super().log_addition(request, _unnamed(obj), message)

    def log_change(self, request: HttpRequest, obj: Contact, message: Any) -> Any:
        """Record it without the name."""
        return super().log_change(request, _unnamed(obj), message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Contact]) -> Any:
        """Record them without the names."""
        unnamed = [_unnamed(contact) for contact in queryset]
        return super().log_deletions(request, unnamed)  # type: ignore[arg-type] # it only iterates

    @admin.display(description="commune", ordering="commune")
    def where(self, contact: Contact) -> str:
        return commune_label(contact.commune)

    @admin.display(description="qualité", ordering=ESCALATION)
    def quality(self, contact: Contact) -> str:
        """The function in French: « 2e adjoint »."""
        return function_title(contact.function, contact.rank)

    @admin.display(description="période", ordering="active_from")
    def period(self, contact: Contact) -> str:
        """When the contact may be told, both days included; a dash for always."""
        bounds = (("du", contact.active_from), ("au", contact.active_until))
        return " ".join(f"{word} {day:%d/%m/%Y}" for word, day in bounds if day) or NOTHING
