"""Attestation d’information of one incident: what is known of who was informed, on paper too."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.attestation import Attestation, attest, note_issue
from notifier.console.attestation_words import CAVEATS, NO_ANSWER, how_to_check
from notifier.console.downloads import file_answer
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.reauthentication import reauthenticated
from notifier.intake.models import Incident

SEE = Permission.SEE_INCIDENTS


@page(SEE)
@require_safe
def attestation(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Show what an attestation would say now; it is established by a button."""
    found, facts = _attested(request, incident)
    context = _context(request, found, facts)
    context["may_issue"] = request.scope.has(Permission.EXPORT)
    return render(request, "incidents/attestation.html", context)


@page(Permission.EXPORT)
@require_POST
@reauthenticated
def issue_attestation(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Establish it, as a page to print or as a PDF; the incident's journal notes it."""
    found, facts = _attested(request, incident)
    is_pdf = request.POST.get("format") == "pdf"
    note_issue(found, facts, request.user.pk, "PDF" if is_pdf else "HTML")
    issued_at = timezone.now()
    issued_by = f"{request.user}, {request.scope.function(Permission.EXPORT)}"
    if not is_pdf:
        issue = {"issued_at": issued_at, "issued_by": issued_by}
        return render(
            request, "incidents/attestation.html", _context(request, found, facts) | issue
        )
    # 0.4 s of processor and 60 MB that no process spends as it starts.
    from notifier.console.attestation_pdf import attestation_pdf

    content = attestation_pdf(
        facts,
        issued_by=issued_by,
        issued_at=issued_at,
        with_addresses=request.scope.has(Permission.SEE_PEOPLE),
    )
    return file_answer(content, f"attestation-{found.pk}.pdf", "application/pdf")


@page(SEE)
@require_safe
def attested_rows(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Send the rows of which the fingerprint is, so that anybody can compute it."""
    found, facts = _attested(request, incident)
    name = f"intervention-{found.pk}.txt"
    return file_answer(facts.rows.encode(), name, "text/plain; charset=utf-8")


def _attested(request: ConsoleRequest, incident: int) -> tuple[Incident, Attestation]:
    scope = request.scope
    found = get_object_or_404(scope.incidents(SEE).select_related("source"), pk=incident)
    return found, attest(found, scope.alerts(SEE), scope.notifications(SEE))


def _context(request: ConsoleRequest, incident: Incident, facts: Attestation) -> dict[str, Any]:
    return {
        "incident": incident,
        "attestation": facts,
        "caveats": CAVEATS,
        "how_to_check": how_to_check(facts),
        "no_answer": NO_ANSWER,
        "sees_addresses": request.scope.has(Permission.SEE_PEOPLE),
    }
