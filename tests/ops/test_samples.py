"""The samples: what a newcomer finds, that it stays as it was, and that nobody else gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifier.accounts.invitations import waiting_invitations
from notifier.accounts.models import User
from notifier.accounts.scope import scope_of
from notifier.alerting.board.answers import AnswerState
from notifier.alerting.board.incidents import incidents_under_way
from notifier.alerting.models import Alert, Notification, NotificationState
from notifier.alerting.models import Answer as Given
from notifier.delivery.models import Message, MessageState
from notifier.directory.addresses import all_failing
from notifier.directory.election import progress_of
from notifier.directory.models import (
    Absence,
    Answer,
    Change,
    ChangeKind,
    ConfirmationRequest,
    ImportJob,
    ImportState,
    OnCallShift,
    Organisation,
    RowVerb,
)
from notifier.intake.models import Incident, Report, ReportState
from notifier.ops.samples.accounts import ACCOUNTS, password, totp_secret
from notifier.ops.samples.fill import SamplesRefused, fill, is_free
from notifier.ops.samples.story import story
from tests.harness.variables import changed

NOW = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.one_database("the rooms whose functions it calls are held on both")
def test_a_newcomer_finds_every_state_and_a_second_time_changes_nothing(settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="+33353010090")
    assert is_free()
    fill(datetime.now(UTC))
    states = set(Report.objects.values_list("state", flat=True))
    assert {ReportState.DECIDED, ReportState.REVIEW} <= states
    outcomes = set(Message.objects.values_list("state", flat=True))
    assert {MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.FAILED} <= outcomes
    # All has come to its end: nothing of it is left for a worker to send.
    assert not outcomes & {MessageState.PENDING, MessageState.SENDING, MessageState.UNKNOWN}
    under_way = incidents_under_way(Alert.objects.all(), timezone.now())
    assert {line.answers.state for i in under_way.incidents for line in i.organisations} >= {
        AnswerState.NOT_ASKED,
        AnswerState.WAITING,
        AnswerState.NOT_MINE,
        AnswerState.CALL_ME,
        AnswerState.TAKEN,
    }
    assert set(Given.objects.values_list("means", flat=True)) == {"link", "sms", "voice"}
    assert Alert.objects.filter(taken_title="2e adjoint").exists()
    calls = Message.objects.filter(channel="voice").values_list("state", flat=True)
    assert set(calls) == {MessageState.DELIVERED, MessageState.UNDELIVERED}
    deferred = Notification.objects.filter(deferred_until__isnull=False)
    assert set(deferred.values_list("state", flat=True)) == {NotificationState.QUEUED}
    assert {address.kind for address in all_failing()} == {"mobile", "courriel"}
    assert Absence.objects.count() == 1
    assert OnCallShift.objects.exists()
    assert set(ImportJob.objects.values_list("state", flat=True)) == {
        ImportState.READY,
        ImportState.DONE,
    }
    waiting = ImportJob.objects.get(state=ImportState.READY)
    verbs = set(waiting.rows.values_list("verb", flat=True))
    assert verbs >= {RowVerb.NEW, RowVerb.CHANGED, RowVerb.ENDED, RowVerb.REFUSED}
    assert waiting.rows.filter(is_warned=True).exists()
    asked = ConfirmationRequest.objects.exclude(sent_count=0)
    assert set(asked.values_list("answer", flat=True)) == set(Answer.values)
    election = progress_of(Change.objects.get(kind=ChangeKind.ELECTION), Organisation.objects.all())
    assert 0 < election.confirmed < election.total
    groupement = User.objects.get(username="groupement")
    assert len(waiting_invitations(scope_of(groupement))) == 1
    oldest = Incident.objects.earliest("opened_at").opened_at
    assert timedelta(days=9) < datetime.now(UTC) - oldest < timedelta(days=12)

    scopes = {user.username: scope_of(user) for user in User.objects.all()}
    assert scopes.keys() == {account.username for account in ACCOUNTS}
    assert [name for name, scope in scopes.items() if scope.is_platform] == ["plateforme"]
    assert sum(len(scope.assignments_held) for scope in scopes.values()) == len(ACCOUNTS) - 1
    assert User.objects.get(username="delle").check_password(password(settings.SECRET_KEY))

    tables = (Report, Message, Organisation, User, Change)
    counts = [table._default_manager.count() for table in tables]
    assert is_free()
    fill(datetime.now(UTC))
    assert [table._default_manager.count() for table in tables] == counts


@pytest.mark.django_db
@pytest.mark.one_database("no matter of SQL")
def test_without_the_simulator_nothing_is_written(settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, SIMULATOR=False)
    with pytest.raises(SamplesRefused, match="demandent le simulateur"):
        fill(NOW)
    with pytest.raises(CommandError, match="demandent le simulateur"):
        call_command("samples")
    assert is_free()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.one_database("no matter of SQL")
def test_where_somebody_began_otherwise_nothing_is_added() -> None:
    User.objects.create_user("exploitant")
    call_command("samples", "--only-if-empty")
    assert not Incident.objects.exists()


def test_the_proofs_of_one_trial_open_no_other() -> None:
    assert password("one key") != password("another")
    assert len(password("one key")) >= 12
    secrets = {totp_secret(key, account) for key in ("one key", "another") for account in ACCOUNTS}
    assert len(secrets) == 2 * len(ACCOUNTS)


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_nothing_of_the_story_is_yet_to_come_at_any_hour(hour: int) -> None:
    now = NOW.replace(hour=hour)
    moments = [event.at for event in story(now)]
    assert moments == sorted(moments)
    assert moments[-1] < now
