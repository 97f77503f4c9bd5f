"""Territoire: how each commune would be reached tonight, and what to mend first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from notifier.accounts.access_log import record_access
from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.console.downloads import table_answer
from notifier.console.forms.territory import BY_NAME, CoverageFilter
from notifier.console.french import number
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.reauthentication import reauthenticated
from notifier.console.templatetags.map import MapState
from notifier.console.territory import departements_of
from notifier.directory.availability import makes_calls
from notifier.directory.commune_coverage import (
    CommuneCoverage,
    Reach,
    ToMend,
    communes_coverage,
    named_like,
    reaches,
)
from notifier.directory.coverage import tonight
from notifier.directory.coverage_table import HEADER, coverage_table
from notifier.directory.models import CoverageCheck
from notifier.directory.names import fold
from notifier.territory.zones.departements import Departement, departement_by_code

SEE = Permission.SEE_PEOPLE
_PAGE = 60
_KINDS = {
    Reach.NOBODY: "danger",
    Reach.LANDLINE: "danger",
    Reach.MAIL: "danger",
    Reach.VOICE: "wait",
    Reach.SINGLE: "wait",
    Reach.PHONE: "ok",
}


@dataclass(frozen=True)
class Night:
    """The communes of a département that a reader may see, as they would be reached tonight."""

    departement: Departement
    at: datetime
    communes: list[CommuneCoverage]


def night_of(scope: Scope, departement: str, permission: Permission) -> Night:
    """Return them. Raises Http404 for a département out of scope."""
    found = departement_by_code(departement)
    if found is None or departement not in departements_of(scope, permission):
        raise Http404
    at = tonight(departement, timezone.now())
    within = scope.communes(permission)
    everything = within.is_everything or departement in within.departements
    communes = communes_coverage(departement, at)
    return Night(
        found, at, [one for one in communes if everything or one.commune.code in within.codes]
    )


@page(SEE)
@require_safe
def territory(request: ConsoleRequest) -> HttpResponse:
    """Show the communes of a département, what is worst first; of many, the départements."""
    departements = departements_of(request.scope, SEE)
    form = CoverageFilter(request.GET, departements)
    asked = form.cleaned_data if form.is_valid() else {}
    if not asked and request.GET.get("departement"):
        raise Http404
    departement = asked.get("departement") or (departements[0] if len(departements) == 1 else "")
    if not departement:
        return _departements(request, departements)
    night = night_of(request.scope, departement, SEE)
    shown = chosen(night.communes, asked.get("a_corriger", ""), asked.get("q", ""))
    ordered = sorted(shown, key=_by_name if asked.get("tri") == BY_NAME else _by_urgency)
    rows, next_key = _part(ordered, request.GET.get("apres", ""))
    counts = Counter(one.reach for one in night.communes)
    form.initial["departement"] = departement
    return render(
        request,
        "territory/communes.html",
        {
            "form": form,
            "night": night,
            "rows": [(one, _KINDS[one.reach]) for one in rows],
            "caption": "1 commune" if len(shown) == 1 else f"{number(len(shown))} communes",
            "next_key": next_key,
            "silent": sum(one.is_to_mend(ToMend.SILENT) for one in night.communes),
            "single": counts[Reach.SINGLE],
            "unconfirmed": sum(one.is_to_mend(ToMend.UNCONFIRMED) for one in night.communes),
            "failing": sum(one.is_to_mend(ToMend.FAILING) for one in night.communes),
            "legend": [
                MapState(reach, _capital(reach.label), counts[reach]) for reach in reaches()
            ],
            "makes_calls": makes_calls(),
            "states_url": reverse("console:territory-states", args=[departement]),
            "several": len(departements) > 1,
            "query": {name: asked[name] for name in ("a_corriger", "q") if asked.get(name)},
            "may_export": request.scope.has(Permission.EXPORT),
        },
    )


@page(SEE)
@require_safe
def states(request: ConsoleRequest, departement: str) -> HttpResponse:
    """Return in which state each commune of a département is, for the map."""
    night = night_of(request.scope, departement, SEE)
    return JsonResponse(
        {c.commune.code: {"state": c.reach, "label": c.reach.label} for c in night.communes}
    )


@page(Permission.EXPORT)
@require_POST
@reauthenticated
def export_territory(request: ConsoleRequest, departement: str) -> HttpResponse:
    """Send the communes that are asked for as CSV or XLSX; the journal notes it."""
    if not request.scope.has(SEE):
        raise PermissionDenied
    night = night_of(request.scope, departement, SEE)
    form = CoverageFilter(request.POST, [departement])
    asked = form.cleaned_data if form.is_valid() else {}
    found = chosen(night.communes, asked.get("a_corriger", ""), asked.get("q", ""))
    rows = coverage_table(sorted(found, key=_by_urgency))
    what = f"a exporté les communes du département {departement} et qui y serait joint"
    record_access(request.user, what, departement=departement, rows=len(rows))
    name = f"territoire-{departement}"
    return table_answer(HEADER, rows, name, request.POST.get("format", "csv"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def chosen(found: list[CommuneCoverage], to_mend: str, text: str) -> list[CommuneCoverage]:
    """Return those that are asked for."""
    if to_mend:
        found = [one for one in found if one.is_to_mend(ToMend(to_mend))]
    return named_like(found, text) if text else found


def _by_urgency(one: CommuneCoverage) -> tuple[object, ...]:
    return one.urgency


def _by_name(one: CommuneCoverage) -> tuple[object, ...]:
    return fold(one.commune.name), one.commune.code


def _part(ordered: list[CommuneCoverage], after: str) -> tuple[list[CommuneCoverage], str]:
    """Return the page after a commune, and the code after which the next begins."""
    codes = [one.commune.code for one in ordered]
    start = codes.index(after) + 1 if after in codes else 0
    rows = ordered[start : start + _PAGE]
    is_last = start + _PAGE >= len(ordered)
    return rows, "" if is_last or not rows else rows[-1].commune.code


@dataclass(frozen=True)
class _Checked:
    """A département in the list of all, as it was last looked at."""

    departement: Departement
    check: CoverageCheck | None

    @property
    def silent(self) -> int | None:
        """How many communes have no telephone that rings; None where nobody has looked."""
        counts = self.counts
        return int(counts["nobody"]) + int(counts["mail"]) if counts else None

    @property
    def counts(self) -> dict[str, int]:
        """What the check counted; empty where nobody has looked."""
        return self.check.counts if self.check else {}

    @property
    def failing(self) -> int | None:
        """How many addresses are passed over."""
        return self.counts.get("failing")

    @property
    def unconfirmed(self) -> int | None:
        """How many mandates are to be confirmed."""
        return self.counts.get("unconfirmed")


def _departements(request: ConsoleRequest, codes: list[str]) -> HttpResponse:
    """Let a reader of several départements choose; the counts are those of the last check."""
    checks = {
        check.departement: check for check in CoverageCheck.objects.filter(departement__in=codes)
    }
    rows = [_Checked(one, checks.get(code)) for code in codes if (one := departement_by_code(code))]
    rows.sort(key=lambda row: (-(row.silent or 0), row.departement.code))
    return render(request, "territory/departements.html", {"rows": rows})
