"""`notifier doctor` finds what ails, names it, and says what to do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.harness.live import Live

CONTACT = "90010;maire;1;Essai;Alix;{};maire@belfort.example"


def test_a_whole_service_is_well(live: Live) -> None:
    live.service.add_contacts(CONTACT.format(live.service.new_number()))
    done = live.service.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert "SIMULÉ" in done.stdout
    assert live.service.key not in done.stdout


def test_a_frozen_broker_is_found(live: Live) -> None:
    live.service.freeze_broker()
    done = live.service.run("doctor")
    live.service.start_broker()
    assert done.returncode == 1
    assert "✗ Courtier : injoignable" in done.stdout


@pytest.mark.parametrize(
    ("fault", "found"),
    [("down", "✗ Twilio : injoignable"), ("smtp_down", "✗ Courriel : serveur injoignable")],
)
def test_a_provider_that_does_not_answer_is_found(live: Live, fault: str, found: str) -> None:
    live.simulator.fault(fault, seconds=60)
    done = live.service.run("doctor")
    live.simulator.clear_faults()
    assert done.returncode == 1
    assert found in done.stdout


@pytest.mark.django_db
def test_where_nobody_can_be_told_or_rung_today_is_named() -> None:
    from notifier.console.doctor.contents import sources_and_contacts
    from notifier.directory.models import Contact
    from notifier.intake.keys import add_source
    from notifier.territory.resolve import communes_of

    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    Contact.objects.bulk_create(
        Contact(commune=commune.code, function="maire", mobile=f"+3363998{n:04d}")
        for n, commune in enumerate(communes_of("90"))
    )
    assert "101 communes dont" in [found.what for found in sources_and_contacts()][-1]
    yesterday = timezone.now() - timedelta(days=2)
    Contact.objects.filter(commune="90033").update(active_until=yesterday.date())
    Contact.objects.filter(commune="90010").update(mobile="", email="maire@belfort.example")
    said = [found.what for found in sources_and_contacts()][1:]
    assert [what.removeprefix("Contacts du département 90 : ") for what in said] == [
        "aucun n’est en fonction aujourd’hui dans 1 commune sur 101 : Delle (90033)",
        "aucun n’a de mobile dans 1 commune sur 101 : Belfort (90010)",
    ]
