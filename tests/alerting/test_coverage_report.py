"""Administrators are told on Fridays what is to be mended, and when somebody is lost, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.alerting.coverage_report import report_coverage
from notifier.api.metrics import SnapshotCollector, take_snapshot
from notifier.delivery.models import Message
from notifier.directory.contacts import Contact
from notifier.directory.coverage_checks import last_friday
from notifier.directory.models import Address, CoverageCheck, Mandate
from notifier.intake.access.api_keys import add_source
from notifier.territory.resolve import communes_in
from tests.harness.accounts import add_account
from tests.harness.people import add_contacts

pytestmark = pytest.mark.django_db

# A Wednesday.
START = datetime(2026, 11, 25, 9, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 16, tzinfo=UTC)  # 17 h in Paris, in winter


DUTY = "permanence@corg90.example"
EVERYBODY = {
    (commune.code, f"+3363998{number:04d}") for number, commune in enumerate(communes_in("90"))
}


@pytest.fixture(autouse=True)
def _ninety() -> None:
    """A source for the Territoire de Belfort, of which every mayor has a mobile."""
    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email=DUTY, signed=False)
    add_contacts(
        *(Contact(commune=code, function="maire", mobile=mobile) for code, mobile in EVERYBODY)
    )


def lose(code: str) -> None:
    """The number of a commune's mayor fails for good."""
    Address.objects.filter(person__mandates__organisation__code=code).update(failures=2)


def mails_at(moment: datetime) -> list[tuple[str, str, str]]:
    before = set(Message.objects.values_list("pk", flat=True))
    with time_machine.travel(moment, tick=False):
        report_coverage()
    sent = Message.objects.exclude(pk__in=before).order_by("address")
    found = sent.values_list("address", "subject", "body")
    return [(address, plain(subject), plain(body)) for address, subject, body in found]


def plain(text: str) -> str:
    """The text with the spaces of a keyboard."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("now", "friday"),
    [
        (START, datetime(2026, 11, 20, 16, tzinfo=UTC)),
        (FRIDAY - timedelta(seconds=1), datetime(2026, 11, 20, 16, tzinfo=UTC)),
        (FRIDAY, FRIDAY),
        # The clock is set back on Sunday, 25 October 2026, and forward on 29 March 2026.
        (datetime(2026, 10, 23, 15, tzinfo=UTC), datetime(2026, 10, 23, 15, tzinfo=UTC)),
        (datetime(2026, 10, 27, 9, tzinfo=UTC), datetime(2026, 10, 23, 15, tzinfo=UTC)),
        (datetime(2026, 3, 31, 9, tzinfo=UTC), datetime(2026, 3, 27, 16, tzinfo=UTC)),
    ],
)
def test_friday_at_seventeen_in_paris_on_both_sides_of_a_change_of_the_clock(
    now: datetime, friday: datetime
) -> None:
    assert last_friday(now) == friday


def test_who_is_lost_is_told_once_and_again_on_friday() -> None:
    assert mails_at(START) == []
    lose("90033")
    [(address, subject, body)] = mails_at(START + timedelta(hours=1))
    assert (address, subject) == (
        DUTY, "Annuaire du département 90 : 2 points nouveaux à revoir",
    )  # fmt: skip
    assert "- Delle (90033) : personne\n- en échec : Delle (90033), maire, mobile\n" in body
    assert "dans 100 communes" in body
    assert mails_at(START + timedelta(hours=2)) == []
    lose("90010")
    [(_, _, body)] = mails_at(START + timedelta(hours=3))
    assert "Belfort" in body
    assert "Delle" not in body
    assert mails_at(FRIDAY - timedelta(minutes=1)) == []
    [(_, subject, body)] = mails_at(FRIDAY + timedelta(minutes=10))
    assert subject == "Annuaire du département 90 : 4 points à revoir"
    assert "Delle" in body
    assert "Belfort" in body
    assert mails_at(FRIDAY + timedelta(hours=3)) == []


def test_a_friday_with_nothing_to_mend_is_silent() -> None:
    mails_at(START)
    assert mails_at(FRIDAY) == []
    assert CoverageCheck.objects.get().weekly_at == FRIDAY


def test_two_workers_tell_it_once() -> None:
    mails_at(START)
    lose("90033")
    assert len(mails_at(START + timedelta(hours=1))) == 1
    assert mails_at(START + timedelta(hours=1, minutes=5)) == []


def test_who_administers_the_departement_is_told_in_place_of_the_duty_officer() -> None:
    anne = add_account(Role.GROUPEMENT, "90")
    add_account(Role.DISPATCHER, "90")
    add_account(Role.GROUPEMENT, "70")
    gone = add_account(Role.GROUPEMENT, "90")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    add_account(Role.GROUPEMENT, "90", until=START.date() - timedelta(days=1))
    mails_at(START)
    lose("90033")
    sent = mails_at(START + timedelta(hours=1))
    [(address, _, body)] = sent
    assert address == anne.email
    assert "Voir et corriger : http://127.0.0.1:1/territoire?departement=90\n" in body
    assert set(Message.objects.values_list("pause_key", "lane")) == {("-", "routine")}


def test_monitoring_counts_what_was_found_last() -> None:
    lose("90033")
    Mandate.objects.filter(organisation__code="90010").update(is_confirmed=False)
    mails_at(START)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in SnapshotCollector(take_snapshot()).collect()
        for sample in metric.samples
    }
    assert found["notifier_communes", "90", "phone"] == 100
    assert found["notifier_communes", "90", "nobody"] == 1
    assert found["notifier_directory_problems", "90", "unconfirmed"] == 1
    assert found["notifier_directory_problems", "90", "failing"] == 1
