"""What was told and what was written down: alerts, messages, the journal. To be read, for good."""

import json
from datetime import timedelta

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifier.alerting.answer_link import without_secrets
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.policy.terms import parse_terms
from notifier.console.admin.base import (
    NOTHING,
    IncidentAdmin,
    category_label,
    commune_label,
    format_moment,
    list_link,
    table_html,
)
from notifier.delivery.address import mask
from notifier.delivery.models import PRIVATE, Message
from notifier.directory.models import OrganisationKind
from notifier.journal.models import Entry
from notifier.territory.grammar import with_de

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

KINDS = {
    Kind.FIRST: "première alerte",
    Kind.NEIGHBOUR: "alerte à une voisine",
    Kind.UPDATE: "aggravation",
    Kind.END: "fin",
    Kind.CANCELLATION: "annulation",
}


def _duration(elapsed: timedelta) -> str:
    return f"{round(elapsed / timedelta(milliseconds=1))}{NO_BREAK_SPACE}ms"


@admin.register(Alert)
class AlertAdmin(IncidentAdmin[Alert]):
    """One incident as told to one commune, or to an organisation that a convention tells."""

    linked_by = ("incident__id__exact",)
    list_display = ("opened", "reference", "where", "what", "severity", "last_text", "is_open")
    list_display_links = ("opened", "reference")
    list_filter = ("is_open", "severity")
    fields = (
        "reference", "where", "under", "what", "severity", "last_text", "revision", "is_open",
        "opened", "expires", "report", "notifications", "messages",
    )  # fmt: skip

    @admin.display(description="ouverte le", ordering="opened_at")
    def opened(self, alert: Alert) -> str:
        return format_moment(alert.opened_at)

    @admin.display(description="périmée après le")
    def expires(self, alert: Alert) -> str:
        return format_moment(alert.expires_at)

    @admin.display(description="organisme", ordering="organisation_name")
    def where(self, alert: Alert) -> str:
        """By the name that it had when it was told, and of another than a commune where it is."""
        if alert.terms:
            return f"{alert.organisation_name} ({alert.ref}), {alert.facts['commune']}"
        name = f"{alert.organisation_name} ({alert.organisation})"
        return (
            f"{name}, voisine {with_de(alert.facts['next_to'])}" if alert.is_to_neighbour else name
        )

    @admin.display(description="au titre de")
    def under(self, alert: Alert) -> str:
        """The law, or the convention and its rules."""
        return parse_terms(alert.terms).in_words or str(alert.facts["legal_basis"])

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

    linked_by = ("incident__id__exact", "alert__id__exact", "message__id__exact")
    list_display = ("created", "reference", "kind", "where", "whom", "outcome", "why_and_until")
    list_display_links = ("created", "reference")
    list_filter = ("state", "kind", "channel")
    fields = (
        "reference", "kind", "where", "title", "channel", "address", "revision", "outcome", "why",
        "created", "until", "released_by", "ended", "alert", "message",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """With what became of its message, without the words of it, which are long."""
        found = super().get_queryset(request).select_related("message")
        return found.defer("message__body", "message__html")

    @admin.display(description="organisme")
    def where(self, notification: Notification) -> str:
        """Of a mail to the duty officer, none."""
        if not notification.organisation:
            return NOTHING
        if notification.organisation_kind != OrganisationKind.COMMUNE:
            return str(notification.ref)
        return commune_label(notification.organisation)

    @admin.display(description="destinataire")
    def whom(self, notification: Notification) -> str:
        """Function, channel, and enough of the address to recognise it."""
        if not notification.address:
            return NOTHING
        channel, masked = notification.get_channel_display(), mask(notification.address)
        # A telephone number stands on one line.
        return f"{notification.title} ({channel} {masked.replace(' ', NO_BREAK_SPACE)})"

    @admin.display(description="état")
    def outcome(self, notification: Notification) -> str:
        """What alerting did about it, and what became of its message."""
        state, message = notification.get_state_display(), notification.message
        return f"{state} : {message.get_state_display()}" if message else state

    @admin.display(description="motif")
    def why(self, notification: Notification) -> str:
        """Why it waits, or is told to nobody."""
        labels = dict(DeferralReason.choices)
        return str(labels.get(notification.reason, notification.explanation)) or NOTHING

    @admin.display(description="motif")
    def why_and_until(self, notification: Notification) -> str:
        """The same, and until when it waits."""
        why = self.why(notification)
        is_waiting = notification.state == NotificationState.DEFERRED
        has_end = is_waiting and notification.deferred_until is not None
        return f"{why}, jusqu’au {self.until(notification)}" if has_end else why

    @admin.display(description="décidée le", ordering="created_at")
    def created(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.created_at)

    @admin.display(description="retenue jusqu’au")
    def until(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.deferred_until)

    @admin.display(description="terminée le")
    def ended(self, notification: Notification) -> str:
        """To the second."""
        return format_moment(notification.ended_at)


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
                    "lane", "provider", "provider_id", "created", "accepted", "superseded",
                    "ended", "expires", "due", "notifications",
                )
            },
        ),
        ("Tentatives", {"fields": ("attempts",)}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave out the e-mail's HTML, which repeats the text and is long."""
        return super().get_queryset(request).defer("html")

    @admin.display(description="adresse")
    def masked(self, message: Message) -> str:
        return mask(message.address)

    @admin.display(description="texte")
    def written(self, message: Message) -> SafeString:
        """The text as its reader sees it, line by line; a secret of its reader is not shown."""
        shown = "Texte personnel, non montré." if message.recipient == PRIVATE else message.body
        return format_html("<pre>{}</pre>", without_secrets(shown))

    @admin.display(description="créé le", ordering="created_at")
    def created(self, message: Message) -> str:
        return format_moment(message.created_at)

    @admin.display(description="remis à l’opérateur le")
    def accepted(self, message: Message) -> str:
        return format_moment(message.accepted_at)

    @admin.display(description="remplacé par un texte plus récent le")
    def superseded(self, message: Message) -> str:
        return format_moment(message.superseded_at)

    @admin.display(description="terminé le")
    def ended(self, message: Message) -> str:
        return format_moment(message.ended_at)

    @admin.display(description="périmé après le")
    def expires(self, message: Message) -> str:
        return format_moment(message.expires_at)

    @admin.display(description="à revoir le")
    def due(self, message: Message) -> str:
        return format_moment(message.due_at)

    @admin.display(description="notifications")
    def notifications(self, message: Message) -> SafeString:
        """The way to what it tells: of several alerts when it is a digest."""
        return list_link(
            Notification, "Notifications de ce message", message__id__exact=str(message.pk)
        )

    @admin.display(description="tentatives")
    def attempts(self, message: Message) -> SafeString | str:
        """Each time that it was handed to its provider, and what came of it."""
        rows: list[list[str | SafeString]] = [
            [
                str(attempt.number),
                format_moment(attempt.started_at),
                _duration(attempt.ended_at - attempt.started_at),
                attempt.get_result_display(),
                attempt.code or NOTHING,
                attempt.detail or NOTHING,
            ]
            for attempt in message.attempts.all()
        ]
        return table_html(["N°", "Heure", "Durée", "Résultat", "Code d’erreur", "Détail"], rows)


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
