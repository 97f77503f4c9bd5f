"""Accounts and their roles, as stored."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from notifier.accounts.roles import Role
from notifier.directory.models import Organisation
from notifier.territory.zones.departements import departement_by_code


class User(AbstractUser):
    """A person with an account; a superuser is of the platform, and may everything everywhere."""

    # By which the log-in of another service knows the person; empty until linked.
    oidc_subject = models.CharField(
        "identifiant chez le fournisseur d’identité",
        max_length=255,
        blank=True,
        editable=False,
    )

    class Meta(AbstractUser.Meta):
        verbose_name = "compte"
        verbose_name_plural = "comptes"
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="accounts_email_once",
                violation_error_message="Un compte a déjà cette adresse électronique.",
            ),
            models.UniqueConstraint(
                fields=("oidc_subject",),
                condition=~Q(oidc_subject=""),
                name="accounts_oidc_subject_once",
            ),
        )

    def __str__(self) -> str:
        """Name the person as the journal and the history of changes do."""
        return self.get_full_name() or self.username


class RoleAssignment(models.Model):
    """One role of a person, in a département or for an organisation, until a date.

    Never deleted: who could do what on a past day is part of the proof.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="assignments", verbose_name="compte"
    )
    role = models.CharField("rôle", max_length=12, choices=Role)
    departement = models.CharField("département", max_length=3, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name="organisme",
    )
    # Included, in the time of metropolitan France.
    until = models.DateField("jusqu’au", null=True, blank=True)
    granted_by = models.CharField("donné par", max_length=150)
    granted_at = models.DateTimeField("donné le")
    revoked_by = models.CharField("retiré par", max_length=150, blank=True)
    revoked_at = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta:
        verbose_name = "rôle d’un compte"
        verbose_name_plural = "rôles des comptes"
        ordering = ("user", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(organisation=None) & ~Q(departement="")
                | Q(organisation__isnull=False, departement=""),
                name="accounts_role_somewhere",
                violation_error_message="Un rôle vaut pour un département ou pour un organisme.",
            ),
            models.CheckConstraint(
                condition=~Q(role="organisme") | Q(organisation__isnull=False),
                name="accounts_organisation_administers_one",
                violation_error_message="Un administrateur d’organisme en a un.",
            ),
            models.CheckConstraint(
                condition=~Q(role="groupement") | ~Q(departement=""),
                name="accounts_groupement_has_departement",
                violation_error_message="Un administrateur de groupement a un département.",
            ),
            models.UniqueConstraint(
                fields=("user", "role", "departement"),
                condition=Q(revoked_at=None, organisation=None),
                name="accounts_role_once_departement",
                violation_error_message="Ce compte a déjà ce rôle dans ce département.",
            ),
            models.UniqueConstraint(
                fields=("user", "role", "organisation"),
                condition=Q(revoked_at=None, departement=""),
                name="accounts_role_once_organisation",
                violation_error_message="Ce compte a déjà ce rôle pour cet organisme.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.place}"

    @property
    def place(self) -> str:
        """Where it holds, in French."""
        return place_label(self.departement, self.organisation)

    def is_active(self, today: date) -> bool:
        """Return whether it counts on `today`, a day of metropolitan France."""
        return self.revoked_at is None and (self.until is None or self.until >= today)


class Invitation(models.Model):
    """A role that waits for whoever gets the link, once, within some days.

    Of the link only a digest is stored: who reads the database cannot use it.
    """

    email = models.EmailField("adresse électronique")
    role = models.CharField("rôle", max_length=12, choices=Role)
    departement = models.CharField("département", max_length=3, blank=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, verbose_name="organisme"
    )
    until = models.DateField("jusqu’au", null=True, blank=True)
    digest = models.CharField("empreinte du lien", max_length=64, unique=True, editable=False)
    # Null: a command on the server invited.
    invited_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="invité par"
    )
    author = models.CharField("auteur", max_length=150)
    invited_at = models.DateTimeField("invité le")
    expires_at = models.DateTimeField("valable jusqu’au")
    accepted_at = models.DateTimeField("acceptée le", null=True, blank=True)
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    class Meta:
        verbose_name = "invitation"
        verbose_name_plural = "invitations"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.place}"

    @property
    def place(self) -> str:
        """Where the role will hold, in French."""
        return place_label(self.departement, self.organisation)


def place_label(departement: str, organisation: Organisation | None) -> str:
    """Name where a role holds: "Territoire de Belfort (90)" or an organisation."""
    if organisation is not None:
        return str(organisation)
    found = departement_by_code(departement)
    return f"{found.name} ({departement})" if found else departement


class SavedSearch(models.Model):
    """A search of the log that a person keeps, as the query string of its page."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="searches", verbose_name="compte"
    )
    name = models.CharField("nom", max_length=60)
    query = models.CharField("recherche", max_length=500, blank=True)

    class Meta:
        verbose_name = "recherche enregistrée"
        verbose_name_plural = "recherches enregistrées"
        constraints = (
            models.UniqueConstraint(fields=("user", "name"), name="accounts_search_once"),
        )

    def __str__(self) -> str:
        return self.name
