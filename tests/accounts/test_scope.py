"""What exists for a user: nothing outside the territory of a role, nothing after its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifier.accounts.models import RoleAssignment, User
from notifier.accounts.roles import PERMISSIONS, Permission, Role
from notifier.accounts.scope import Scope, administrators_of, scope_of
from notifier.alerting.models import Alert, Notification
from notifier.directory.changes import changing
from notifier.directory.history import touching
from notifier.directory.models import (
    Absence,
    Change,
    ChangeKind,
    Convention,
    ConventionRule,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
    Person,
)
from notifier.directory.organisation_changes import record_organisation
from notifier.intake.models import Incident, Report, ReportState, Source
from tests.harness.accounts import add_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SEEN = Permission.SEE_LOG

Grant = Callable[..., Scope]


@pytest.fixture
def grant() -> Grant:
    """Return the scope of a new account with a role, in a département or for an organisation."""

    def _grant(role: Role, where: str | Organisation, until: date | None = None) -> Scope:
        return scope_of(add_account(role, where, until=until))

    return _grant


def _organisation(kind: str, code: str, **more: object) -> Organisation:
    return Organisation.objects.create(kind=kind, code=code, name=f"{kind} {code}", **more)


def _mayor(organisation: Organisation, **more: object) -> Mandate:
    person = Person.objects.create(last_name=f"Maire de {organisation.code}")
    return Mandate.objects.create(
        person=person, organisation=organisation, function="maire", **more
    )


def _source(name: str, *departements: str) -> Source:
    return Source.objects.create(name=name, departements=list(departements), key_hash=name)


def _told(source: Source, organisation: Organisation, departement: str) -> Incident:
    """Store an incident that one organisation was told of."""
    number = Incident.objects.count()
    incident = Incident.objects.create(
        source=source, reference=f"{organisation.code}-{number}", opened_at=NOW
    )
    report = Report.objects.create(
        incident=incident, sequence=1, status="engaged", category="L01", severity="minor",
        occurred_at=NOW, received_at=NOW, location={}, content_hash="",
        state=ReportState.DECIDED,
    )  # fmt: skip
    alert = Alert.objects.create(
        incident=incident, organisation_kind=organisation.kind, organisation=organisation.code,
        organisation_name=organisation.name, departement=departement, report=report,
        category="L01", severity="minor", kind="first", facts={}, opened_at=NOW, expires_at=NOW,
    )  # fmt: skip
    Notification.objects.create(
        kind="alert", state="queued", source=source, incident=incident, report=report, alert=alert,
        organisation_kind=organisation.kind, organisation=organisation.code,
        departement=departement, created_at=NOW,
    )  # fmt: skip
    return incident


def test_nobody_and_an_account_without_a_role_see_nothing() -> None:
    delle = _organisation("commune", "90033")
    _told(_source("CORG 90", "90"), delle, "90")
    _mayor(delle)
    for user in (AnonymousUser(), User.objects.create_user("nouveau")):
        scope = scope_of(user)
        assert not any(scope.has(permission) for permission in Permission)
        for rows in (
            scope.organisations(SEEN),
            scope.people(SEEN),
            scope.addresses(SEEN),
            scope.incidents(SEEN),
            scope.reports(SEEN),
            scope.alerts(SEEN),
            scope.notifications(SEEN),
            scope.sources(SEEN),
            scope.conventions(SEEN),
            scope.changes(SEEN),
            scope.accounts(SEEN),
        ):
            assert not rows.exists(), rows.model
        assert "90033" not in scope.communes(SEEN)


def test_the_platform_sees_everything_but_not_once_it_is_deactivated() -> None:
    user = User.objects.create_superuser("exploitant")
    _told(_source("CORG 90", "90"), _organisation("commune", "90033"), "90")
    assert scope_of(user).incidents(SEEN).count() == 1
    assert "01001" in scope_of(user).communes(SEEN)
    user.is_active = False
    assert not scope_of(user).has(SEEN)
    assert not scope_of(user).incidents(SEEN).exists()


def test_a_groupement_sees_its_departement_alone(grant: Grant) -> None:
    delle, vesoul = _organisation("commune", "90033"), _organisation("commune", "70550")
    source = _source("CORG", "90", "70")
    here, there = _told(source, delle, "90"), _told(source, vesoul, "70")
    mayor = _mayor(delle)
    _mayor(vesoul)
    scope = grant(Role.GROUPEMENT, "90")
    assert list(scope.organisations(SEEN)) == [delle]
    assert list(scope.people(SEEN)) == [mayor.person]
    assert list(scope.mandates(SEEN)) == [mayor]
    assert list(scope.incidents(SEEN)) == [here]
    assert there not in scope.incidents(SEEN)
    assert [alert.organisation for alert in scope.alerts(SEEN)] == ["90033"]
    assert [one.organisation for one in scope.notifications(SEEN)] == ["90033"]
    assert "90033" in scope.communes(SEEN)
    assert "70550" not in scope.communes(SEEN)


def test_an_organisation_does_not_learn_what_was_withheld_from_it(grant: Grant) -> None:
    """Violence at home is not told to the mayor: nor to whoever keeps the commune's lists."""
    delle = _organisation("commune", "90033")
    source = _source("CORG 90", "90")
    kept = Incident.objects.create(source=source, reference="R-9", opened_at=NOW)
    Notification.objects.create(
        kind="alert", state="suppressed", source=source, incident=kept, organisation_kind="commune",
        organisation="90033", commune="90033", departement="90", reason="withheld", created_at=NOW,
    )  # fmt: skip
    of_commune = grant(Role.ORGANISATION, delle)
    assert not of_commune.incidents(SEEN).exists()
    assert not of_commune.notifications(SEEN).exists()
    of_groupement = grant(Role.GROUPEMENT, "90")
    assert list(of_groupement.incidents(SEEN)) == [kept]
    assert of_groupement.notifications(SEEN).exists()


def test_codes_that_begin_alike_are_not_taken_for_one_another(grant: Grant) -> None:
    """Département 9 is none, 90 is not 9, and 2A is not 2B."""
    corsica = _organisation("commune", "2B033")
    scope = grant(Role.GROUPEMENT, "2A")
    assert corsica not in scope.organisations(SEEN)
    assert "2B033" not in scope.communes(SEEN)
    assert "2A004" in scope.communes(SEEN)
    assert "97105" in grant(Role.GROUPEMENT, "971").communes(SEEN)


def test_a_commune_sees_itself_and_what_is_below_it(grant: Grant) -> None:
    delle, belfort = _organisation("commune", "90033"), _organisation("commune", "90010")
    police = _organisation("police_municipale", "pm-delle", parent=delle)
    source = _source("CORG 90", "90")
    own, of_police = _told(source, delle, "90"), _told(source, police, "90")
    foreign = _told(source, belfort, "90")
    scope = grant(Role.ORGANISATION, delle)
    assert set(scope.organisations(SEEN)) == {delle, police}
    assert set(scope.incidents(SEEN)) == {own, of_police}
    assert foreign not in scope.incidents(SEEN)
    assert "90033" in scope.communes(SEEN)
    assert "90010" not in scope.communes(SEEN)


def test_an_intercommunality_does_not_administer_its_communes(grant: Grant) -> None:
    delle = _organisation("commune", "90033")
    scope = grant(Role.ORGANISATION, _organisation("epci", "249000241"))
    assert delle not in scope.organisations(SEEN)
    assert "90033" not in scope.communes(SEEN)


def test_who_has_left_is_no_matter_of_the_former_organisation(grant: Grant) -> None:
    delle = _organisation("commune", "90033")
    former = _mayor(delle, ends_on=timezone.localdate() - timedelta(days=1))
    scope = grant(Role.ORGANISATION, delle)
    assert former in scope.mandates(SEEN)
    assert former.person not in scope.people(SEEN)


def test_a_change_of_an_absence_or_of_on_call_is_seen_where_it_is_and_nowhere_else(
    grant: Grant,
) -> None:
    delle = _organisation("commune", "90033")
    mayor, until = _mayor(delle), NOW + timedelta(days=1)
    for save in (
        lambda: Absence.objects.create(mandate=mayor, starts_at=NOW, ends_at=until),
        lambda: OnCallShift.objects.create(
            organisation=delle, mandate=mayor, starts_at=NOW, ends_at=until
        ),
        lambda: OnCallRotation.objects.create(
            organisation=delle, members=[mayor.pk], starts_on=NOW.date(), handover_time=NOW.time()
        ),
        lambda: record_organisation(delle, {}, author="Camille", is_new=True),
    ):
        with changing(ChangeKind.HAND, "Camille"):
            save()
    seen = grant(Role.GROUPEMENT, "90").changes(SEEN)
    # The one around the organisation's own is empty.
    assert (seen.count(), Change.objects.count()) == (4, 5)
    assert not grant(Role.GROUPEMENT, "70").changes(SEEN).exists()
    assert set(touching(Change.objects.all(), Organisation.objects.all())) == set(seen)


def test_a_source_is_managed_by_whoever_has_all_its_departements(grant: Grant) -> None:
    own, shared = _source("CORG 90", "90"), _source("SDIS", "90", "70")
    scope = grant(Role.GROUPEMENT, "90")
    assert set(scope.sources(Permission.SEE_LOG)) == {own, shared}
    assert list(scope.sources(Permission.MANAGE_SOURCES)) == [own]
    assert list(scope.sources(Permission.PAUSE)) == [own]


def test_a_doubtful_report_is_seen_by_each_departement_it_may_be_in(grant: Grant) -> None:
    incident = Incident.objects.create(
        source=_source("CORG", "90", "70"), reference="1", opened_at=NOW
    )
    report = Report.objects.create(
        incident=incident, sequence=1, status="engaged", category="L01", severity="minor",
        occurred_at=NOW, received_at=NOW, location={}, content_hash="", state=ReportState.REVIEW,
    )  # fmt: skip
    for departement, is_seen in (("90", True), ("70", True), ("25", False)):
        scope = grant(Role.DISPATCHER, departement)
        assert scope.reports(Permission.DECIDE_REVIEWS).filter(pk=report.pk).exists() is is_seen


def test_a_convention_is_changed_by_whoever_has_all_its_territories(grant: Grant) -> None:
    delle, vesoul = _organisation("commune", "90033"), _organisation("commune", "70550")
    convention = Convention.objects.create(
        reference="c", kind="coordination", title="Convention", starts_on=date(2026, 1, 1)
    )
    rule = {"convention": convention, "categories": ["L01"], "starts_at": NOW}
    ConventionRule.objects.create(organisation=delle, territory_of=delle, **rule)
    scope = grant(Role.GROUPEMENT, "90")
    assert convention in scope.conventions(Permission.EDIT_TERRITORY)
    ConventionRule.objects.create(organisation=delle, territory_of=vesoul, **rule)
    assert convention in scope.conventions(Permission.SEE_LOG)
    assert convention not in scope.conventions(Permission.EDIT_TERRITORY)


def test_a_role_ends_with_its_last_day_in_france_and_when_it_is_taken_back(grant: Grant) -> None:
    scope = grant(Role.AUDITOR, "90", until=date(2026, 7, 1))
    # Half an hour before midnight in Paris, and half an hour after it.
    for moment, counts in (
        (datetime(2026, 7, 1, 21, 30, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 22, 30, tzinfo=UTC), False),
    ):
        with time_machine.travel(moment, tick=False):
            assert Scope(scope.user).has(SEEN) is counts
    RoleAssignment.objects.update(until=None, revoked_at=NOW)
    assert not Scope(scope.user).has(SEEN)


def test_each_role_has_its_permissions_where_it_is_and_not_where_another_role_is(
    grant: Grant,
) -> None:
    """An auditor of one département who dispatches in another reads no people in the first."""
    scope = grant(Role.AUDITOR, "90")
    RoleAssignment.objects.create(
        user=scope.user, role=Role.DISPATCHER, departement="70", granted_by="", granted_at=NOW
    )
    delle, vesoul = _organisation("commune", "90033"), _organisation("commune", "70550")
    both = Scope(scope.user)
    assert set(both.organisations(Permission.SEE_LOG)) == {delle, vesoul}
    assert list(both.organisations(Permission.SEE_PEOPLE)) == [vesoul]
    assert not both.has(Permission.SEE_ADDRESSES)


def test_an_auditor_has_no_way_to_an_address() -> None:
    assert not PERMISSIONS[Role.AUDITOR] & {Permission.SEE_PEOPLE, Permission.SEE_ADDRESSES}


def test_accounts_of_the_platform_are_not_administered_by_others(grant: Grant) -> None:
    scope = grant(Role.GROUPEMENT, "90")
    colleague = grant(Role.DISPATCHER, "90").user
    foreign = grant(Role.DISPATCHER, "70").user
    above = User.objects.create_superuser("exploitant")
    RoleAssignment.objects.create(
        user=above, role=Role.AUDITOR, departement="90", granted_by="", granted_at=NOW
    )
    seen = scope.accounts(Permission.MANAGE_ACCOUNTS)
    assert colleague in seen
    assert foreign not in seen
    assert above not in seen


@pytest.mark.parametrize(
    "stored",
    [
        {"role": Role.GROUPEMENT},
        {"role": Role.ORGANISATION, "departement": "90"},
        {"role": Role.AUDITOR, "departement": "90", "organisation": True},
    ],
)
def test_a_role_without_its_place_is_not_stored(stored: dict[str, object]) -> None:
    if "organisation" in stored:
        stored = {**stored, "organisation": _organisation("commune", "90033")}
    user = User.objects.create_user("essai")
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleAssignment.objects.create(user=user, granted_by="", granted_at=NOW, **stored)


def test_the_administrators_of_a_departement_are_those_of_today(grant: Grant) -> None:
    active = grant(Role.GROUPEMENT, "90").user
    grant(Role.GROUPEMENT, "90", until=timezone.localdate() - timedelta(days=1))
    revoked = grant(Role.GROUPEMENT, "90").user
    RoleAssignment.objects.filter(user=revoked).update(revoked_at=NOW)
    grant(Role.GROUPEMENT, "70")
    grant(Role.AUDITOR, "90")
    assert list(administrators_of("90", timezone.localdate())) == [active]
