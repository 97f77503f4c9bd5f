"""Dispatch centres: created and edited; keys shown once, renewed, revoked; never deleted."""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from notifier.alerting.throttling.pause import cancel_all, waiting
from notifier.console.admin.base import NOTHING, TitledAdmin, format_moment
from notifier.intake.access import api_keys as keys
from notifier.intake.access.api_keys import NewSource
from notifier.intake.access.sources import change_source
from notifier.intake.models import Source
from notifier.intake.schema.reference import EXAMPLE_REFERENCE, check_pattern
from notifier.territory.phones import format_number
from notifier.territory.resolve import communes_in

# How long the administration lets a key serve that it replaces.
OVERLAP = timedelta(hours=24)
TEMPLATES = "admin/intake/source"


class DepartementsField(forms.CharField):
    """Codes of départements as people write them, « 90, 2A »; a list of codes for the source."""

    def prepare_value(self, value: Any) -> Any:
        """Return the content of the input."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the codes, upper case, without duplicates. Raises ValidationError."""
        codes = list(dict.fromkeys(re.findall(r"\w+", (value or "").upper())))
        wrong = [code for code in codes if not communes_in(code)]
        if wrong:
            raise ValidationError(
                f"Département inconnu : {', '.join(wrong)} (attendu : 90, 2A, 971…)."
            )
        return codes


class SourceForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """What an operator decides about a source; keys and secrets are generated, never typed."""

    departements = DepartementsField(
        label="Départements",
        help_text="Ceux dont elle peut parler, par exemple : 90 ou 2A, 2B.",
    )
    rate_per_minute = forms.IntegerField(
        label="Interventions par minute",
        min_value=1,
        initial=600,
        help_text="Au-delà, les requêtes sont refusées (429).",
    )


class NewSourceForm(SourceForm):
    """A source that does not exist yet: only now can it be required to sign."""

    signed = forms.BooleanField(
        label="Requêtes signées",
        required=False,
        help_text="Exige la signature Standard Webhooks ; le secret est affiché avec la clé.",
    )


@admin.register(Source)
class SourceAdmin(TitledAdmin[Source]):
    """A key is shown in the response to the request that created it, and nowhere else."""

    form = SourceForm
    list_display = ("name", "where", "service", "duty_email", "phone", "rate_per_minute", "key")
    search_fields = ("name",)
    fields = (
        *("name", "departements", "service", "duty_email", "duty_phone"),
        *("reference_pattern", "rate_per_minute", "sms_cap", "hard_cap"),
    )
    readonly_fields = ("example", "signature", "key", "created")

    def __init__(self, model: type[Source], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self._added: WeakKeyDictionary[HttpRequest, NewSource] = WeakKeyDictionary()

    @admin.display(description="départements")
    def where(self, source: Source) -> str:
        return ", ".join(source.departements)

    @admin.display(description="téléphone", ordering="duty_phone")
    def phone(self, source: Source) -> str:
        return format_number(source.duty_phone) if source.duty_phone else NOTHING

    @admin.display(description="exemple de référence")
    def example(self, source: Source) -> str:
        """An example that its pattern allows."""
        return (
            check_pattern(source.reference_pattern)
            if source.reference_pattern
            else EXAMPLE_REFERENCE
        )

    @admin.display(description="clé", ordering="revoked_at")
    def key(self, source: Source) -> str:
        """Whether it is valid; never the key."""
        if source.revoked_at:
            return f"révoquée le {format_moment(source.revoked_at)}"
        before = f", la précédente jusqu’au {format_moment(source.overlap_until)}"
        return "active" + (before if source.has_overlap else "")

    @admin.display(description="signature")
    def signature(self, source: Source) -> str:
        """Whether its requests must be signed; never the secret."""
        return "exigée" if source.must_sign else "non exigée"

    @admin.display(description="créée le")
    def created(self, source: Source) -> str:
        return format_moment(source.created_at) if source.pk else NOTHING

    def get_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """Ask for the signature once; later pages show what there is."""
        return (*self.fields, *(("signed",) if obj is None else self.readonly_fields))

    def get_form(
        self, request: HttpRequest, obj: Source | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Add the checkbox for the signature to a new source."""
        if obj is None:
            kwargs["form"] = NewSourceForm
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what it pushed stays; a source that has served is revoked."""
        return False

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """Create a new source with its key; for an existing one write only what was changed.

        So a key that somebody renews or revokes meanwhile is not restored.
        """
        by = str(request.user)
        if change:
            change_source(obj, {name: getattr(obj, name) for name in form.changed_data}, by)
            return
        added = keys.add_source(
            obj.name,
            obj.departements,
            service=obj.service,
            duty_email=obj.duty_email,
            signed=form.cleaned_data["signed"],
            duty_phone=obj.duty_phone,
            sms_cap=obj.sms_cap,
            reference_pattern=obj.reference_pattern,
            hard_cap=obj.hard_cap,
            rate_per_minute=obj.rate_per_minute,
            by=by,
        )
        obj.pk, obj.created_at = added.source.pk, added.source.created_at
        self._added[request] = added

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one button: whichever is pressed, the key comes next."""
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_button})

    def response_add(
        self, request: HttpRequest, obj: Source, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the page with the key."""
        added = self._added.pop(request)
        return self._show_key(request, added.source, added.key, added.source.signing_secret)

    def get_urls(self) -> list[URLPattern]:
        """Add those of the key to Django's."""
        own = [
            path(
                "<int:pk>/cle/",
                self.admin_site.admin_view(self.renew_view),
                name="intake_source_renew",
            ),
            path(
                "<int:pk>/revocation/",
                self.admin_site.admin_view(self.revoke_view),
                name="intake_source_revoke",
            ),
        ]
        return own + super().get_urls()

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then replace the key and show the new one."""
        source = get_object_or_404(Source, pk=pk)
        if request.method != "POST":
            return self._page(request, source, "renew.html", f"Remplacer la clé de {source.name}")
        if request.POST.get("overlap") and not source.revoked_at:
            new = keys.rotate(source, OVERLAP, str(request.user))
            self.log_change(request, source, "Clé remplacée, la précédente valable 24 h.")
            return self._show_key(request, source, new.key, new.secret)
        key = keys.renew_key(source, str(request.user))
        self.log_change(request, source, "Clé remplacée.")
        return self._show_key(request, source, key)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then refuse the key from now on."""
        source = get_object_or_404(Source, pk=pk)
        if request.method != "POST":
            title = f"Révoquer la clé de {source.name}"
            return self._page(request, source, "revoke.html", title, waits=waiting(source))
        is_done = keys.revoke(source, str(request.user))
        if request.POST.get("withdraw"):
            done = cancel_all(source, request.user.get_username())
            said = f"{done.texts} textes retirés, de {done.incidents} interventions"
            said += f" ; {done.in_flight} en cours d’envoi, trop tard" if done.in_flight else ""
            self.log_change(request, source, f"Retrait : {said}.")
            messages.success(request, f"« {source.name} » : {said}.")
        if is_done:
            self.log_change(request, source, "Clé révoquée.")
            messages.success(request, f"La clé de « {source.name} » est refusée dès maintenant.")
        else:
            messages.warning(request, f"La clé de « {source.name} » était déjà révoquée.")
        return HttpResponseRedirect(reverse("admin:intake_source_changelist"))

    def _show_key(
        self, request: HttpRequest, source: Source, key: str, secret: str = ""
    ) -> HttpResponse:
        title = f"Clé de {source.name}"
        return self._page(request, source, "key.html", title, key=key, secret=secret)

    def _page(
        self, request: HttpRequest, source: Source, template: str, title: str, **context: object
    ) -> HttpResponse:
        everywhere = self.admin_site.each_context(request)
        own = {"title": title, "source": source, "opts": Source._meta, **context}
        return TemplateResponse(request, f"{TEMPLATES}/{template}", everywhere | own)
