"""The filters of the directory's history."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from notifier.directory.history import touching
from notifier.directory.models import Change, ChangeKind, Organisation


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class HistoryFilter(django_filters.FilterSet):  # type: ignore[misc] # django_filters has no types
    """By organisation, author, kind and period."""

    organisme = django_filters.CharFilter(
        method="of_organisation", label="Commune ou organisme", help_text="Nom ou code"
    )
    auteur = django_filters.CharFilter(field_name="author", lookup_expr="icontains", label="Auteur")
    type = django_filters.ChoiceFilter(
        field_name="kind", choices=ChangeKind.choices, label="Type", empty_label="Tous"
    )
    depuis = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label="Depuis le", widget=_date()
    )
    jusqu_au = django_filters.DateFilter(
        field_name="at", lookup_expr="date__lte", label="Jusqu’au", widget=_date()
    )

    class Meta:
        model = Change
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, organisations: QuerySet[Organisation], **options: Any) -> None:
        self._organisations = organisations
        super().__init__(*args, **options)

    def of_organisation(self, changes: QuerySet[Change], _: str, text: str) -> QuerySet[Change]:
        """Keep those that touched organisations of this name or code; "commune:90033" too."""
        kind, colon, code = text.strip().partition(":")
        named = Q(code__iexact=text.strip()) | Q(name__iexact=text.strip())
        if colon:
            named |= Q(kind=kind, code=code)
        return touching(changes, self._organisations.filter(named))
