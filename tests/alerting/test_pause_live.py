"""A pause in the real service: its workers take nothing until it ends, and then once."""

from __future__ import annotations

import time

from tests.harness.live import Live


def test_two_workers_send_nothing_while_it_lasts_and_all_of_it_once_after(live: Live) -> None:
    service = live.service
    number = service.new_number()
    service.add_contacts(f"90023;maire;1;Essai;Camille;0{number.removeprefix('+33')};")
    with service.second_worker():
        assert service.run("pause", "--who", "chef").returncode == 0
        try:
            answers = [service.push(location={"insee": "90023"}) for _ in range(3)]
            assert [answer.code for answer in answers] == [202] * 3
            for answer in answers:
                service.wait_for_state(answer.body["id"], "decided")
                deadline = time.monotonic() + 30
                while not _is_noted(service.status(answer.body["id"])):
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            assert live.simulator.messages(number) == []
        finally:
            done = service.run("resume", "--who", "chef")
        assert "3 textes en attente, de 3 interventions" in done.stdout
        for answer in answers:
            reference = service.status(answer.body["id"])["reference"]
            live.expect_sms(to=number, containing=reference)


def _is_noted(status: dict[str, object]) -> bool:
    """Whether the sweep has come by and written down that it is held."""
    assert status["paused_since"]
    return "les envois sont suspendus" in str(status["timeline"])
