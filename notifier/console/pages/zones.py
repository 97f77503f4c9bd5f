"""Territoire of an organisation: its communes, contours and sites, each dated."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from datetime import date
from pathlib import Path

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from notifier.console.forms.organisations import (
    CommuneZoneForm,
    LastDayForm,
    SiteForm,
    ZoneFileForm,
)
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.organisations import SEE, organisation_url
from notifier.console.territory import EDIT, refusal_of
from notifier.directory.imports.table import FileRefused
from notifier.directory.models import (
    OF_DEPARTEMENT,
    Organisation,
    OrganisationKind,
    Zone,
    ZoneKind,
)
from notifier.directory.organisations import OrganisationError
from notifier.directory.zones.apply import apply_zone_file
from notifier.directory.zones.edits import ZoneError, add_zone, end_zone
from notifier.directory.zones.files import parse_zones
from notifier.directory.zones.store import Changes, NewZone, ZoneInUseError, identity_of
from notifier.moments import written_day
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones.shapes import ShapeError

_FIXED = (OrganisationKind.COMMUNE, *OF_DEPARTEMENT)
_MAX_ORIGIN = 60
_MAX_SHOWN = 500


@page(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def zones(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Show the territory of an organisation, and add a site or a commune to it."""
    one = get_object_or_404(request.scope.organisations(SEE), kind=kind, code=code)
    may_edit = request.scope.organisations(EDIT).filter(pk=one.pk).exists()
    what = request.POST.get("what", "")
    site = SiteForm(request.POST if what == "site" else None, prefix="lieu")
    commune = CommuneZoneForm(request.POST if what == "commune" else None, prefix="commune")
    if request.method == "POST" and may_edit:
        added = _added(request, one, site, commune)
        if added:
            messages.success(request, f"{added} est au territoire de {one.name}.")
            return redirect("console:organisation-zones", kind, code)
    today = timezone.localdate(timezone=one.zone_info)
    rows = [(zone, _label(zone), _period(zone, today)) for zone in _zones(one)]
    return render(
        request,
        "organisations/zones.html",
        {
            "one": one,
            "rows": sorted(rows, key=lambda row: (row[2][0] == "off", row[0].kind, row[1])),
            "is_fixed": one.kind in _FIXED,
            "may_edit": may_edit,
            "site": site,
            "commune": commune,
            "picks": {
                "latitude": site["latitude"].id_for_label,
                "longitude": site["longitude"].id_for_label,
                "radius": site["radius"].id_for_label,
            }
            if may_edit
            else None,
        },
        status=422 if site.errors or commune.errors else 200,
    )


def _zones(one: Organisation) -> list[Zone]:
    found = Zone.objects.filter(organisation=one).prefetch_related("communes")
    return list(found[:_MAX_SHOWN])


def _label(zone: Zone) -> str:
    name = identity_of(zone)[1]
    commune = commune_by_code(name) if zone.kind == ZoneKind.COMMUNE else None
    return commune.label if commune else name or "contour sans nom"


def _period(zone: Zone, today: date) -> tuple[str, str]:
    """Return the kind of a zone's state, and its period in words."""
    if zone.ends_on is not None and zone.ends_on < today:
        return "off", f"jusqu’au {written_day(zone.ends_on)}"
    since = f"à partir du {written_day(zone.starts_on)}" if zone.starts_on else ""
    until = f"jusqu’au {written_day(zone.ends_on)}" if zone.ends_on else ""
    is_to_come = zone.starts_on is not None and zone.starts_on > today
    return "wait" if is_to_come else "ok", " ".join(filter(None, (since, until))) or "sans limite"


def _added(
    request: ConsoleRequest, one: Organisation, site: SiteForm, commune: CommuneZoneForm
) -> str:
    """Add what was sent; return its name, or "" where it is refused, which the form then says."""
    form: Form = site if site.is_bound else commune
    if not form.is_bound or not form.is_valid():
        return ""
    given = form.cleaned_data
    field = "latitude"
    if form is site:
        new = given["zone"]
    else:
        field = "commune"
        new = NewZone(ZoneKind.COMMUNE, given["commune"], starts_on=given["starts_on"])
        if one.kind in _FIXED:
            form.add_error(field, "Ses communes sont connues par son code.")
            return ""
    try:
        if refusal := refusal_of(request.scope, [new]):
            form.add_error(field, f"{refusal[:1].upper()}{refusal[1:]}.")
            return ""
        add_zone(one, new, str(request.user))
    except (ZoneError, ShapeError) as refusal:
        form.add_error(None, f"{refusal}.")
        return ""
    return f"« {new.name} »"


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def close_zone(request: ConsoleRequest, kind: str, code: str, zone: int) -> HttpResponse:
    """End one zone after a day, once that is confirmed."""
    one = get_object_or_404(request.scope.organisations(EDIT), kind=kind, code=code)
    ended = get_object_or_404(Zone.objects.filter(organisation=one), pk=zone)
    form = LastDayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_zone(ended, form.cleaned_data["last_day"], str(request.user))
        except ZoneError as refusal:
            form.add_error("last_day", f"{refusal}.")
        else:
            day = written_day(form.cleaned_data["last_day"])
            messages.success(request, f"« {_label(ended)} » prend fin le {day}.")
            return redirect("console:organisation-zones", kind, code)
    context = {
        "one": one,
        "label": _label(ended),
        "form": form,
        "confirm": "Mettre fin à cette zone",
        "back": organisation_url(one),
        "is_dangerous": True,
    }
    return render(request, "organisations/end_zone.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def zone_file(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Read a file of an organisation's territory, and show what it would change."""
    one = get_object_or_404(request.scope.organisations(EDIT), kind=kind, code=code)
    form = ZoneFileForm(request.POST or None, request.FILES or None)
    context = {
        "one": one,
        "form": form,
        "confirm": "Lire ce fichier",
        "back": organisation_url(one),
    }
    if request.method == "POST" and form.is_valid():
        file, from_day = form.cleaned_data["file"], form.cleaned_data["from_day"]
        content, name = file.read(), Path(file.name or "fichier").name[:_MAX_ORIGIN]
        try:
            changes, notes = _apply(request, one, content, name, from_day, dry_run=True)
        except _REFUSALS as refusal:
            form.add_error("file", str(refusal))
        else:
            context |= {
                "changes": changes,
                "notes": notes,
                "name": name,
                "from_day": from_day,
                "content": b64encode(content).decode(),
            }
            return render(request, "organisations/zone_file_preview.html", context)
    return render(request, "organisations/zone_file.html", context)


@page(EDIT)
@require_POST
def apply_file(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Put a file that was shown into force."""
    one = get_object_or_404(request.scope.organisations(EDIT), kind=kind, code=code)
    try:
        content = b64decode(request.POST.get("content", ""), validate=True)
        day = request.POST.get("from_day", "")
        from_day = date.fromisoformat(day) if day else None
        name = request.POST.get("name", "fichier")[:_MAX_ORIGIN]
        changes, _ = _apply(request, one, content, name, from_day, dry_run=False)
    except _REFUSALS as refusal:
        messages.error(request, f"Rien n’est changé : {refusal}")
        return redirect("console:organisation-zone-file", kind, code)
    count = sum(map(len, changes.named.values()))
    said = f"Territoire de {one.name} : {count} zones changées." if count else "Rien n’a changé."
    messages.success(request, said)
    return redirect("console:organisation-zones", kind, code)


_REFUSALS = (FileRefused, OrganisationError, ZoneInUseError, ShapeError, NoBase64, ValueError)


def _apply(
    request: ConsoleRequest,
    one: Organisation,
    content: bytes,
    name: str,
    from_day: date | None,
    *,
    dry_run: bool,
) -> tuple[Changes, tuple[str, ...]]:
    """Write what a file says of this organisation, or only find out what that would change."""
    file = parse_zones(content, Path(name), one.ref)
    if refusal := refusal_of(request.scope, [z for zones in file.zones.values() for z in zones]):
        raise ValueError(refusal)
    done = apply_zone_file(
        file, origin=name, author=str(request.user), from_day=from_day, dry_run=dry_run
    )
    return (done[0][1] if done else Changes()), file.notes
