"""How groupements narrow the categories in force, and what a narrowing would have changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from notifier.directory.models import Function
from notifier.intake.schema.vocabulary import Severity


class PolicyNarrowing(models.Model):
    """What the communes of a département are told less of than the categories allow.

    Never changed once in force: another takes its place, so that what held on a past day can be
    answered. One without a beginning is proposed only.
    """

    departement = models.CharField("département", max_length=3)
    # It and what is below it: C01.01.00 also is C01.01.03.
    category = models.CharField("catégorie", max_length=20)
    is_withheld = models.BooleanField("n’est plus annoncée", default=False)
    # Empty: as the category says; so are the empty ones below.
    from_severity = models.CharField(
        "à partir de la gravité",
        max_length=10,
        blank=True,
        choices=[(s.value, s.label) for s in Severity],
    )
    is_routine = models.BooleanField("sans urgence", default=False)
    is_by_mail_only = models.BooleanField("par courriel seulement", default=False)
    functions = models.JSONField("fonctions prévenues", default=list, blank=True)
    reason = models.TextField("motif")
    author = models.CharField("par", max_length=150)
    proposed_at = models.DateTimeField("proposée le")
    starts_at = models.DateTimeField("en vigueur à partir de", null=True)
    ends_at = models.DateTimeField("jusqu’à", null=True)
    ended_by = models.CharField("levée par", max_length=150, blank=True)
    end_reason = models.TextField("motif de la levée", blank=True)

    class Meta:
        verbose_name = "restriction des règles"
        verbose_name_plural = "restrictions des règles"
        ordering = ("departement", "category", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")), name="alerting_narrowing_in_order"
            ),
        )

    def __str__(self) -> str:
        return f"restriction n° {self.pk}"

    @property
    def says(self) -> str:
        """What it changes, in French: "plus annoncée", "par courriel seulement, au maire seul"."""
        if self.is_withheld:
            return "n’est plus annoncée"
        said = []
        if self.from_severity:
            said.append(f"à partir de « {self.get_from_severity_display()} »")
        if self.is_by_mail_only:
            said.append("par courriel seulement")
        elif self.is_routine:
            said.append("sans urgence")
        if others := [Function(name).label for name in self.functions if name != Function.MAYOR]:
            said.append(f"d’emblée au maire et : {', '.join(others)}")
        elif self.functions:
            said.append("d’emblée au maire seul")
        return ", ".join(said)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.ends_at is not None


class ReplayState(models.TextChoices):
    """How far the comparison of a change with the past has come."""

    RUNNING = "running", "en cours"
    DONE = "done", "terminée"
    APPLIED = "applied", "appliquée"
    FAILED = "failed", "interrompue"


class PolicyReplay(models.Model):
    """A change of the rules, compared with the present ones on past reports; then applied or not.

    Advanced a part at a time by whichever worker claims it.
    """

    narrowing = models.ForeignKey(
        PolicyNarrowing,
        on_delete=models.PROTECT,
        related_name="replays",
        verbose_name="restriction",
    )
    is_lifting = models.BooleanField("lève la restriction", default=False)
    reason = models.TextField("motif")
    author = models.CharField("par", max_length=150)
    state = models.CharField("état", max_length=8, choices=ReplayState, default=ReplayState.RUNNING)
    asked_at = models.DateTimeField("demandée le")
    since = models.DateTimeField("états reçus depuis")
    # Of the incidents to look at, all, and those that are done.
    total = models.PositiveIntegerField("interventions", default=0)
    done = models.PositiveIntegerField("comparées", default=0)
    last_incident = models.BigIntegerField("dernière comparée", default=0)
    before = models.JSONField("selon les règles présentes", default=dict)
    after = models.JSONField("selon les règles proposées", default=dict)
    claimed_until = models.DateTimeField("prise jusqu’à", null=True)
    ended_at = models.DateTimeField("terminée le", null=True)

    class Meta:
        verbose_name = "comparaison de règles"
        verbose_name_plural = "comparaisons de règles"
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("asked_at",), name="alerting_replays_running", condition=Q(state="running")
            ),
        )

    def __str__(self) -> str:
        return f"comparaison n° {self.pk}"
