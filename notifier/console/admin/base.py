"""Shared by the pages of several models: read-only, searched by reference, formatted for people."""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from notifier.alerting.policy.current import categories, label_of
from notifier.intake.formats.message import possible_references
from notifier.intake.models import Incident
from notifier.moments import stamped_hour
from notifier.territory.reference.communes import commune_by_code

Stored = TypeVar("Stored", bound=Model)

NOTHING = "—"

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
else:

    class ModelAdmin(admin.ModelAdmin):
        """Django's own, which the type checker knows by its model and Python does not."""

        def __class_getitem__(cls, _model: object) -> type:
            return cls


class TitledAdmin(ModelAdmin[Stored]):
    """Pages titled with the model's name, where Django's French title is ungrammatical."""

    list_per_page = 50
    # What other pages ask this list for in their links, besides its own filters.
    linked_by: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the list's filters and the links of other pages ask for, and nothing else.

        Django lets an address query any column: a secret could be read letter by letter, and a
        column without such a lookup, or a NUL in one for PostgreSQL, is a server error.
        """
        return lookup in self.own_lookups(request) and "\0" not in value

    def own_lookups(self, request: HttpRequest) -> set[str]:
        """Return the parameters that a link to this list may have."""
        lookups = set(self.linked_by)
        for wanted in self.get_list_filter(request):
            if isinstance(wanted, type) and issubclass(wanted, admin.SimpleListFilter):
                lookups.add(str(wanted.parameter_name))
            else:
                field = str(wanted[0] if isinstance(wanted, tuple) else wanted)
                is_relation = get_fields_from_path(self.model, field)[-1].is_relation
                exact = "__id__exact" if is_relation else "__exact"
                lookups |= {f"{field}{exact}", f"{field}__isnull"}
        return lookups

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, titled with the model's plural."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one object, titled with the model's name."""
        context = {"title": capfirst(self.opts.verbose_name), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class ReadOnlyAdmin(TitledAdmin[Stored]):
    """Read-only pages: nothing is added, changed or deleted, by whatever request."""

    # Counting a year of messages twice, or by each filter, would be the slowest part of the page.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse, for one object as for the action on a list."""
        return False


class IncidentAdmin(ReadOnlyAdmin[Stored]):
    """What belongs to an incident: found by the reference that dispatch gave."""

    empty_value_display = NOTHING
    # The way from the model to its incident's id.
    incident = "incident_id"
    linked_by: tuple[str, ...] = ("incident_id",)
    # The box appears only with fields; `get_search_results` is what searches.
    search_fields = ("incident_id",)
    search_help_text = "Référence entière, telle que le centre d’opérations l’a donnée."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stored]:
        """With each one's reference, which the journal and the messages know by a number only."""
        mine = Incident.objects.filter(pk=OuterRef(self.incident))
        found: QuerySet[Stored] = super().get_queryset(request)
        reference = Subquery(mine.values("reference"))
        return found.annotate(incident_reference=reference)  # type: ignore[return-value] # the stubs make two types of it

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Stored], search_term: str
    ) -> tuple[QuerySet[Stored], bool]:
        """Exactly that reference, of any source: answered by an index, however long the log is."""
        reference = search_term.strip()
        if not reference:
            return queryset, False
        possible = possible_references(reference)
        incidents = Incident.objects.filter(reference__in=possible).values("pk")
        return queryset.filter(**{f"{self.incident}__in": incidents}), False

    @admin.display(description="référence", ordering="incident_id")
    def reference(self, stored: Any) -> str:
        """As its source gave it; of what concerns no incident, or several, none."""
        return stored.incident_reference or NOTHING


def format_moment(at: datetime | None) -> str:
    """Format a moment to the second, in the time of metropolitan France."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return f"{local:%d/%m/%Y}\N{NO-BREAK SPACE}{stamped_hour(local)}"


def commune_label(code: str) -> str:
    """Return `Delle (90033)`, or the bare code of a commune that has ceased to exist."""
    known = commune_by_code(code)
    return known.label if known else code


def category_label(code: str) -> str:
    """Return the category as mayors read it, with its code."""
    return f"{label_of(code)} ({code})" if categories().get(code) else label_of(code)


def lines_html(texts: list[str]) -> SafeString | str:
    """Return the texts one below the other, escaped."""
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts)) or NOTHING


def table_html(header: list[str], rows: list[list[str | SafeString]]) -> SafeString | str:
    """Return a table; every cell is escaped unless it is markup already."""
    if not rows:
        return NOTHING
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in header))
    cells = (format_html_join("", "<td>{}</td>", ((cell,) for cell in row)) for row in rows)
    body = format_html_join("", "<tr>{}</tr>", ((row,) for row in cells))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


def list_link(model: type[Model], text: str, **only: str) -> SafeString:
    """Return a link to a model's list, filtered by `only`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(only), text)
