"""Sources, incidents, what was reported of them, and messages of other formats."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from notifier.fields import EmailField
from notifier.intake.schema.clickable import find_unsafe
from notifier.intake.schema.reference import check_pattern
from notifier.intake.schema.reference_pattern import PatternError
from notifier.intake.schema.vocabulary import Closure, Severity, Status
from notifier.intake.sealing import unseal
from notifier.territory.phones import PhoneError, parse_voice_number
from notifier.territory.reference.communes import first_commune_in
from notifier.territory.resolution.verdict import Verdict

# The order in which a sweep takes rows: what failed before must not hold up the others.
FAILED_LAST = (F("failed_at").asc(nulls_first=True), "received_at")


# Of a SHA-256, in hexadecimal.
KEY_HASH_LENGTH = 64


class Source(models.Model):
    """A dispatch centre that may push reports, and the départements it may speak for."""

    name = models.CharField("nom", max_length=60, unique=True)
    service = models.CharField(
        "service",
        max_length=30,
        default="Gendarmerie",
        help_text="Qui parle, dans les textes aux maires.",
    )
    departements = models.JSONField("départements", help_text='Codes, par exemple ["90", "2A"].')
    key_hash = models.CharField("empreinte de la clé", max_length=64, unique=True, editable=False)
    sealed_secret = models.CharField(
        "secret de signature scellé", max_length=255, blank=True, editable=False,
        help_text="Standard Webhooks ; vide si la signature n’est pas exigée.",
    )  # fmt: skip
    # What was replaced and is still taken for a while.
    previous_key_hash = models.CharField(
        "empreinte de la clé précédente", max_length=64, blank=True, db_index=True, editable=False
    )
    previous_sealed_secret = models.CharField(
        "secret de signature précédent scellé", max_length=255, blank=True, editable=False
    )
    overlap_until = models.DateTimeField(
        "clé précédente valable jusqu’au", null=True, blank=True, editable=False
    )
    duty_email = EmailField(
        "courriel de permanence", blank=True,
        help_text="Le groupement : prévenu quand une commune est à vérifier (ou qu’il est trop "
        "tard pour décider), quand plus personne d’une commune n’a pu être joint, et quand "
        "l’annuaire n’y donne aucun contact.",
    )  # fmt: skip
    duty_phone = models.CharField(
        "téléphone de permanence",
        # Longer than any number, so that clean() sees what was typed and says what is wrong.
        max_length=30, blank=True,
        help_text="Celui qu’un maire appelle la nuit : il termine chaque texte. Fixe ou mobile, "
        "en forme nationale (03…) ou internationale. Vide : les textes n’en donnent aucun.",
    )  # fmt: skip
    sms_cap = models.PositiveIntegerField(
        "plafond de SMS par jour", null=True, blank=True,
        help_text="Segments qu’elle peut causer en un jour ; au-delà, les SMS courants sont "
        "retenus, jamais les urgents. Vide : sans plafond.",
    )  # fmt: skip
    reference_pattern = models.CharField(
        "forme des références", max_length=100, blank=True,
        help_text="Si les siennes ne sont pas un simple numéro, par exemple CORG90-\\d{4}-\\d{6} : "
        "caractères, \\d (un chiffre), \\. (un point), [A-F0-9], suivis de {4}, {1,6}, ? ou +. "
        "Vide : chiffres, séparateurs et sigles courts, où rien ne se lit ni ne s’appelle.",
    )  # fmt: skip
    hard_cap = models.PositiveIntegerField(
        "plafond absolu de SMS par jour", null=True, blank=True,
        help_text="Segments par jour, urgents compris ; au-delà, tout est retenu, courriels et "
        "urgents aussi, jusqu’à ce qu’une personne le libère. Contre une clé volée. Vide : sans.",
    )  # fmt: skip
    rate_per_minute = models.PositiveIntegerField("interventions par minute", default=600)
    webhook_url = models.URLField(
        "adresse des retours", max_length=300, blank=True,
        help_text="Où son logiciel apprend qui a répondu, en une seconde (Standard Webhooks, "
        "signé). Vide : il lit l’état d’une intervention.",
    )  # fmt: skip
    sealed_webhook_secret = models.CharField(
        "secret des retours scellé", max_length=255, blank=True, editable=False
    )
    # What was replaced, and signs as well for a while.
    previous_sealed_webhook_secret = models.CharField(
        "secret des retours précédent scellé", max_length=255, blank=True, editable=False
    )
    webhook_overlap_until = models.DateTimeField(
        "secret des retours précédent utilisé jusqu’au", null=True, blank=True, editable=False
    )
    webhook_format = models.CharField(
        "format des retours", max_length=5, default="json",
        choices=[("json", "JSON"), ("edxl", "EDXL-DE")],
    )  # fmt: skip
    sms_providers = models.JSONField(
        "opérateurs de SMS, dans l’ordre", default=list, blank=True,
        help_text="Vide : l’ordre du service.",
    )  # fmt: skip
    created_at = models.DateTimeField("créée le", auto_now_add=True)
    revoked_at = models.DateTimeField("révoquée le", null=True, blank=True)

    class Meta:
        verbose_name = "source"
        verbose_name_plural = "sources"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def must_sign(self) -> bool:
        """Whether its requests are taken only with a signature."""
        return bool(self.sealed_secret)

    @property
    def signing_secret(self) -> str:
        """What its requests are signed with; empty if they need not be. Raises SealBrokenError."""
        return unseal(self.sealed_secret) if self.sealed_secret else ""

    @property
    def signing_secrets(self) -> list[str]:
        """That one, and the one before while it is still taken. Raises SealBrokenError."""
        sealed = [self.sealed_secret]
        if self.has_overlap and self.previous_sealed_secret:
            sealed.append(self.previous_sealed_secret)
        return [unseal(each) for each in sealed]

    @property
    def webhook_secrets(self) -> list[str]:
        """What its webhook is signed with: its secret, and for a while the one before.

        Raises SealBrokenError.
        """
        sealed = [self.sealed_webhook_secret]
        if self.has_webhook_overlap and self.previous_sealed_webhook_secret:
            sealed.append(self.previous_sealed_webhook_secret)
        return [unseal(each) for each in sealed if each]

    @property
    def is_own(self) -> bool:
        """Whether it is the service's own, for end-to-end tests: a word stands for its key's hash.

        No key opens it, and nobody changes anything of it.
        """
        return len(self.key_hash) != KEY_HASH_LENGTH

    def may_speak_for(self, departement: str) -> bool:
        """Whether it may report what happens in this département, given by its code."""
        return departement in self.departements

    @property
    def has_overlap(self) -> bool:
        """Whether the key and the secret before are still taken."""
        return self.overlap_until is not None and self.overlap_until > timezone.now()

    @property
    def has_webhook_overlap(self) -> bool:
        """Whether its webhook is signed with the secret before as well."""
        until = self.webhook_overlap_until
        return until is not None and until > timezone.now()

    def clean(self) -> None:
        """Put the telephone into its stored form, E.164, as its first département dials it.

        Raises ValidationError, by field, for a number that nobody can ring, for a name or service
        that a telephone would make a link of, and for what is no shape of references.
        """
        super().clean()
        faults = {
            name: f"les maires le lisent : ôtez-en {found}"
            for name in ("name", "service")
            if (found := find_unsafe(getattr(self, name)))
        }
        try:
            if self.reference_pattern:
                check_pattern(self.reference_pattern)
        except PatternError as error:
            faults["reference_pattern"] = str(error)
        if faults:
            raise ValidationError(faults)
        self.duty_phone = self.duty_phone.strip()
        home = first_commune_in(self.departements[0]) if self.departements else None
        if self.duty_phone and home:
            try:
                self.duty_phone = parse_voice_number(
                    self.duty_phone, home.code, fiction_allowed=settings.ENVIRONMENT.SIMULATOR
                )
            except PhoneError as error:
                raise ValidationError({"duty_phone": str(error)}) from None


class SourceActivity(models.Model):
    """When a source last pushed, and how much it usually pushes (notifier.intake.silence)."""

    source = models.OneToOneField(
        Source, on_delete=models.CASCADE, related_name="activity", verbose_name="source"
    )
    last_push_at = models.DateTimeField("dernier envoi le", null=True)
    looked_until = models.DateTimeField("relevé jusqu’au", null=True)
    # Incidents in each hour of the week, from Monday at 0 h; empty: no habit known.
    per_hour = models.JSONField("habitude", default=list)
    learned_at = models.DateTimeField("apprise le", null=True)
    # When its duty officer was told that it is silent for longer than its habit; null: it is not.
    silence_reported_at = models.DateTimeField("silence signalé le", null=True)

    class Meta:
        verbose_name = "activité d’une source"
        verbose_name_plural = "activité des sources"

    def __str__(self) -> str:
        return f"activité de {self.source}"


# The verdict of a report that was told, and that somebody whom it told sends back.
CONTESTED = "contested"


class ReportState(models.TextChoices):
    """How far a report has come; every change is a conditional UPDATE."""

    RECEIVED = "received", "reçue"
    DECIDED = "decided", "traitée"
    REVIEW = "review", "à vérifier"
    OUTSIDE = "outside", "hors du territoire de la source"
    SUPERSEDED = "superseded", "dépassée"
    EXPIRED = "expired", "périmée sans décision"
    DISMISSED = "dismissed", "classée sans suite"


class Incident(models.Model):
    """What happens, by source and reference: two sources may give the same reference.

    Everything that is said of it is decided under the lock of its row
    (notifier.intake.incident.lock_incidents).
    """

    # Its unique constraint finds it by its source.
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, verbose_name="source", db_index=False
    )
    reference = models.CharField("référence", max_length=60, db_index=True)
    opened_at = models.DateTimeField("ouverte le", help_text="Au premier message reçu.")

    class Meta:
        verbose_name = "affaire"
        verbose_name_plural = "affaires"
        constraints = (
            models.UniqueConstraint(fields=("source", "reference"), name="intake_incident_once"),
        )
        # Those of a period, of whatever source: figures are counted by it.
        indexes = (models.Index(fields=("opened_at",), name="intake_incident_opened"),)

    def __str__(self) -> str:
        return self.reference


class Report(models.Model):
    """One state of an incident as dispatch reported it, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Its unique constraint finds it by its incident.
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, verbose_name="affaire", db_index=False
    )
    sequence = models.PositiveIntegerField("séquence")
    status = models.CharField(
        "état annoncé", max_length=10, choices=[(s.value, s.label) for s in Status]
    )
    category = models.CharField("catégorie", max_length=20)
    severity = models.CharField(
        "gravité", max_length=10, choices=[(s.value, s.label) for s in Severity]
    )
    closure = models.CharField(
        "issue", max_length=20, blank=True, choices=[(o.value, o.label) for o in Closure]
    )
    occurred_at = models.DateTimeField("survenue le")
    exercise = models.BooleanField("exercice", default=False)
    location = models.JSONField("lieu")
    content_hash = models.CharField("empreinte du contenu", max_length=64)
    received_at = models.DateTimeField("reçue le")
    expires_at = models.DateTimeField(
        "valable jusqu’au", null=True, blank=True,
        help_text="Dit par la source ; la durée de la catégorie borne toujours.",
    )  # fmt: skip

    state = models.CharField(
        "traitement", max_length=10, choices=ReportState, default=ReportState.RECEIVED
    )
    verdict = models.CharField("verdict", max_length=10, blank=True)
    communes = models.JSONField("communes", default=list)
    clues = models.JSONField("indices", default=list)
    reason = models.TextField("motif", blank=True)
    handled_at = models.DateTimeField("traitée le", null=True, blank=True)
    failed_at = models.DateTimeField("dernier échec le", null=True, editable=False)
    decided_communes = models.JSONField("communes décidées", default=list, blank=True)
    decided_by = models.CharField("décidée par", max_length=150, blank=True)
    # Whoever decides writes freely: kept here, where it can be erased, and not in the journal.
    decision_reason = models.TextField("motif de la décision", blank=True)

    class Meta:
        verbose_name = "intervention"
        verbose_name_plural = "interventions"
        ordering = ("-received_at",)
        constraints = (
            models.UniqueConstraint(fields=("incident", "sequence"), name="intake_once"),
        )
        indexes = (
            models.Index(fields=("received_at",), name="intake_received"),
            models.Index(
                fields=("received_at",),
                name="intake_waiting",
                condition=Q(state__in=["received", "review"]),
            ),
            # What nobody decided in time: few, and somebody has to hear of each.
            models.Index(
                fields=("received_at",), name="intake_undecided", condition=Q(state="expired")
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference} n° {self.sequence}"

    @property
    def source(self) -> Source:
        """Who reported it."""
        return self.incident.source

    @property
    def reference(self) -> str:
        """Under which its source knows the incident."""
        return self.incident.reference

    @property
    def is_partial(self) -> bool:
        """Whether some of the communes that it names were certain while others are in doubt."""
        is_doubtful = self.verdict in (Verdict.CONFLICT, Verdict.UNKNOWN)
        # An end in doubt is decided all the same: it goes to those who were told.
        return is_doubtful and bool(self.communes) and self.state != ReportState.DECIDED

    @property
    def is_ruled_upon(self) -> bool:
        """Whether what it says was ruled upon, if only for some of the communes that it names."""
        return self.state == ReportState.DECIDED or self.is_partial or self.is_contested

    @property
    def is_contested(self) -> bool:
        """Whether it was told, and somebody whom it told says that the commune is another."""
        return self.verdict == CONTESTED

    @property
    def is_resources_only(self) -> bool:
        """Whether only resources were reported (RC-RI), and not the report itself."""
        return not self.category


class Distribution(models.Model):
    """A message of another format as it was received: what it did to the status of its incident.

    Holds no place and nothing of a person: those are read into a Report or dropped.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="source")
    format = models.CharField("format", max_length=10)
    identity = models.CharField("empreinte de l’identité", max_length=64)
    digest = models.CharField("empreinte du contenu", max_length=64)
    name = models.CharField("référence du message", max_length=60)
    sender = models.CharField("empreinte de l’expéditeur", max_length=64, blank=True)
    reference = models.CharField("référence", max_length=60)
    effect = models.CharField("effet", max_length=10)
    exercise = models.BooleanField("exercice", null=True)
    resources = models.JSONField("moyens", default=dict)
    sent_at = models.DateTimeField("envoyée le")
    received_at = models.DateTimeField("reçue le")
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, verbose_name="intervention"
    )
    is_pending = models.BooleanField("attend son intervention", default=False)
    failed_at = models.DateTimeField("dernier échec le", null=True, editable=False)

    class Meta:
        verbose_name = "message d’un autre format"
        verbose_name_plural = "messages d’autres formats"
        ordering = ("sent_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("source", "identity"), name="intake_distributed_once"),
        )
        indexes = (
            models.Index(fields=("source", "reference"), name="intake_distributions"),
            models.Index(fields=("source", "name"), name="intake_distribution_names"),
            models.Index(
                fields=("received_at",),
                name="intake_distributions_pending",
                condition=Q(is_pending=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.format} {self.reference}"
