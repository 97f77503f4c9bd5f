"""What dispatch reported: read-only, except that a person may decide the commune."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from notifier.alerting.models import Alert, Notification
from notifier.alerting.review.decisions import ReviewError, decide_communes, dismiss, waiting
from notifier.console.admin.base import (
    NOTHING,
    IncidentAdmin,
    category_label,
    commune_label,
    format_moment,
    lines_html,
    list_link,
    table_html,
)
from notifier.console.clues import clues_of
from notifier.console.forms.decision import DecisionForm, DismissalForm
from notifier.delivery.models import Message
from notifier.intake.models import Report
from notifier.journal.models import Entry
from notifier.journal.write import timeline
from notifier.territory.resolve import Verdict

VERDICTS = {
    Verdict.CERTAIN: "certaine",
    Verdict.EDGE: "en limite de commune",
    Verdict.CONFLICT: "indices contradictoires",
    Verdict.UNKNOWN: "indices insuffisants",
    "decided": "décidée par une personne",
    "": NOTHING,
}
PLACE = {
    "insee": "code INSEE",
    "communes": "codes INSEE",
    "name": "commune",
    "postal_code": "code postal",
    "latitude": "latitude",
    "longitude": "longitude",
    "radius_m": "rayon (m)",
    "precision": "précision du point",
    "polygon": "zone",
    "label": "lieu",
}


@admin.register(Report)
class ReportAdmin(IncidentAdmin[Report]):
    """Nothing of it can be changed; a person may only say which commune it concerns."""

    linked_by = ()
    list_display = (
        "received", "reference", "sequence", "source", "what", "verdict_label", "state",
    )  # fmt: skip
    list_display_links = ("received", "reference")
    list_filter = ("state", "incident__source", "exercise")
    list_select_related = ("incident__source",)
    fieldsets = (
        (None, {"fields": ("reference", "sequence", "source", "received", "state", "reason")}),
        ("Annoncé", {"fields": ("what", "status", "severity", "occurred", "exercise", "place")}),
        (
            "Commune",
            {"fields": ("verdict_label", "where", "clue_table", "decided", "decision_reason")},
        ),
        ("Déroulé", {"fields": ("steps", "links")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the decision to Django's."""
        decide = self.admin_site.admin_view(self.decide_view)
        own = path("<uuid:pk>/commune/", decide, name="intake_report_decide")
        return [own, *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the incident's waiting reports, their clues, and the decision in two steps."""
        asked = get_object_or_404(Report.objects.select_related("incident__source"), pk=pk)
        together = sorted(waiting().filter(incident=asked.incident_id), key=lambda i: -i.sequence)
        if not together:
            messages.warning(request, f"{asked} n’attend pas, ou plus, de décision.")
            return HttpResponseRedirect(reverse("admin:intake_report_change", args=[pk]))
        if together[0].is_resources_only:
            return self._dismiss_view(request, together)
        form = DecisionForm(together, request.POST if request.method == "POST" else None)
        if form.is_valid() and form.is_confirmed and self._decide(request, together, form):
            return HttpResponseRedirect(reverse("admin:intake_report_changelist"))
        context = {
            "title": f"Quelle commune ? {asked.reference}",
            "opts": Report._meta,
            "original": asked,
            "form": form,
            "compared": [
                (i, format_moment(i.received_at), self.what(i), clue_table(i)) for i in together
            ],
        }
        everywhere = self.admin_site.each_context(request)
        template = "admin/intake/report/decide.html"
        return TemplateResponse(request, template, everywhere | context)

    def _dismiss_view(self, request: HttpRequest, together: list[Report]) -> HttpResponse:
        """Show resources whose report never came: what to do, and how to close the matter."""
        form = DismissalForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            who, why = request.user.get_username(), form.cleaned_data["why"]
            try:
                dismiss(together, who=who, why=why)
            except ReviewError as error:
                form.add_error(None, f"{str(error)[:1].upper()}{str(error)[1:]}.")
            else:
                self.log_change(request, together[0], "Classée sans suite.")
                messages.success(request, f"{together[0].reference} : classée sans suite.")
                return HttpResponseRedirect(reverse("admin:intake_report_changelist"))
        context = {
            "title": f"Moyens sans intervention : {together[0].reference}",
            "opts": Report._meta,
            "original": together[0],
            "received": format_moment(together[0].received_at),
            "form": form,
        }
        everywhere = self.admin_site.each_context(request)
        template = "admin/intake/report/dismiss.html"
        return TemplateResponse(request, template, everywhere | context)

    def _decide(self, request: HttpRequest, together: list[Report], form: DecisionForm) -> bool:
        codes = form.cleaned_data["codes"]
        who = request.user.get_username()
        try:
            decided = decide_communes(together, codes, who=who, why=form.cleaned_data["why"])
        except ReviewError as error:
            text = str(error)
            form.refuse(f"{text[:1].upper()}{text[1:]}.")
            return False
        chosen = ", ".join(map(commune_label, codes))
        self.log_change(request, decided, f"Commune décidée : {chosen}.")
        messages.success(request, f"{decided} : {chosen}. L’intervention reprend son cours.")
        return True

    @admin.display(description="reçue le", ordering="received_at")
    def received(self, report: Report) -> str:
        return format_moment(report.received_at)

    @admin.display(description="source", ordering="incident__source")
    def source(self, report: Report) -> SafeString:
        """The way to it."""
        address = reverse("admin:intake_source_change", args=[report.source.pk])
        return format_html('<a href="{}">{}</a>', address, report.source)

    @admin.display(description="survenue le")
    def occurred(self, report: Report) -> str:
        return format_moment(report.occurred_at)

    @admin.display(description="catégorie", ordering="category")
    def what(self, report: Report) -> str:
        """The category as mayors read it."""
        return category_label(report.category)

    @admin.display(description="localisation", ordering="verdict")
    def verdict_label(self, report: Report) -> str:
        """How certain the commune is."""
        return VERDICTS.get(report.verdict, report.verdict)

    @admin.display(description="lieu")
    def place(self, report: Report) -> SafeString | str:
        """The place as dispatch gave it."""
        return lines_html(
            [
                f"{PLACE.get(key, key)} : {_given(key, given)}"
                for key, given in report.location.items()
                if given
            ]
        )

    @admin.display(description="commune")
    def where(self, report: Report) -> SafeString | str:
        """The commune that was found or decided."""
        return lines_html([commune_label(code) for code in report.communes])

    @admin.display(description="indices")
    def clue_table(self, report: Report) -> SafeString | str:
        """The clues side by side."""
        return clue_table(report)

    @admin.display(description="décision")
    def decided(self, report: Report) -> str:
        """Which commune, by whom."""
        if not report.decided_communes:
            return NOTHING
        chosen = ", ".join(map(commune_label, report.decided_communes))
        return f"{chosen}, par {report.decided_by}"

    @admin.display(description="étapes")
    def steps(self, report: Report) -> SafeString | str:
        """The journal of the incident."""
        entries = timeline(report.incident_id)
        rows: list[list[str | SafeString]] = [
            [format_moment(entry.at), entry.get_step_display(), entry.text] for entry in entries
        ]
        return table_html(["Heure", "Étape", "Ce qui s’est passé"], rows)

    @admin.display(description="voir aussi")
    def links(self, report: Report) -> SafeString:
        """Links to what was sent and logged."""
        number = str(report.incident_id)
        found = (
            list_link(Alert, "alertes", incident__id__exact=number),
            list_link(Notification, "notifications", incident__id__exact=number),
            list_link(Message, "messages", incident_id=number),
            list_link(Entry, "lignes du journal", incident_id=number),
        )
        return format_html_join(" · ", "{}", ((link,) for link in found))


def clue_table(report: Report) -> SafeString | str:
    """Return a row for each clue: what was given, which communes it allows, what it says."""
    rows: list[list[str | SafeString]] = [
        [clue.kind, clue.given, clue.communes or NOTHING, clue.says] for clue in clues_of(report)
    ]
    return table_html(["Indice", "Donné", "Communes possibles", "Ce qu’il dit"], rows)


def _given(key: str, given: Any) -> str:
    """Return the clue as dispatch gave it; for an area, its number of corners."""
    if key == "communes":
        return ", ".join(given)
    if key == "polygon":
        return f"{sum(len(ring) for rings in given for ring in rings)} sommets"
    return str(given)
