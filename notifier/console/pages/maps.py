"""What the maps draw, as GeoJSON: communes, and the territory of an organisation."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import etag, require_safe

from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest, View, page
from notifier.console.territory import departements_of
from notifier.directory.zones.outlines import zone_outlines
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones.outlines import (
    commune_outlines,
    departement_outlines,
    outlines_version,
)

# Every role has it: contours are no secret, only kept to where somebody works.
SEE = Permission.SEE_LOG
GEOJSON = "application/geo+json"
_A_DAY = 86_400


def _version(*_args: Any, **_kwargs: Any) -> str:
    return f'"{outlines_version()}"'


def kept(view: View) -> View:
    """Let a browser keep the answer: it changes with the contours alone, and so does its address.

    Outside `page`, which has nothing be kept.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        if answer.status_code in (200, 304):
            answer.headers["Cache-Control"] = f"private, max-age={_A_DAY}"
            del answer.headers["Expires"]
        return answer

    return answered


@kept
@page(SEE)
@require_safe
@gzip_page
@etag(_version)
def departement_map(request: ConsoleRequest, departement: str) -> HttpResponse:
    """Return the communes of a département."""
    if departement not in departements_of(request.scope, SEE):
        raise Http404
    return HttpResponse(departement_outlines(departement), content_type=GEOJSON)


@kept
@page(SEE)
@require_safe
@gzip_page
@etag(_version)
def commune_map(request: ConsoleRequest, commune: str) -> HttpResponse:
    """Return a commune and its neighbours."""
    if commune not in request.scope.communes(SEE) or commune_by_code(commune) is None:
        raise Http404
    return HttpResponse(commune_outlines(commune), content_type=GEOJSON)


@page(SEE)
@require_safe
@gzip_page
def zones_map(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Return the territory of an organisation today: its communes, contours and sites."""
    organisation = get_object_or_404(request.scope.organisations(SEE), kind=kind, code=code)
    today = timezone.localdate(timezone=organisation.zone_info)
    features = zone_outlines(organisation, today)
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)
