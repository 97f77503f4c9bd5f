"""Alerts, notifications, quotas and fan-outs, as stored."""

from django.db import models
from django.db.models import Q

from notifier.delivery.models import Channel, Message, MessageState
from notifier.directory.models import OrganisationKind, OrganisationRef
from notifier.intake.models import Incident, Report, Source
from notifier.intake.schema.vocabulary import Severity


class Alert(models.Model):
    """One incident as told to one organisation: opened by a first text, closed by its end.

    `facts` are those of its last text, kept so that whoever gets it in another's place reads the
    same.
    """

    # Its unique constraint finds it by its incident.
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, verbose_name="intervention", db_index=False
    )
    organisation_kind = models.CharField(
        "type d’organisme",
        max_length=20,
        choices=OrganisationKind,
        default=OrganisationKind.COMMUNE,
    )
    # Of a commune its INSEE code (COG).
    organisation = models.CharField("code de l’organisme", max_length=30)
    organisation_name = models.CharField("nom de l’organisme", max_length=100)
    # Where it is for the organisation: of a commune its own, of others that of the first commune
    # concerned. By it those who answer for a département see it.
    departement = models.CharField("département", max_length=3)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, verbose_name="dernier état")
    category = models.CharField("catégorie", max_length=20)
    severity = models.CharField(
        "plus haute gravité annoncée", max_length=10, choices=[(s.value, s.label) for s in Severity]
    )
    kind = models.CharField("dernier texte", max_length=12)
    facts = models.JSONField("faits annoncés")
    # Under which rules of which conventions, and how; empty where it is told by law
    # (notifier.alerting.policy.terms).
    terms = models.JSONField("au titre de", default=dict, blank=True)
    revision = models.PositiveSmallIntegerField("révision", default=1)
    is_open = models.BooleanField("en cours", default=True)
    opened_at = models.DateTimeField("ouverte le")
    # Who was notified since the opening is known by this, not by the time: clocks step back.
    opened_revision = models.PositiveSmallIntegerField("révision d’ouverture", default=1)
    expires_at = models.DateTimeField("périmée après")
    # When an urgent alert last was opened again and sent at once (throttling: flapping).
    reopening_notified_at = models.DateTimeField("reprise annoncée le", null=True)
    # From how many people an answer is wanted; 0: from none.
    answers_wanted = models.PositiveSmallIntegerField("réponses attendues", default=0)
    # When the next person is told unless enough have answered; null: nothing is waited for.
    answer_due_at = models.DateTimeField("suite si sans réponse le", null=True)
    # When the duty officer is alarmed anew: somebody told says that it is elsewhere, nobody who was
    # told knows better, and nobody has decided; null: nothing is contested so.
    duty_due_at = models.DateTimeField("permanence à alerter de nouveau le", null=True)
    # When enough had answered, and who said that they take it in hand, by recipient and function.
    answered_at = models.DateTimeField("répondue le", null=True)
    taken_at = models.DateTimeField("prise en charge le", null=True)
    taken_by = models.CharField("prise en charge par", max_length=40, blank=True)
    taken_title = models.CharField("prise en charge par (qualité)", max_length=80, blank=True)

    class Meta:
        verbose_name = "alerte"
        verbose_name_plural = "alertes"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "organisation_kind", "organisation"),
                name="alerting_one_per_organisation",
            ),
        )
        indexes = (
            # The latest ones of a département, page by page.
            models.Index(fields=("departement", "id"), name="alerting_alert_departement"),
            # Those of an organisation, page by page.
            models.Index(
                fields=("organisation_kind", "organisation", "id"),
                name="alerting_alert_organisation",
            ),
            # What is under way or ended a moment ago: few rows, whatever the log holds, and however
            # many alerts their source never ended.
            models.Index(fields=("expires_at", "departement"), name="alerting_alert_useful"),
            # What goes on to the next person unless somebody answers.
            models.Index(
                fields=("answer_due_at",),
                name="alerting_alert_answer_due",
                condition=Q(answer_due_at__isnull=False),
            ),
            # What a reader contests, and nobody has decided: few.
            models.Index(
                fields=("duty_due_at",),
                name="alerting_alert_duty_due",
                condition=Q(duty_due_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation_name} : {self.incident.reference}"

    @property
    def ref(self) -> OrganisationRef:
        """The organisation, by its kind and code."""
        return OrganisationRef(self.organisation_kind, self.organisation)

    @property
    def is_of_commune(self) -> bool:
        """Whether a commune is told, by law or by a convention."""
        return self.organisation_kind == OrganisationKind.COMMUNE

    @property
    def is_to_neighbour(self) -> bool:
        """Whether it is about an incident in an adjoining commune."""
        return bool(self.facts.get("next_to"))


class NotificationKind(models.TextChoices):
    """What a notification is for, and with what it shares its message."""

    ALERT = "alert", "alerte"
    DIGEST = "digest", "récapitulatif"
    DUTY = "duty", "à la permanence"
    REVIEW = "review", "vérification"
    QUOTA = "quota", "plafond ou suspension"
    TAKEN = "taken", "prise en charge"


# Those that tell of an alert. `TAKEN` goes to those whom they told; all others to the duty officer.
OF_ALERT = (NotificationKind.ALERT, NotificationKind.DIGEST)


class NotificationState(models.TextChoices):
    """What alerting did with it; what became of a queued one is its message's state."""

    DEFERRED = "deferred", "retenue"
    QUEUED = "queued", "confiée à l’envoi"
    CANCELLED = "cancelled", "retirée"
    EXPIRED = "expired", "périmée"
    SUPPRESSED = "suppressed", "non envoyée"
    # Another one was made in its place, for a person sent the same text again.
    RESENT = "resent", "renvoyée"


class DeferralReason(models.TextChoices):
    """Why a notification waits."""

    STORM = "storm", "afflux d’alertes"
    QUOTA = "cap", "plafond de SMS atteint"
    FLAPPING = "flapping", "reprises répétées"
    HARD_QUOTA = "hard_cap", "plafond absolu atteint"
    RELAY = "relay", "en attente d’un relais"
    QUIET = "quiet", "heures calmes du destinataire"


# The rule of a suppressed notification whose recipient reads the text of another organisation.
KNOWN = "known"
# The rule of one that is only counted, for an organisation that a convention gives figures.
FIGURE = "figure"


class Notification(models.Model):
    """One alert revision for one recipient on one channel, sent or not, and why.

    A suppressed one has no recipient, and the rule that suppressed it; or a recipient and the
    message of another alert that told it (`KNOWN`). A digest is one message of several
    notifications.
    """

    kind = models.CharField("type", max_length=6, choices=NotificationKind)
    state = models.CharField("état", max_length=10, choices=NotificationState)
    # Each text writes a row: no index that no question needs.
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, verbose_name="source", db_index=False
    )
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, verbose_name="intervention"
    )
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, verbose_name="état", db_index=False
    )
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True, verbose_name="alerte")
    revision = models.PositiveSmallIntegerField("révision", default=1)
    # Of its alert when this was told: what its reader answers to that opening is an answer to this.
    opened_revision = models.PositiveSmallIntegerField("révision d’ouverture", default=1)
    # Empty in a mail to the duty officer.
    organisation_kind = models.CharField(
        "type d’organisme", max_length=20, choices=OrganisationKind, blank=True
    )
    organisation = models.CharField("organisme", max_length=30, blank=True)
    # Of one that a rule suppressed: where it is for the organisation, by which figures are counted.
    commune = models.CharField("commune", max_length=5, blank=True)
    # As its alert's; of one that a rule suppressed, that of its commune.
    departement = models.CharField("département", max_length=3, blank=True)
    channel = models.CharField("canal", max_length=5, choices=Channel, blank=True)
    address = models.CharField("adresse", max_length=254, blank=True)
    recipient = models.CharField("destinataire", max_length=40, blank=True)
    title = models.CharField("qualité", max_length=80, blank=True)
    # Why it waits (DeferralReason); of a suppressed one, the rule, and the sentence that says it.
    reason = models.CharField("motif", max_length=20, blank=True)
    explanation = models.TextField("explication", blank=True)
    created_at = models.DateTimeField("décidée le")
    deferred_until = models.DateTimeField("retenue jusqu’au", null=True)
    expires_at = models.DateTimeField("périmée après", null=True)
    ended_at = models.DateTimeField("terminée le", null=True)
    # Of a deferred one: whether its recipient got a text of this alert before.
    was_notified = models.BooleanField("déjà prévenu de cette alerte", default=False)
    # Who released it although its source is at a quota.
    released_by = models.CharField("libérée par", max_length=150, blank=True)
    # Keyed hash of the secret in the link by which its reader answers (notifier.alerting.answers);
    # the same for all that one person is told of one alert, calls among it. Of whoever knows by the
    # text of another alert, that of its link. Empty: no answer is asked for.
    answer_hash = models.CharField("empreinte du lien de réponse", max_length=32, blank=True)
    # Of a mail to the duty officer: what is sent once.
    dedup_key = models.CharField("dite une fois", max_length=80, blank=True)
    message = models.ForeignKey(
        Message,
        on_delete=models.PROTECT,
        null=True,
        related_name="notifications",
        verbose_name="message",
    )

    class Meta:
        verbose_name = "notification"
        verbose_name_plural = "notifications"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("alert", "revision", "channel", "address"),
                name="alerting_notified_once",
                condition=Q(kind__in=["alert", "digest"], state__in=["deferred", "queued"]),
            ),
            models.UniqueConstraint(
                fields=("alert", "channel", "address"),
                name="alerting_deferred_once",
                condition=Q(state="deferred"),
            ),
            models.UniqueConstraint(
                fields=("dedup_key",), name="alerting_dedup_key", condition=~Q(dedup_key="")
            ),
        )
        indexes = (
            models.Index(
                fields=("deferred_until",),
                name="alerting_deferred_due",
                condition=Q(state="deferred"),
            ),
            models.Index(
                fields=("address",),
                name="alerting_deferred_address",
                condition=Q(state="deferred"),
            ),
            # The latest ones of a département and of an organisation, page by page; the suppressed
            # ones of an organisation are counted by the second as well.
            models.Index(fields=("departement", "id"), name="alerting_departement"),
            models.Index(
                fields=("organisation_kind", "organisation", "id"), name="alerting_organisation"
            ),
            # What one person was told.
            models.Index(
                fields=("recipient", "id"), name="alerting_recipient", condition=~Q(recipient="")
            ),
            # Where a period begins and ends among the ids.
            models.Index(fields=("created_at",), name="alerting_created_at"),
            # What was kept from a département, for its figures: few rows of many.
            models.Index(
                fields=("departement", "source"),
                name="alerting_withheld",
                condition=Q(alert=None, state="suppressed"),
            ),
            models.Index(
                fields=("answer_hash",), name="alerting_answer_hash", condition=~Q(answer_hash="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} n° {self.pk}"

    @property
    def ref(self) -> OrganisationRef:
        """The organisation, by its kind and code."""
        return OrganisationRef(self.organisation_kind, self.organisation)

    @property
    def message_state(self) -> MessageState:
        """The state of its message; `pending` while it is deferred."""
        if self.state == NotificationState.CANCELLED:
            return MessageState.CANCELLED
        return MessageState(self.message.state) if self.message else MessageState.PENDING

    @property
    def is_followed_up(self) -> bool:
        """Whether its message failed and was followed up: somebody else was notified."""
        return self.message is not None and self.message.is_followed_up

    @property
    def is_delayed(self) -> bool:
        """Whether its message is late and still tried, and the next person was notified."""
        return self.message is not None and self.message.is_delayed

    @property
    def is_given_up(self) -> bool:
        """Whether it may have arrived, and others are notified because that cannot be known."""
        return self.message is not None and self.message.is_given_up


class QuotaUsage(models.Model):
    """The SMS segments that a source with a quota has caused on one day, in metropolitan France."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    day = models.DateField("jour")
    segments = models.PositiveIntegerField("segments", default=0)
    alarmed_at = models.DateTimeField("alarme donnée le", null=True)
    hard_alarmed_at = models.DateTimeField("alarme du plafond absolu donnée le", null=True)

    class Meta:
        verbose_name = "consommation de SMS"
        verbose_name_plural = "consommations de SMS"
        ordering = ("-day", "source")
        constraints = (
            models.UniqueConstraint(fields=("source", "day"), name="alerting_quota_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.source} : {self.segments}"


class FanOut(models.Model):
    """An episode in which a source alerts unusually many communes."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    since = models.DateTimeField("depuis")
    alerts = models.PositiveIntegerField("alertes au début")
    alarmed_at = models.DateTimeField("alarme donnée le", null=True)
    ended_at = models.DateTimeField("terminé le", null=True)

    class Meta:
        verbose_name = "envoi d’une ampleur inhabituelle"
        verbose_name_plural = "envois d’une ampleur inhabituelle"
        ordering = ("-since",)
        constraints = (
            models.UniqueConstraint(
                fields=("source",), name="alerting_one_fan_out", condition=Q(ended_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} : {self.alerts}"


class FiguresMail(models.Model):
    """That an organisation was mailed its figures of a month, or that there were none."""

    organisation_kind = models.CharField(
        "type d’organisme", max_length=20, choices=OrganisationKind
    )
    organisation = models.CharField("code de l’organisme", max_length=30)
    month = models.DateField("mois", help_text="Son premier jour.")
    told_at = models.DateTimeField("envoyés le")

    class Meta:
        verbose_name = "envoi de chiffres"
        verbose_name_plural = "envois de chiffres"
        constraints = (
            models.UniqueConstraint(
                fields=("organisation_kind", "organisation", "month"),
                name="alerting_figures_once_a_month",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation_kind}:{self.organisation} : {self.month:%m/%Y}"


class ActionKind(models.TextChoices):
    """What a person may do with an incident, besides deciding where it is."""

    RESEND = "resend", "renvoi"
    TELL = "tell", "une personne de plus"
    WITHDRAW = "withdraw", "retrait"
    CLOSE = "close", "clôture"
    ANSWER = "answer", "réponse saisie"


class ManualAction(models.Model):
    """What a person did with an incident, and why.

    Whoever acts writes the reason freely: kept here, where it can be erased, and not in the
    journal.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, verbose_name="intervention")
    kind = models.CharField("action", max_length=8, choices=ActionKind)
    who = models.CharField("par", max_length=150)
    why = models.TextField("motif")
    # Of a text to one person: the function.
    title = models.CharField("qualité", max_length=80, blank=True)
    at = models.DateTimeField("le")

    class Meta:
        verbose_name = "action d’une personne"
        verbose_name_plural = "actions d’une personne"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} par {self.who}"
