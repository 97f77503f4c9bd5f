"""What exists for a user: organisations, people, incidents, notifications, sources, accounts.

A scope gives querysets that hold what a permission covers, and nothing else of the tables. What a
page reads, a form offers, an import may touch or an export holds begins with one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.accounts.models import Invitation, RoleAssignment, User
from notifier.accounts.roles import PERMISSIONS, Permission, Role
from notifier.alerting.models import FIGURE, Alert, Notification, PolicyNarrowing
from notifier.directory.changes import OF_PEOPLE
from notifier.directory.history import plans_of
from notifier.directory.models import (
    Address,
    Change,
    Convention,
    ConventionRule,
    Mandate,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Person,
)
from notifier.intake.models import Incident, Report, ReportState, Source
from notifier.territory.reference.communes import departement_of


@dataclass(frozen=True)
class Territory:
    """Where a permission holds: everywhere, in départements, for organisations by id."""

    is_everything: bool = False
    departements: frozenset[str] = frozenset()
    organisations: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.is_everything or bool(self.departements or self.organisations)


@dataclass(frozen=True)
class Communes:
    """The communes, by code, that a permission covers as organisations."""

    is_everything: bool
    departements: frozenset[str]
    codes: frozenset[str]

    def __contains__(self, code: object) -> bool:
        if not isinstance(code, str):
            return False
        in_departements = bool(self.departements) and departement_of(code) in self.departements
        return self.is_everything or code in self.codes or in_departements


class Scope:
    """What exists for one user, as roles are at the moment it is made."""

    def __init__(self, user: User | AnonymousUser) -> None:
        self.user = user
        self.is_platform = user.is_active and user.is_superuser

    @cached_property
    def assignments_held(self) -> list[RoleAssignment]:
        """The roles of the user that count today."""
        if not isinstance(self.user, User) or not self.user.is_active:
            return []
        held = RoleAssignment.objects.filter(user=self.user, revoked_at=None)
        today = timezone.localdate()
        return [one for one in held.select_related("organisation") if one.is_active(today)]

    def has(self, permission: Permission) -> bool:
        """Return whether the user has the permission anywhere."""
        return bool(self.territory(permission))

    def territory(self, permission: Permission) -> Territory:
        """Return where the user has the permission."""
        if self.is_platform:
            return Territory(is_everything=True)
        granting = self._granting(permission)
        return Territory(
            departements=frozenset(one.departement for one in granting if one.departement),
            organisations=frozenset(one.organisation_id for one in granting if one.organisation_id),
        )

    def function(self, permission: Permission) -> str:
        """Say as what the user has the permission: "auditeur, Territoire de Belfort (90)"."""
        if self.is_platform:
            return "administrateur du service"
        return " ; ".join(map(str, self._granting(permission)))

    # --- Who ------------------------------------------------------------------------------------

    def organisations(self, permission: Permission) -> QuerySet[Organisation]:
        """Return those of the départements, or those named with those directly below them."""
        territory = self.territory(permission)
        if territory.is_everything:
            return Organisation.objects.all()
        named = territory.organisations
        return Organisation.objects.filter(
            Q(departement__in=territory.departements) | Q(pk__in=named) | Q(parent__in=named)
        )

    def communes(self, permission: Permission) -> Communes:
        """Return the communes that are organisations within the permission, stored or not."""
        territory = self.territory(permission)
        own = self._refs(territory.organisations)
        codes = frozenset(ref.code for ref in own if ref.kind == OrganisationKind.COMMUNE)
        return Communes(territory.is_everything, territory.departements, codes)

    def mandates(self, permission: Permission) -> QuerySet[Mandate]:
        """Return the mandates, past ones included, in organisations within the permission."""
        if self.territory(permission).is_everything:
            return Mandate.objects.all()
        return Mandate.objects.filter(organisation__in=self.organisations(permission))

    def people(self, permission: Permission) -> QuerySet[Person]:
        """Return whoever has a mandate there that has not ended.

        Whoever has left is found by the mandate and the history; where they are now is not a matter
        of the organisation that they left.
        """
        if self.territory(permission).is_everything:
            return Person.objects.all()
        there = self.mandates(permission).filter(
            Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()), person=OuterRef("pk")
        )
        return Person.objects.filter(Exists(there))

    def addresses(self, permission: Permission) -> QuerySet[Address]:
        """Return the addresses of these people."""
        if self.territory(permission).is_everything:
            return Address.objects.all()
        return Address.objects.filter(person__in=self.people(permission))

    # --- What -----------------------------------------------------------------------------------

    def alerts(self, permission: Permission) -> QuerySet[Alert]:
        """Return the alerts to organisations there, or about what happens there."""
        return Alert.objects.filter(self._told_there(self.territory(permission)))

    def notifications(self, permission: Permission) -> QuerySet[Notification]:
        """Return what was told there or withheld there, and the mails to duty officers.

        An organisation does not learn what was withheld from it, except as a figure.
        """
        territory = self.territory(permission)
        if territory.is_everything:
            return Notification.objects.all()
        told = self._in_departements(territory)
        told |= self._to_organisations(territory) & (Q(alert__isnull=False) | Q(reason=FIGURE))
        if territory.departements:
            told |= Q(organisation="", source__in=self.sources(permission))
        return Notification.objects.filter(told)

    def incidents(self, permission: Permission) -> QuerySet[Incident]:
        """Return what was told or withheld there, and what a source there reported in doubt.

        All that a source reports is a matter of whoever has all its départements. An organisation
        sees what it was told of.
        """
        territory = self.territory(permission)
        if territory.is_everything:
            return Incident.objects.all()
        there = self._told_there(territory)
        alerts = Alert.objects.filter(there, incident=OuterRef("pk"))
        withheld = self._in_departements(territory)
        notifications = Notification.objects.filter(withheld, incident=OuterRef("pk"))
        reviews = Report.objects.filter(incident=OuterRef("pk"), state=ReportState.REVIEW)
        visible = Q(Exists(alerts)) | Q(Exists(notifications))
        if territory.departements:
            whole = self._source_ids(territory, is_whole=True)
            part = self._source_ids(territory, is_whole=False)
            visible |= Q(source__in=whole) | Q(Exists(reviews), source__in=part)
        return Incident.objects.filter(visible)

    def reports(self, permission: Permission) -> QuerySet[Report]:
        """Return what was reported of these incidents."""
        if self.territory(permission).is_everything:
            return Report.objects.all()
        return Report.objects.filter(incident__in=self.incidents(permission))

    # --- By which rules -------------------------------------------------------------------------

    def sources(self, permission: Permission) -> QuerySet[Source]:
        """Return the sources that report there; to manage or pause one takes all it reports."""
        territory = self.territory(permission)
        if territory.is_everything:
            return Source.objects.all()
        is_whole = permission in (Permission.MANAGE_SOURCES, Permission.PAUSE)
        return Source.objects.filter(pk__in=self._source_ids(territory, is_whole=is_whole))

    def conventions(self, permission: Permission) -> QuerySet[Convention]:
        """Return those that tell an organisation there, or of what happens on its territory.

        To change one, all the territories that it tells of must be within the permission.
        """
        if self.territory(permission).is_everything:
            return Convention.objects.all()
        there = self.organisations(permission)
        rules = ConventionRule.objects.filter(convention=OuterRef("pk"))
        touching = rules.filter(Q(organisation__in=there) | Q(territory_of__in=there))
        parties = Convention.parties.through.objects.filter(
            convention=OuterRef("pk"), organisation__in=there
        )
        found = Convention.objects.filter(Exists(touching) | Exists(parties))
        if permission == Permission.EDIT_TERRITORY:
            found = found.exclude(Exists(rules.exclude(territory_of__in=there)))
        return found

    def narrowings(self, permission: Permission) -> QuerySet[PolicyNarrowing]:
        """Return what the rules are narrowed to there, past and proposed ones included."""
        territory = self.territory(permission)
        if territory.is_everything:
            return PolicyNarrowing.objects.all()
        return PolicyNarrowing.objects.filter(departement__in=territory.departements)

    def changes(self, permission: Permission) -> QuerySet[Change]:
        """Return the changes of the directory that touched an organisation or a person there."""
        if self.territory(permission).is_everything:
            return Change.objects.all()
        there = self.organisations(permission)
        people = self.people(permission)
        touched = (
            Mandate.history.model.objects.filter(change=OuterRef("pk"), organisation__in=there),
            Person.history.model.objects.filter(change=OuterRef("pk"), id__in=people.values("pk")),
            *(
                model.history.model.objects.filter(change=OuterRef("pk"), person__in=people)
                for model in OF_PEOPLE
            ),
        )
        found = plans_of(there)
        for rows in touched:
            found |= Q(Exists(rows))
        return Change.objects.filter(found)

    def assignments(self, permission: Permission) -> QuerySet[RoleAssignment]:
        """Return the roles, past ones included, that hold there."""
        return RoleAssignment.objects.filter(self._for_there(permission))

    def invitations(self, permission: Permission) -> QuerySet[Invitation]:
        """Return the invitations, past ones included, to roles that hold there."""
        return Invitation.objects.filter(self._for_there(permission))

    def accounts(self, permission: Permission) -> QuerySet[User]:
        """Return the accounts that have, or had, a role there; never one of the platform."""
        if self.territory(permission).is_everything:
            return User.objects.all()
        there = self.assignments(permission).filter(user=OuterRef("pk"))
        return User.objects.filter(Exists(there), is_superuser=False)

    # --- Shared ---------------------------------------------------------------------------------

    def _granting(self, permission: Permission) -> list[RoleAssignment]:
        return [one for one in self.assignments_held if permission in PERMISSIONS[Role(one.role)]]

    def _for_there(self, permission: Permission) -> Q:
        """Select roles that hold within the permission."""
        territory = self.territory(permission)
        if territory.is_everything:
            return Q()
        organisations = self.organisations(permission)
        return Q(departement__in=territory.departements) | Q(organisation__in=organisations)

    def _told_there(self, territory: Territory) -> Q:
        """Select what was told to the organisations, or in the départements, of a territory."""
        if territory.is_everything:
            return Q()
        return self._in_departements(territory) | self._to_organisations(territory)

    def _in_departements(self, territory: Territory) -> Q:
        return Q(departement__in=territory.departements)

    def _to_organisations(self, territory: Territory) -> Q:
        to_one = Q(pk__in=[])
        for ref in self._refs(territory.organisations):
            to_one |= Q(organisation_kind=ref.kind, organisation=ref.code)
        return to_one

    def _refs(self, organisations: Iterable[int]) -> tuple[OrganisationRef, ...]:
        """Return the named organisations, and those directly below them, by kind and code."""
        named = frozenset(organisations)
        if not named:
            return ()
        if named not in self._known_refs:
            rows = Organisation.objects.filter(Q(pk__in=named) | Q(parent__in=named))
            self._known_refs[named] = tuple(
                OrganisationRef(kind, code) for kind, code in rows.values_list("kind", "code")
            )
        return self._known_refs[named]

    @cached_property
    def _known_refs(self) -> dict[frozenset[int], tuple[OrganisationRef, ...]]:
        return {}

    @cached_property
    def _departements_of_sources(self) -> list[tuple[int, frozenset[str]]]:
        rows = Source.objects.values_list("pk", "departements")
        return [(pk, frozenset(departements)) for pk, departements in rows]

    def _source_ids(self, territory: Territory, *, is_whole: bool) -> list[int]:
        """Return the sources that report in the départements: in these alone, or in others too."""
        own = territory.departements
        return [
            pk
            for pk, reported in self._departements_of_sources
            if (reported and reported <= own if is_whole else reported & own)
        ]


def scope_of(user: User | AnonymousUser) -> Scope:
    """Return what exists for a user now; for nobody, nothing."""
    return Scope(user)


def administrators_of(departement: str, today: date) -> QuerySet[User]:
    """Return the active administrators of a département's groupement on a day."""
    return _holders(Q(role=Role.GROUPEMENT, departement=departement), today)


def administrators_of_organisation(organisation: Organisation, today: date) -> QuerySet[User]:
    """Return the active administrators of an organisation on a day, or of the one above it."""
    named = {organisation.pk, organisation.parent_id} - {None}
    return _holders(Q(role=Role.ORGANISATION, organisation__in=named), today)


def administrators_of_platform() -> QuerySet[User]:
    """Return the active accounts of the platform."""
    return User.objects.filter(is_superuser=True, is_active=True)


def _holders(role: Q, today: date) -> QuerySet[User]:
    held = RoleAssignment.objects.filter(
        role, Q(until=None) | Q(until__gte=today), user=OuterRef("pk"), revoked_at=None
    )
    return User.objects.filter(Exists(held), is_active=True)
