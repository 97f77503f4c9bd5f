"""The page of an alert behind its link: what it is, what to do, whom to call, what to answer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from notifier.alerting.answers.answer import AnswerRefusedError, answer
from notifier.alerting.answers.find import OpenedAlert
from notifier.alerting.answers.shown import shown_alert
from notifier.alerting.models import AnswerKind, AnswerMeans, answer_label
from notifier.console.pages.answers.link import behind_link, new_stamp, was_read

_WORKER = Path(__file__).parents[2] / "static" / "console" / "answer_worker.js"


@behind_link
def alert_page(request: HttpRequest, secret: str, opened: OpenedAlert) -> HttpResponse:
    """Show the alert; by POST take what its reader answers."""
    if request.method != "POST":
        return _show(request, secret, opened)
    try:
        kind = AnswerKind(request.POST.get("reponse", ""))
    except ValueError:
        return _show(request, secret, opened)
    if not was_read(request.POST, secret):
        return _ask_again(request, secret, opened, kind)
    chosen = request.POST.get("a", "")
    mandate = next((s.mandate_id for s in opened.successors if str(s.mandate_id) == chosen), None)
    if kind is AnswerKind.HANDED_OVER and chosen and mandate is None:
        # Told, absent or gone since the page was read.
        return HttpResponseRedirect(reverse("answer-hand-over", args=[secret]), status=303)
    try:
        answer(opened.alert.pk, opened.recipient, kind, AnswerMeans.LINK, mandate)
    except AnswerRefusedError as refusal:
        return _show(request, secret, opened, refusal=str(refusal), status=409)
    return HttpResponseRedirect(reverse("answer", args=[secret]), status=303)


@behind_link
def not_mine(request: HttpRequest, secret: str, opened: OpenedAlert) -> HttpResponse:
    """Ask whether the commune is really another one: then nobody is waited for any more."""
    return _ask(request, secret, opened, "answer/not_mine.html")


@behind_link
def hand_over(request: HttpRequest, secret: str, opened: OpenedAlert) -> HttpResponse:
    """Ask to whom the alert is handed over, the next in order by default."""
    return _ask(request, secret, opened, "answer/hand_over.html")


@require_safe
def offline_worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """Send the script that keeps the page of an alert readable; it stands where its scope is."""
    return HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")


@cache
def _worker() -> str:
    return _WORKER.read_text(encoding="utf-8")


def _show(
    request: HttpRequest,
    secret: str,
    opened: OpenedAlert,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(secret, opened) | {"refusal": refusal, "read_at": timezone.now()}
    return render(request, "answer/alert.html", context, status=status)


def _ask(request: HttpRequest, secret: str, opened: OpenedAlert, template: str) -> HttpResponse:
    if request.method == "POST":
        raise Http404
    if not opened.takes_answers:
        return HttpResponseRedirect(reverse("answer", args=[secret]))
    return render(request, template, _context(secret, opened))


def _ask_again(
    request: HttpRequest, secret: str, opened: OpenedAlert, kind: AnswerKind
) -> HttpResponse:
    label = answer_label(kind, opened.alert.organisation_kind)
    context = {"kind": kind, "label": label, "to_whom": request.POST.get("a", "")}
    return render(request, "answer/again.html", _context(secret, opened) | context)


def _context(secret: str, opened: OpenedAlert) -> dict[str, object]:
    return {
        "secret": secret,
        "stamp": new_stamp(secret),
        "opened": opened,
        "shown": shown_alert(opened),
    }
