"""`notifier doctor` finds what ails, names it, and says what to do."""

import pytest

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
