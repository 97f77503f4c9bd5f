"""Every component of the console in all its states, for whoever makes the next page."""

from datetime import timedelta

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from notifier.console.charts import Chart, Series
from notifier.console.pages.access import ConsoleRequest, page


class _Sample(forms.Form):
    name = forms.CharField(label="Nom", help_text="Comme sur l’acte de nomination.")
    mobile = forms.CharField(label="Portable", required=False, help_text="06 39 98 00 12")
    function = forms.ChoiceField(
        label="Fonction", choices=[("", "Choisir…"), ("mayor", "Maire"), ("deputy", "Adjoint")]
    )
    days = forms.MultipleChoiceField(
        label="Jours",
        choices=[("sa", "samedi"), ("di", "dimanche")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    until = forms.DateField(
        label="Jusqu’au", widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    why = forms.CharField(label="Motif", widget=forms.Textarea(attrs={"rows": 3}))
    sure = forms.BooleanField(label="Prévenir aussi la préfecture", required=False)


class _Filter(forms.Form):
    q = forms.CharField(label="Commune", required=False)
    state = forms.ChoiceField(label="État", required=False, choices=[("", "Tous"), ("r", "Reçues")])


@page()
@require_safe
def design(request: ConsoleRequest) -> HttpResponse:
    """Show the components; the sample data are nobody's."""
    if not request.scope.is_platform:
        raise PermissionDenied
    now = timezone.now()
    months = ("juin", "juil.", "août", "sept.", "oct.", "nov.")
    context = {
        "now": now,
        "recent": now - timedelta(minutes=4),
        "older": now - timedelta(days=3, hours=5),
        "form": _Sample(),
        "refused": _Sample({"name": "", "function": "", "mobile": "12", "why": ""}),
        "filters": _Filter(request.GET),
        "bars": Chart("Alertes par mois", months, (Series("Alertes", (12, 18, 9, 24, 1340, 21)),)),
        "lines": Chart(
            "De l’intervention à la réception, en secondes",
            months,
            (
                Series("Médiane", (2.1, 2.4, 1.9, 2.2, 3.0, 2.0)),
                Series("95e centile", (6.5, 7.1, 5.9, 8.4, 11.2, None)),
            ),
        ),
    }
    return render(request, "design.html", context)
