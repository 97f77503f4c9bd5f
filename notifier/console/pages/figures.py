"""Chiffres: what a council, a CLSPD or a préfet asks for once a year; on paper and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from notifier.accounts.access_log import record_access
from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.figures.export import HEADER, figures_table
from notifier.alerting.figures.published import Line, Published, publish
from notifier.alerting.figures.territory import Period, figures_of_period
from notifier.console.charts import Chart, Series
from notifier.console.downloads import table_answer
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.reauthentication import reauthenticated
from notifier.console.territory import departements_of
from notifier.directory.lookup import LookupRefused, organisation_named
from notifier.directory.models import Organisation
from notifier.moments import written_month
from notifier.territory.reference.communes import first_commune_in
from notifier.territory.zones.departements import departement_by_code

SEE = Permission.SEE_FIGURES
# On the page; the file has them all.
MAX_COMMUNES = 30
_FIRST_YEAR = 2024
# As they stand below a chart.
_SHORT = {
    "Janvier": "janv.", "Février": "févr.", "Avril": "avr.", "Juillet": "juil.",
    "Septembre": "sept.", "Octobre": "oct.", "Novembre": "nov.", "Décembre": "déc.",
}  # fmt: skip
_MONTHS = [(n, written_month(date(2000, n, 1)).split()[0]) for n in range(1, 13)]


class FiguresForm(forms.Form):
    """Of which territory, and of which year or month."""

    annee = forms.TypedChoiceField(label="Année", coerce=int)
    mois = forms.TypedChoiceField(label="Mois", coerce=int, required=False, empty_value=None)
    departement = forms.ChoiceField(label="Département", required=False)
    organisme = forms.CharField(
        label="Commune ou organisme", required=False, max_length=100,
        help_text="Nom ou code ; vide : tout le territoire.",
    )  # fmt: skip

    def __init__(self, scope: Scope, given: Any) -> None:
        this_year = timezone.localdate().year
        codes = departements_of(scope, SEE)
        is_everything = scope.territory(SEE).is_everything
        defaults = {"annee": str(this_year), "departement": codes[0] if is_everything else ""}
        super().__init__({**defaults, **{name: given[name] for name in given}})
        self._scope = scope
        years = range(this_year, min(_FIRST_YEAR, this_year) - 1, -1)
        self.fields["annee"].choices = [(year, str(year)) for year in years]  # type: ignore[attr-defined] # a choice field
        self.fields["mois"].choices = [("", "toute l’année"), *_MONTHS]  # type: ignore[attr-defined] # as above
        named = [(code, _departement_label(code)) for code in codes]
        # The whole country in one table would be nobody's territory, and too much for a page.
        whole = [] if is_everything else [("", "tout mon territoire")]
        self.fields["departement"].choices = [*whole, *named]  # type: ignore[attr-defined] # as above
        if len(named) < 2 and whole:
            self.fields["departement"].widget = forms.HiddenInput()

    def clean_organisme(self) -> Organisation | None:
        """Find the organisation that is meant, of those that exist for the reader."""
        text = self.cleaned_data["organisme"].strip()
        if not text:
            return None
        try:
            return organisation_named(self._scope.organisations(SEE), text)
        except LookupRefused as refused:
            raise forms.ValidationError(str(refused)) from None


@dataclass(frozen=True)
class Chosen:
    """A territory within the reader's: one organisation, a département, or all of it."""

    label: str
    where: dict[str, str]
    zone: ZoneInfo
    sees_all: bool


@page(SEE)
@require_safe
def figures(request: ConsoleRequest) -> HttpResponse:
    """Show the figures of a territory and a year or a month."""
    form = FiguresForm(request.scope, request.GET)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        chosen = _chosen(request.scope, form)
        period = Period(form.cleaned_data["annee"], form.cleaned_data["mois"], chosen.zone)
        published = _published(request.scope, chosen, period)
        context |= {
            "chosen": chosen,
            "period": _in_words(period),
            "figures": published,
            "communes": published.communes[:MAX_COMMUNES],
            "more_communes": max(0, len(published.communes) - MAX_COMMUNES),
            "charts": _charts(published),
            "query": {name: request.GET[name] for name in form.fields if request.GET.get(name)},
            "may_export": request.scope.has(Permission.EXPORT),
        }
    return render(request, "figures.html", context)


@page(Permission.EXPORT)
@require_POST
@reauthenticated
def export_figures(request: ConsoleRequest) -> HttpResponse:
    """Send the same figures, every commune among them, as CSV or XLSX; the journal notes it."""
    form = FiguresForm(request.scope, request.POST)
    if not request.scope.has(SEE) or not form.is_valid():
        return render(request, "figures.html", {"form": form}, status=422)
    chosen = _chosen(request.scope, form)
    period = Period(form.cleaned_data["annee"], form.cleaned_data["mois"], chosen.zone)
    table = figures_table(_published(request.scope, chosen, period))
    what = f"a exporté les chiffres de {chosen.label}, {_in_words(period)}"
    record_access(request.user, what, rows=len(table))
    name = f"chiffres-{period.year}" + (f"-{period.month:02d}" if period.month else "")
    return table_answer(HEADER, table, name, request.POST.get("format", "csv"))


def _published(scope: Scope, chosen: Chosen, period: Period) -> Published:
    counted = figures_of_period(
        scope.alerts(SEE).filter(**chosen.where),
        scope.notifications(SEE).filter(**chosen.where),
        period,
    )
    return publish(counted, sees_all=chosen.sees_all)


def _chosen(scope: Scope, form: FiguresForm) -> Chosen:
    organisation, code = form.cleaned_data["organisme"], form.cleaned_data["departement"]
    all_counts = Permission.SEE_ALL_COUNTS
    if organisation is not None:
        sees_all = scope.organisations(all_counts).filter(pk=organisation.pk).exists()
        where = {"organisation_kind": organisation.kind, "organisation": organisation.code}
        return Chosen(str(organisation), where, organisation.zone_info, sees_all)
    sees_all = scope.territory(all_counts) == scope.territory(SEE)
    if code:
        sees_all = sees_all or code in scope.territory(all_counts).departements
        return Chosen(_departement_label(code), {"departement": code}, _zone(code), sees_all)
    return Chosen("tout mon territoire", {}, _zone(departements_of(scope, SEE)[0]), sees_all)


def _zone(departement: str) -> ZoneInfo:
    first = first_commune_in(departement)
    return ZoneInfo(first.time_zone if first else settings.TIME_ZONE)


def _departement_label(code: str) -> str:
    found = departement_by_code(code)
    return f"{found.name} ({code})" if found else code


def _in_words(period: Period) -> str:
    return written_month(period.first) if period.month else f"année {period.year}"


def _charts(published: Published) -> dict[str, Chart]:
    """Draw months and families; hidden counts have no bar."""
    months = published.months
    charts = {}
    if len(months) > 1:
        names = [
            _SHORT.get(name, name.lower()) for name in (line.label.split()[0] for line in months)
        ]
        charts["months"] = Chart("Alertes par mois", names, _alert_series(months))
        timed = [line.delay for line in months]
        if any(timed):
            delays = (
                Series("médiane", [each.median if each else None for each in timed]),
                Series("95 %", [each.p95 if each else None for each in timed]),
            )
            title = "Secondes du signalement à la réception"
            charts["delays"] = Chart(title, names, delays, decimals=1)
    return charts


def _alert_series(lines: Sequence[Line]) -> tuple[Series, ...]:
    if lines and lines[0].reached is None:
        return (Series("alertes", [line.alerts.value for line in lines]),)
    return (
        Series("reçues", [line.reached.value if line.reached else None for line in lines]),
        Series("sans accusé", [
            line.without_receipt.value if line.without_receipt else None for line in lines
        ]),
        Series("non reçues", [
            line.not_reached.value if line.not_reached else None for line in lines
        ]),
    )  # fmt: skip
