"""Messages, their attempts and pauses, as stored."""

import secrets

from django.db import models
from django.db.models import Exists, OuterRef, Q

from notifier.delivery.address import mask


class Channel(models.TextChoices):
    """The channel of a message."""

    SMS = "sms", "SMS"
    EMAIL = "email", "courriel"
    VOICE = "voice", "appel vocal"


class Lane(models.TextChoices):
    """Urgent messages never wait behind routine ones."""

    URGENT = "urgent", "urgent"
    ROUTINE = "routine", "courant"


class MessageState(models.TextChoices):
    """pending -> sending -> accepted -> undelivered | delivered -> read.

    A state never goes back, except `sending`/`unknown` -> `pending` once it is certain that the
    provider has nothing. A phone that has the text makes `delivered` of every other final state.
    """

    PENDING = "pending", "en attente"
    SENDING = "sending", "en cours d’envoi"
    ACCEPTED = "accepted", "remis à l’opérateur"
    DELIVERED = "delivered", "reçu"
    READ = "read", "lu"
    UNDELIVERED = "undelivered", "non reçu"
    EXPIRED = "expired", "périmé"
    CANCELLED = "cancelled", "retiré"
    FAILED = "failed", "refusé"
    UNKNOWN = "unknown", "sort inconnu"


class Result(models.TextChoices):
    """What an attempt can come to; each asks for another next step."""

    ACCEPTED = "accepted", "remis"  # the provider has it, and has it once
    RETRY = "retry", "à réessayer"  # certain that it was not processed: try again by schedule
    PERMANENT = "permanent", "refusé"  # refused, and will be refused again
    UNKNOWN = "unknown", "sort inconnu"  # it may have been processed: ask before anything else


OPEN = (MessageState.PENDING, MessageState.SENDING, MessageState.UNKNOWN)
# Not with its provider yet, as far as is known, and not given up. Written so that each half has an
# index of its own.
UNSENT = Q(state=MessageState.PENDING) | Q(
    state__in=(MessageState.SENDING, MessageState.UNKNOWN), due_at__isnull=False
)
DELIVERED_STATES = (MessageState.DELIVERED, MessageState.READ)
FAILED_STATES = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.FAILED)
NOT_DELIVERED_STATES = (*FAILED_STATES, MessageState.CANCELLED)
# From which states a receipt may lead to the state that it says. `pending` and the final states are
# among them for the message that counted as lost, or was cancelled before a second attempt, while
# its provider had it; and a network that could not deliver (30008) may do so later. That the phone
# has the text is the truth, whatever was said before.
RECEIPT_TRANSITIONS = {
    MessageState.ACCEPTED: OPEN,
    MessageState.UNDELIVERED: (*OPEN, MessageState.ACCEPTED),
    MessageState.DELIVERED: (*OPEN, MessageState.ACCEPTED, *NOT_DELIVERED_STATES),
    MessageState.READ: (
        *OPEN,
        MessageState.ACCEPTED,
        *NOT_DELIVERED_STATES,
        MessageState.DELIVERED,
    ),
}
# Attempted, and not with its provider as far as is known.
ATTEMPTED = Q(state=MessageState.UNKNOWN) | Q(state=MessageState.PENDING, attempt_count__gt=0)


class Delay(models.IntegerChoices):
    """What was done about a message that did not leave in time; it only ever grows."""

    NONE = 0, "rien"
    REPORTED = 1, "dit à la permanence"
    FAILED_OVER = 2, "passé à la personne suivante"


# The pause key of messages that no pause holds: mails by which those in charge learn of one.
EXEMPT = "-"
# The recipient of messages whose text is the reader's own secret, such as a link that opens an
# account: it is shown nowhere, and erased once it left or cannot leave.
PRIVATE = "account"
# The key of a pause that holds all messages.
EVERYTHING = ""


class Pause(models.Model):
    """The messages with a pause key, or `EVERYTHING`, are held back by hand."""

    pause_key = models.CharField("source", max_length=20, blank=True, unique=True)
    since = models.DateTimeField("depuis")
    who = models.CharField("par", max_length=150)
    reason = models.CharField("motif", max_length=200, blank=True)

    class Meta:
        verbose_name = "suspension des envois"
        verbose_name_plural = "suspensions des envois"
        ordering = ("since",)

    def __str__(self) -> str:
        return f"{self.pause_key or 'tout'}, par {self.who}"


# Whether a pause holds a message.
_PAUSES = Pause.objects.filter(Q(pause_key=OuterRef("pause_key")) | Q(pause_key=EVERYTHING))
IS_PAUSED = ~Q(pause_key=EXEMPT) & Exists(_PAUSES)
NOT_PAUSED = Q(pause_key=EXEMPT) | ~Exists(_PAUSES)


def new_token() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


class ProviderHealth(models.Model):
    """What a provider of texts lately came to, by which another one carries them for a while."""

    provider = models.CharField("opérateur", max_length=10, unique=True)
    failures = models.PositiveIntegerField("échecs communs de suite", default=0)
    failing_since = models.DateTimeField("en échec depuis", null=True)
    # Until then the next one in order carries what it would carry.
    set_aside_until = models.DateTimeField("mis de côté jusqu’au", null=True)
    reason = models.CharField("motif", max_length=200, blank=True)

    class Meta:
        verbose_name = "état d’un opérateur"
        verbose_name_plural = "état des opérateurs"
        ordering = ("provider",)

    def __str__(self) -> str:
        return self.provider


class Message(models.Model):
    """One text for one address on one channel; of a call, what is spoken."""

    channel = models.CharField("canal", max_length=5, choices=Channel)
    address = models.CharField("adresse", max_length=254)
    # Of which incident it tells, as a plain number: whatever that is. Null: of several, or of none.
    incident_id = models.BigIntegerField("affaire", null=True)
    # Which pause holds it besides one of everything: whatever its maker chose, here its source.
    pause_key = models.CharField("source", max_length=20, blank=True, default="")
    recipient = models.CharField("destinataire", max_length=40)
    title = models.CharField("qualité", max_length=80)
    lane = models.CharField("file", max_length=7, choices=Lane)
    subject = models.CharField("sujet", max_length=200, blank=True)
    body = models.TextField("texte")
    html = models.TextField("HTML", blank=True)

    state = models.CharField(
        "état", max_length=11, choices=MessageState, default=MessageState.PENDING
    )
    reported_at = models.DateTimeField("transmis le", null=True, editable=False)
    created_at = models.DateTimeField("créé le")
    expires_at = models.DateTimeField("périmé après")
    # When a worker has to handle this message again, whatever its state: an attempt, the end of a
    # lease, a question to the provider. Null: nothing more to do.
    due_at = models.DateTimeField("à revoir le", null=True)
    claim = models.CharField("prise", max_length=32, blank=True)
    claimed_at = models.DateTimeField("prise le", null=True)
    attempt_count = models.PositiveSmallIntegerField("tentatives", default=0)
    # The name of the provider that has the message or gets it (notifier.delivery.providers).
    provider = models.CharField("opérateur", max_length=10, blank=True)
    # Which may carry it, in order, by commas (notifier.delivery.routing). Empty: no other.
    providers = models.CharField("opérateurs possibles", max_length=40, blank=True, default="")
    provider_id = models.CharField("numéro chez l’opérateur", max_length=64, blank=True)
    error_code = models.CharField("code d’erreur", max_length=20, blank=True)
    # Unguessable and never used twice, not even after the database was restored: part of a mail's
    # Message-ID, by which a bounce names its mail.
    token = models.CharField("jeton", max_length=32, default=new_token, editable=False)
    # Since when each of its attempts failed for a reason that affects every message alike: a
    # provider that does not answer, or that refuses our account. Null: the last one did not.
    blocked_since = models.DateTimeField("bloqué depuis", null=True)
    accepted_at = models.DateTimeField("remis le", null=True)
    ended_at = models.DateTimeField("terminé le", null=True)
    # When a newer text for the same recipient replaced it: it is not sent, or not once more.
    superseded_at = models.DateTimeField("remplacé le", null=True)
    # Since when the journal says that a pause holds it.
    paused_at = models.DateTimeField("suspendu le", null=True)
    # Whether the receivers of `delivery_failed` have done their work; until then the sweep sends it
    # again.
    is_followed_up = models.BooleanField("suite donnée", default=False)
    delay = models.PositiveSmallIntegerField("retard", choices=Delay, default=Delay.NONE)

    class Meta:
        verbose_name = "message"
        verbose_name_plural = "messages"
        ordering = ("-id",)
        indexes = (
            # How many texts an address got recently.
            models.Index(fields=("address", "created_at"), name="delivery_address"),
            # What was sent of an incident.
            models.Index(
                fields=("incident_id",),
                name="delivery_incident",
                condition=Q(incident_id__isnull=False),
            ),
            models.Index(
                fields=("lane", "due_at"), name="delivery_pending", condition=Q(state="pending")
            ),
            models.Index(
                fields=("due_at",),
                name="delivery_open",
                condition=Q(state__in=["sending", "unknown", "accepted"]) & Q(due_at__isnull=False),
            ),
            models.Index(fields=("created_at",), name="delivery_unsent", condition=ATTEMPTED),
            models.Index(
                fields=("due_at",),
                name="delivery_late",
                condition=Q(state__in=["delivered", "read"]) & Q(due_at__isnull=False),
            ),
            models.Index(
                fields=("id",),
                name="delivery_failed",
                condition=Q(state__in=["undelivered", "expired", "failed"])
                & Q(is_followed_up=False),
            ),
            models.Index(
                fields=("provider_id",), name="delivery_provider", condition=~Q(provider_id="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()} n° {self.pk}"

    @property
    def is_given_up(self) -> bool:
        """Whether nobody can say if it arrived, and others are told instead."""
        return self.state == MessageState.UNKNOWN and self.is_followed_up

    @property
    def is_delayed(self) -> bool:
        """Whether it is not sent, is retried, and the next person is told meanwhile."""
        is_open = self.state in OPEN and not self.is_given_up
        return is_open and self.delay == Delay.FAILED_OVER

    @property
    def journal_label(self) -> str:
        """The message as the journal names it: "SMS pour maire (+33 6 •• •• •• 12)"."""
        return f"{self.get_channel_display()} pour {self.title} ({mask(self.address)})"


class InboundText(models.Model):
    """A text that somebody wrote to us, by its number at the provider: taken once.

    What it says is not kept; of whom wrote it only a hash is, by which a telephone that answers by
    itself is not answered for ever.
    """

    provider_id = models.CharField("numéro chez l’opérateur", max_length=64, unique=True)
    sender_hash = models.CharField("empreinte du numéro", max_length=32, db_index=True)
    at = models.DateTimeField("reçu le")
    is_understood = models.BooleanField("compris", default=True)
    reply = models.CharField("réponse", max_length=320, blank=True)

    class Meta:
        verbose_name = "SMS reçu"
        verbose_name_plural = "SMS reçus"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"SMS reçu n° {self.pk}"


class Attempt(models.Model):
    """One attempt to hand a message to its provider."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField("numéro")
    started_at = models.DateTimeField("commencé le")
    ended_at = models.DateTimeField("terminé le")
    result = models.CharField("résultat", max_length=9, choices=Result)
    code = models.CharField("code d’erreur", max_length=20, blank=True)
    # As the journal says it.
    detail = models.TextField("détail", blank=True)
    provider_id = models.CharField("numéro chez l’opérateur", max_length=64, blank=True)

    class Meta:
        verbose_name = "tentative"
        verbose_name_plural = "tentatives"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"essai {self.number} : {self.get_result_display()}"
