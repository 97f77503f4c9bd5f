"""Find reports by what a person types: a reference, as read or heard."""

from difflib import get_close_matches

from django.db.models import Q, QuerySet

from notifier.intake.formats.message import possible_references
from notifier.intake.models import Report

# How many of the latest references are searched for similar ones.
RECENT = 5_000
MAX_SUGGESTIONS = 3


def reports_named(given: str) -> QuerySet[Report]:
    """Return those under this reference, or else in other case; outer spaces are ignored."""
    possible = possible_references(given.strip())
    exact = Report.objects.filter(incident__reference__in=possible)
    if exact.exists():
        return exact
    in_any_case = Q()
    for reference in possible:
        in_any_case |= Q(incident__reference__iexact=reference)
    return Report.objects.filter(in_any_case)


def similar_references(given: str) -> list[str]:
    """Return up to MAX_SUGGESTIONS recent references that resemble or contain it, best first."""
    latest = Report.objects.order_by("-received_at")
    known = {
        reference.casefold(): reference
        for reference in latest.values_list("incident__reference", flat=True)[:RECENT]
    }
    wanted = given.strip().casefold()
    near = get_close_matches(wanted, known, MAX_SUGGESTIONS, 0.75)
    holding = [reference for reference in known if len(wanted) > 3 and wanted in reference]
    found = list(dict.fromkeys([*near, *holding]))[:MAX_SUGGESTIONS]
    return [known[reference] for reference in found]


def not_found(given: str) -> str:
    """Return what to say of an unknown reference, in French."""
    near = similar_references(given)
    hint = f" ; peut-être {' ou '.join(near)}" if near else " : vérifiez la référence"
    return f"aucune intervention « {given.strip()} »{hint}"
