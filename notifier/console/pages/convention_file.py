"""A convention from its file: what it would change is shown first."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from notifier.alerting.policy.conventions import known_to_conventions, rule_label
from notifier.console.forms.conventions import MAX_FILE_BYTES, ConventionFileForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.territory import EDIT, not_administered
from notifier.directory.conventions.amendment import Amendment, import_convention
from notifier.directory.conventions.file import ConventionRefusedError, parse_convention
from notifier.directory.conventions.store import ConventionError
from notifier.directory.conventions.words import describe_deadline, describe_rule
from notifier.directory.models import Convention, ConventionRule

_REFUSALS = (ConventionRefusedError, ConventionError)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: ConsoleRequest) -> HttpResponse:
    """Read the file of a convention, and show what it would change."""
    form = ConventionFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        content, name = sent.read(), Path(sent.name or "convention.toml").name
        try:
            amendment = _apply(request, content, name, dry_run=True)
        except _REFUSALS as refusal:
            form.add_error("file", str(refusal))
        else:
            context = {
                "amendment": amendment,
                "deadline": describe_deadline(amendment.convention, timezone.localdate()),
                "rules": [
                    (word, kind, [_lines(rule) for rule in rules])
                    for word, kind, rules in (
                        ("Règles nouvelles", "ok", amendment.started),
                        ("Règles closes", "danger", amendment.ended),
                        ("Règles inchangées", "off", amendment.kept),
                    )
                    if rules
                ],
                "changed": [(key, *pair) for key, pair in amendment.changed.items()],
                "content": content.decode(),
                "name": name,
            }
            return render(request, "conventions/file_preview.html", context)
    return render(request, "conventions/file.html", {"form": form})


@page(EDIT)
@require_POST
def apply_file(request: ConsoleRequest) -> HttpResponse:
    """Put a convention whose file was shown into force."""
    content = request.POST.get("content", "").encode()
    if len(content) > MAX_FILE_BYTES:
        raise PermissionDenied
    name = Path(request.POST.get("name", "") or "convention.toml").name
    try:
        amendment = _apply(request, content, name, dry_run=False)
    except _REFUSALS as refusal:
        messages.error(request, f"Rien n’est changé : {refusal}")
        return redirect("console:convention-file")
    messages.success(request, "La convention est enregistrée : elle ne prévient personne du passé.")
    return redirect("console:convention", amendment.convention.reference)


def _apply(request: ConsoleRequest, content: bytes, name: str, *, dry_run: bool) -> Amendment:
    """Store what a file says, or only find out what that would change.

    Raises ConventionRefusedError, also where it tells or covers what the reader does not
    administer, and ConventionError.
    """
    convention = parse_convention(Path(name), content, known_to_conventions())
    refs = {ref for rule in convention.rules for ref in (rule.organisation, rule.territory_of)}
    if outside := not_administered(request.scope, refs):
        named = ", ".join(map(str, outside))
        raise ConventionRefusedError(
            f"{name} : vous n’administrez pas {named} ; une règle ne prévient que des organismes "
            "de votre territoire, de ce qui s’y passe"
        )
    stored = Convention.objects.filter(reference=convention.reference)
    if stored.exists() and not request.scope.conventions(EDIT).filter(pk__in=stored).exists():
        raise ConventionRefusedError(
            f"{name} : la référence « {convention.reference} » est celle d’une convention que vous "
            "n’administrez pas ; en choisir une autre"
        )
    return import_convention(convention, str(request.user), dry_run=dry_run)


def _lines(rule: ConventionRule) -> list[str]:
    return [line.strip() for line in describe_rule(rule, rule_label)]
