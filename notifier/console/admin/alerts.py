"""What was told and what was written down: alerts, messages, the journal. To be read, for good."""

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Held
from notifier.alerting.throttling.quota import let_go
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
        "expires", "report", "messages", "held",
    )  # fmt: skip

    @admin.display(description="ouverte le", ordering="opened_at")
    def opened(self, alert: Alert) -> str:
        return format_moment(alert.opened_at)

    @admin.display(description="périmée après le")
    def expires(self, alert: Alert) -> str:
        return format_moment(alert.expires_at)

    @admin.display(description="commune", ordering="commune_name")
    def where(self, alert: Alert) -> str:
        """By the name that it had when it was told."""
        name = f"{alert.commune_name} ({alert.commune})"
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
        return list_link(Message, "Messages de cette alerte", topic=str(alert.pk))

    @admin.display(description="retenus")
    def held(self, alert: Alert) -> SafeString:
        """The way to what is held, or was."""
        return list_link(Held, "Textes retenus de cette alerte", alert__id__exact=str(alert.pk))


@admin.register(Held)
class HeldAdmin(IncidentAdmin[Held]):
    """What is told later, with others. Lists mask the address; only its own page shows it."""

    incident = "alert__incident_id"
    linked_by = ("alert__id__exact",)
    list_display = ("since", "reference", "title", "channel", "masked", "reason", "state", "until")
    list_display_links = ("since", "reference")
    list_filter = ("state", "reason", "channel")
    fields = (
        "reference", "title", "channel", "address", "reason", "state", "since", "until", "ended",
        "messages",
    )  # fmt: skip

    actions = ("let_go",)

    @admin.action(description="Libérer les textes choisis, retenus par un plafond")
    def let_go(self, request: HttpRequest, queryset: QuerySet[Held]) -> None:
        """Release them whatever they cost; they leave with the next sweep."""
        freed = let_go(queryset, request.user.get_username())
        messages.info(request, f"Textes libérés : {freed}.")

    @admin.display(description="adresse")
    def masked(self, held: Held) -> str:
        return mask(held.address)

    @admin.display(description="retenu le", ordering="held_at")
    def since(self, held: Held) -> str:
        return format_moment(held.held_at)

    @admin.display(description="à dire le", ordering="release_at")
    def until(self, held: Held) -> str:
        return format_moment(held.release_at)

    @admin.display(description="terminé le")
    def ended(self, held: Held) -> str:
        return format_moment(held.ended_at)

    @admin.display(description="message")
    def messages(self, held: Held) -> SafeString | str:
        """The link to the message that contains it."""
        if not held.told_in:
            return NOTHING
        return list_link(Message, "Message qui l’a dit", topic=held.told_in)


@admin.register(Message)
class MessageAdmin(IncidentAdmin[Message]):
    """One text for one address. Lists mask the address; only the message's own page shows it."""

    linked_by = ("incident_id", "topic")
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
                    "lane", "revision", "attempt_count", "provider_id", "created", "accepted",
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
