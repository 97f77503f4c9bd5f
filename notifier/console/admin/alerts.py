"""What was told and what was written down: alerts, messages, the journal. To be read, for good."""

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification
from notifier.alerting.throttling.quota import release
from notifier.console.admin.base import (
    NOTHING,
    IncidentAdmin,
    category_label,
    format_moment,
    list_link,
)
from notifier.delivery.address import mask
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from notifier.territory.grammar import with_de

KINDS = {
    Kind.FIRST: "première alerte",
    Kind.NEIGHBOUR: "alerte à une voisine",
    Kind.UPDATE: "aggravation",
    Kind.END: "fin",
    Kind.CANCELLATION: "annulation",
}


@admin.register(Alert)
class AlertAdmin(IncidentAdmin[Alert]):
    """One incident as told to one commune."""

    linked_by = ("incident__id__exact",)
    list_display = ("opened", "reference", "where", "what", "severity", "last_text", "is_open")
    list_display_links = ("opened", "reference")
    list_filter = ("is_open", "severity")
    fields = (
        "reference", "where", "what", "severity", "last_text", "revision", "is_open", "opened",
        "expires", "report", "notifications", "messages",
    )  # fmt: skip

    @admin.display(description="ouverte le", ordering="opened_at")
    def opened(self, alert: Alert) -> str:
        return format_moment(alert.opened_at)

    @admin.display(description="périmée après le")
    def expires(self, alert: Alert) -> str:
        return format_moment(alert.expires_at)

    @admin.display(description="commune", ordering="organisation_name")
    def where(self, alert: Alert) -> str:
        """By the name that it had when it was told."""
        name = f"{alert.organisation_name} ({alert.organisation})"
        return (
            f"{name}, voisine {with_de(alert.facts['next_to'])}" if alert.is_to_neighbour else name
        )

    @admin.display(description="catégorie", ordering="category")
    def what(self, alert: Alert) -> str:
        """The category as mayors read it."""
        return category_label(alert.category)

    @admin.display(description="dernier texte")
    def last_text(self, alert: Alert) -> str:
        return KINDS[Kind(alert.kind)]

    @admin.display(description="messages")
    def messages(self, alert: Alert) -> SafeString:
        """The way to them."""
        return list_link(
            Message, "Messages de cette alerte", notifications__alert__id__exact=str(alert.pk)
        )

    @admin.display(description="notifications")
    def notifications(self, alert: Alert) -> SafeString:
        """The way to whom it is told, and why not yet."""
        return list_link(
            Notification, "Notifications de cette alerte", alert__id__exact=str(alert.pk)
        )


@admin.register(Notification)
class NotificationAdmin(IncidentAdmin[Notification]):
    """Who is told, or not, and why. Lists mask the address; only its own page shows it."""

    linked_by = ("incident__id__exact", "alert__id__exact")
    list_display = (
        "created", "reference", "kind", "title", "channel", "masked", "state", "why", "until",
    )  # fmt: skip
    list_display_links = ("created", "reference")
    list_filter = ("state", "kind", "channel")
    fields = (
        "reference", "kind", "title", "channel", "address", "revision", "state", "why", "created",
        "until", "ended", "message_link",
    )  # fmt: skip

    actions = ("release",)

    @admin.action(description="Libérer les textes choisis, retenus par un plafond")
    def release(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Whatever they cost; they leave with the next round."""
        released = release(queryset, request.user.get_username())
        messages.info(request, f"Textes libérés : {released}.")

    @admin.display(description="adresse")
    def masked(self, notification: Notification) -> str:
        """Enough to recognise it."""
        return mask(notification.address) if notification.address else NOTHING

    @admin.display(description="motif")
    def why(self, notification: Notification) -> str:
        """Why it waits, or is told to nobody."""
        labels = dict(DeferralReason.choices)
        return str(labels.get(notification.reason, notification.explanation)) or NOTHING

    @admin.display(description="décidée le", ordering="created_at")
    def created(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.created_at)

    @admin.display(description="à dire le", ordering="deferred_until")
    def until(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.deferred_until)

    @admin.display(description="terminée le")
    def ended(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.ended_at)

    @admin.display(description="message")
    def message_link(self, notification: Notification) -> SafeString | str:
        """The way to the message that tells it."""
        if notification.message_id is None:
            return NOTHING
        page = reverse("admin:delivery_message_change", args=(notification.message_id,))
        return format_html('<a href="{}">Message qui le dit</a>', page)


@admin.register(Message)
class MessageAdmin(IncidentAdmin[Message]):
    """One text for one address. Lists mask the address; only the message's own page shows it."""

    linked_by = ("incident_id", "notifications__alert__id__exact")
    list_display = (
        "created", "reference", "title", "channel", "masked", "state", "attempt_count",
        "error_code",
    )  # fmt: skip
    list_display_links = ("created", "reference")
    list_filter = ("state", "channel", "lane")
    fieldsets = (
        (None, {"fields": ("reference", "title", "channel", "address", "state", "error_code")}),
        ("Texte", {"fields": ("subject", "written")}),
        (
            "Acheminement",
            {
                "fields": (
                    "lane", "attempt_count", "provider_id", "created", "accepted",
                    "ended", "expires", "due",
                )
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave out the e-mail's HTML, which repeats the text and is long."""
        return super().get_queryset(request).defer("html")

    @admin.display(description="adresse")
    def masked(self, message: Message) -> str:
        return mask(message.address)

    @admin.display(description="texte")
    def written(self, message: Message) -> SafeString:
        """The text as its reader sees it, line by line."""
        return format_html("<pre>{}</pre>", message.body)

    @admin.display(description="créé le", ordering="created_at")
    def created(self, message: Message) -> str:
        return format_moment(message.created_at)

    @admin.display(description="remis à l’opérateur le")
    def accepted(self, message: Message) -> str:
        return format_moment(message.accepted_at)

    @admin.display(description="terminé le")
    def ended(self, message: Message) -> str:
        return format_moment(message.ended_at)

    @admin.display(description="périmé après le")
    def expires(self, message: Message) -> str:
        return format_moment(message.expires_at)

    @admin.display(description="à revoir le")
    def due(self, message: Message) -> str:
        return format_moment(message.due_at)


@admin.register(Entry)
class EntryAdmin(IncidentAdmin[Entry]):
    """The journal, the latest entry first."""

    list_display = ("when", "reference", "step", "text")
    list_display_links = ("when",)
    list_filter = ("step",)
    ordering = ("-id",)
    fields = ("when", "reference", "step", "text", "message_id", "detail")

    @admin.display(description="référence", ordering="incident_id")
    def reference(self, entry: Entry) -> str:
        """Of what concerns no incident, the source."""
        found: str = super().reference(entry)
        return entry.data.get("source", NOTHING) if found == NOTHING else found

    @admin.display(description="heure")
    def when(self, entry: Entry) -> str:
        return format_moment(entry.at)

    @admin.display(description="détail")
    def detail(self, entry: Entry) -> SafeString | str:
        """The entry's data, one value per line."""
        if not entry.data:
            return NOTHING
        written = json.dumps(entry.data, ensure_ascii=False, indent=2)
        return format_html("<pre>{}</pre>", written)
