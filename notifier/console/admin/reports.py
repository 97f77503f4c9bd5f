"""What dispatch reported, with its clues and its journal. To be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from notifier.alerting.models import Alert, Notification
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
from notifier.delivery.models import Message
from notifier.intake.models import CONTESTED, Report
from notifier.journal.models import Entry
from notifier.journal.write import timeline
from notifier.territory.resolution.verdict import Verdict

VERDICTS = {
    Verdict.CERTAIN: "certaine",
    Verdict.EDGE: "en limite de commune",
    Verdict.CONFLICT: "indices contradictoires",
    Verdict.UNKNOWN: "indices insuffisants",
    "decided": "décidée par une personne",
    CONTESTED: "contestée par une personne prévenue",
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
    """What dispatch said, what was found, and what was decided about it."""

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
        """Of each clue what was given, which communes it allows, what it says."""
        rows: list[list[str | SafeString]] = [
            [clue.kind, clue.given, clue.communes or NOTHING, clue.says]
            for clue in clues_of(report)
        ]
        return table_html(["Indice", "Donné", "Communes possibles", "Ce qu’il dit"], rows)

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


def _given(key: str, given: Any) -> str:
    """Return the clue as dispatch gave it; for an area, its number of corners."""
    if key == "communes":
        return ", ".join(given)
    if key == "polygon":
        return f"{sum(len(ring) for rings in given for ring in rings)} sommets"
    return str(given)
