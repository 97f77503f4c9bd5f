"""Dispatch centres, as they are stored; never a key or a secret."""

from __future__ import annotations

from django.contrib import admin

from notifier.console.admin.base import NOTHING, ReadOnlyAdmin, format_moment
from notifier.intake.models import Source
from notifier.intake.schema.reference import EXAMPLE_REFERENCE, check_pattern
from notifier.territory.phones import format_number


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin[Source]):
    """Who may push, for which départements, and whether the key is valid."""

    list_display = ("name", "where", "service", "duty_email", "phone", "rate_per_minute", "key")
    search_fields = ("name",)
    fields = (
        *("name", "where", "service", "duty_email", "phone", "reference_pattern", "example"),
        *("rate_per_minute", "sms_cap", "hard_cap", "signature", "key", "created"),
    )

    @admin.display(description="départements")
    def where(self, source: Source) -> str:
        return ", ".join(source.departements)

    @admin.display(description="téléphone", ordering="duty_phone")
    def phone(self, source: Source) -> str:
        return format_number(source.duty_phone) if source.duty_phone else NOTHING

    @admin.display(description="exemple de référence")
    def example(self, source: Source) -> str:
        """An example that its pattern allows."""
        pattern = source.reference_pattern
        return check_pattern(pattern) if pattern else EXAMPLE_REFERENCE

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
        return format_moment(source.created_at)
