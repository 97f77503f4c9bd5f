import secrets

from django.db import models
from django.db.models import Q

from notifier.delivery.address import mask


class Channel(models.TextChoices):
    SMS = "sms", "SMS"
    EMAIL = "email", "courriel"


class Lane(models.TextChoices):
    """Urgent messages never wait behind routine ones."""

    URGENT = "urgent", "urgent"
    ROUTINE = "routine", "courant"


class MessageState(models.TextChoices):
    """pending -> sending -> accepted -> undelivered | delivered -> read; a state never walks back,
    but for `sending`/`unknown` -> `pending` once it is certain that the provider has nothing.
    A phone that got the text after all makes `delivered` of every end that said otherwise."""

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


OPEN = (MessageState.PENDING, MessageState.SENDING, MessageState.UNKNOWN)
# What its provider does not have yet, as far as anybody knows; without what was given up. Written
# so that each half is found by an index of its own.
UNSENT = Q(state=MessageState.PENDING) | Q(
    state__in=(MessageState.SENDING, MessageState.UNKNOWN), due_at__isnull=False
)
ARRIVED = (MessageState.DELIVERED, MessageState.READ)
BAD_ENDS = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.FAILED)
# What was tried, and is not with its provider as far as anybody knows.
TRIED_IN_VAIN = Q(state=MessageState.UNKNOWN) | Q(state=MessageState.PENDING, attempts__gt=0)


class Delay(models.IntegerChoices):
    """What was done about a message that did not leave in time; it only ever grows."""

    NONE = 0, "rien"
    SAID = 1, "dit à la permanence"
    PASSED_ON = 2, "passé à la personne suivante"


# The origin of what no pause holds: mails to those who are in charge, who hear of a pause by them.
EXEMPT = "-"
# The origin of a pause that holds all others.
EVERYTHING = ""


class Pause(models.Model):
    """Messages of an origin, or of `EVERYTHING`, are held back by hand."""

    origin = models.CharField("origine", max_length=20, blank=True, unique=True)
    since = models.DateTimeField("depuis")
    who = models.CharField("par", max_length=150)

    class Meta:
        verbose_name = "suspension des envois"
        verbose_name_plural = "suspensions des envois"
        ordering = ("since",)

    def __str__(self) -> str:
        return f"{self.origin or 'tout'}, par {self.who}"


def new_token() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


class Message(models.Model):
    """One text for one address on one channel."""

    topic = models.CharField("objet", max_length=40)
    revision = models.PositiveSmallIntegerField("révision")
    channel = models.CharField("canal", max_length=5, choices=Channel)
    address = models.CharField("adresse", max_length=254)
    thread = models.CharField("fil", max_length=90)
    # Whose pause holds it; nothing else is known of it here.
    origin = models.CharField("origine", max_length=20, blank=True, default="")
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
    # When a worker has to look at this message again, whatever its state: a try, the end of a
    # lease, a question to the provider. Null: nothing more to do.
    due_at = models.DateTimeField("à revoir le", null=True)
    claim = models.CharField("prise", max_length=32, blank=True)
    claimed_at = models.DateTimeField("prise le", null=True)
    attempts = models.PositiveSmallIntegerField("tentatives", default=0)
    provider_id = models.CharField("numéro chez l’opérateur", max_length=64, blank=True)
    error_code = models.CharField("code d’erreur", max_length=20, blank=True)
    # Nobody can guess it, and no other message ever has it, not even after the database was
    # restored: part of a mail's Message-ID, by which a bounce says what it is about.
    token = models.CharField("jeton", max_length=32, default=new_token, editable=False)
    # Since when each of its tries failed for a reason that strikes every message alike: a provider
    # that does not answer, or that refuses our account. Null: its last try did not.
    blocked_since = models.DateTimeField("bloqué depuis", null=True)
    accepted_at = models.DateTimeField("remis le", null=True)
    ended_at = models.DateTimeField("terminé le", null=True)
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
        constraints = (
            models.UniqueConstraint(
                fields=("topic", "revision", "channel", "address"), name="delivery_told_once"
            ),
        )
        indexes = (
            # How many texts an address got lately.
            models.Index(fields=("address", "created_at"), name="delivery_address"),
            models.Index(
                fields=("lane", "due_at"), name="delivery_pending", condition=Q(state="pending")
            ),
            models.Index(
                fields=("due_at",),
                name="delivery_open",
                condition=Q(state__in=["sending", "unknown", "accepted"]) & Q(due_at__isnull=False),
            ),
            models.Index(fields=("created_at",), name="delivery_in_vain", condition=TRIED_IN_VAIN),
            models.Index(
                fields=("due_at",),
                name="delivery_after_all",
                condition=Q(state__in=["delivered", "read"]) & Q(due_at__isnull=False),
            ),
            models.Index(
                fields=("id",),
                name="delivery_bad_end",
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
        """Whether it may have arrived, and others are told because nobody can say."""
        return self.state == MessageState.UNKNOWN and self.is_followed_up

    @property
    def is_delayed(self) -> bool:
        """Whether it has not left, is tried on, and the next person is told meanwhile."""
        is_open = self.state in OPEN and not self.is_given_up
        return is_open and self.delay == Delay.PASSED_ON

    @property
    def in_journal(self) -> str:
        """How the journal names the message: "SMS pour maire (+33 6 •• •• •• 12)"."""
        return f"{self.get_channel_display()} pour {self.title} ({mask(self.address)})"
