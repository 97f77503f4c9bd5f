"""The whole way with real processes: incidents, the next person, the review, two workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from notifier.ops.api_client import DispatchClient
from tests.harness.live import Live


def mayor(live: Live, code: str, *others: str) -> tuple[str, str]:
    """A mayor with mobile and e-mail in this commune; further rows as they are."""
    mobile = live.service.new_number()
    address = f"maire.{mobile[-4:]}@commune.example"
    live.service.add_contacts(f"{code};maire;1;Essai;Camille;{mobile};{address}", *others)
    return mobile, address


def test_first_update_and_end_reach_the_same_phone_and_mailbox(live: Live) -> None:
    service = live.service
    mobile, address = mayor(live, "90004")
    reference, place = service.new_reference(), {"insee": "90004"}
    for sequence, status, severity, says in (
        (1, "engaged", "moderate", "intervention en cours"),
        (2, "on_scene", "moderate", None),
        (3, "on_scene", "extreme", "aggravée"),
        (4, "closed", "extreme", "terminée"),
    ):
        answer = service.push(
            reference=reference,
            sequence=sequence,
            status=status,
            severity=severity,
            location=place,
        )
        assert answer.code == 202
        service.wait_for_state(answer.id, "decided")
        if says:
            live.expect_sms(to=mobile, containing=says)
            live.expect_mail(to=address)


def test_a_number_that_the_provider_refuses_brings_the_deputys_phone_to_ring(live: Live) -> None:
    service = live.service
    deputy = service.new_number()
    mobile, address = mayor(live, "90005", f"90005;adjoint;1;Essai;Claude;{deputy};")
    live.simulator.fault("reject", to=mobile, error_code=21211)
    answer = service.push(location={"insee": "90005"})
    live.expect_mail(to=address)
    live.expect_sms(to=deputy, containing="Le maire n'a pu etre joint par SMS.")
    told = service.wait_for_state(answer.id, "decided")
    assert any("au tour de 1er adjoint" in line["text"] for line in told["timeline"])
    live.simulator.clear_faults()


def test_a_cancellation_before_anything_left_leaves_nothing(live: Live) -> None:
    service = live.service
    mobile, _ = mayor(live, "90006")
    reference, place = service.new_reference(), {"insee": "90006"}
    service.stop_worker()
    for sequence, status in ((1, "engaged"), (2, "cancelled")):
        answer = service.push(reference=reference, sequence=sequence, status=status, location=place)
        assert answer.code == 202
    service.start_worker()
    service.wait_for_state(answer.id, "decided")
    live.verify()
    assert live.simulator.messages(mobile) == []


def test_a_conflict_waits_until_a_person_decides(live: Live) -> None:
    service = live.service
    mobile, address = mayor(live, "90007")
    reference = service.new_reference()
    answer = service.push(reference=reference, location={"insee": "90033", "name": "Banvillars"})
    status = service.wait_for_state(answer.id, "review")
    assert status["verdict"] == "conflict"
    assert status["alerts"] == []
    assert reference in service.run("review").stdout
    refused = service.run("review", reference, "--commune", "99999")
    assert refused.returncode != 0
    assert "99999" in refused.stderr
    done = service.run("review", reference, "--commune", "90007", "--why", "rappel", "--who", "PC")
    assert done.returncode == 0, done.stderr
    live.expect_sms(to=mobile)
    live.expect_mail(to=address)
    assert "Décidé par PC" in service.run("timeline", reference).stdout


def test_a_doubt_reaches_the_mailbox_of_the_duty(live: Live) -> None:
    service, duty = live.service, "permanence.belfort@groupement90.example"
    added = service.run("source", "add", "SDIS 90", "--departement", "90", "--duty-email", duty)
    assert added.returncode == 0, added.stderr
    dispatch = DispatchClient(service.url, added.stdout.strip().splitlines()[-1])
    reference = service.new_reference()
    answer = dispatch.push(
        {
            "reference": reference,
            "sequence": 1,
            "status": "engaged",
            "category": "C01.01.00",
            "severity": "severe",
            "occurred_at": datetime.now(UTC).isoformat(),
            "location": {"insee": "90100", "name": "Delle"},
        }
    )
    assert answer.code == 202
    live.expect_mail(to=duty, containing=f"notifier review {reference} --commune CODE")


def test_many_events_at_once_are_told_once_each(live: Live) -> None:
    service = live.service
    mobile, address = mayor(live, "90009")
    references = [service.new_reference() for _ in range(10)]

    at = datetime.now(UTC).isoformat()

    def push_twice(reference: str) -> list[int]:
        body = {"reference": reference, "location": {"insee": "90009"}}
        first = service.push(**body, occurred_at=at)
        again = service.push(**body, occurred_at=at)
        return [first.code, again.code]

    with ThreadPoolExecutor(5) as threads:
        codes = list(threads.map(push_twice, references))
    assert codes == [[202, 200]] * 10
    for reference in references:
        live.expect_sms(to=mobile, containing=reference)
        live.expect_mail(to=address, containing=reference)
