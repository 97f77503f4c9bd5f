"""A storm in the real service: two workers, one of them killed, and one digest."""

from __future__ import annotations

from tests.harness.live import Live
from tests.harness.service import Service

# Routine, by SMS; told five times before the rest is gathered.
LEAK, TOLD_SINGLY = "C09.02.00", 5

RELEASE_NOW = (
    "from django.utils import timezone; from notifier.alerting.models import Notification;"
    "Notification.objects.filter(state='deferred').update(deferred_until=timezone.now())"
)
NUMBER_HELD = (
    "from notifier.alerting.models import Notification;"
    "print(Notification.objects.filter(state='deferred').count())"
)


def storm(live: Live, commune: str, events: int) -> tuple[str, list[str]]:
    """A mayor with a mobile, and so many events; his number and the references that are held."""
    service = live.service
    number = service.new_number()
    service.add_contacts(f"{commune};maire;1;Essai;Camille;0{number.removeprefix('+33')};")
    held = []
    for n in range(events):
        reference = service.new_reference()
        answer = service.push(reference=reference, category=LEAK, location={"insee": commune})
        service.wait_for_state(answer.body["id"], "decided")
        if n < TOLD_SINGLY:
            live.expect_sms(to=number, containing=reference)
        else:
            held.append(reference)
    assert number_held(service) == len(held)
    return number, held


def number_held(service: Service) -> int:
    return int(service.run("shell", "-v", "0", "-c", NUMBER_HELD).stdout)


def release(service: Service) -> None:
    done = service.run("shell", "-c", RELEASE_NOW)
    assert done.returncode == 0, done.stderr


def test_two_workers_release_a_storm_as_one_text(live: Live) -> None:
    service = live.service
    number, held = storm(live, "90021", TOLD_SINGLY + 6)
    with service.second_worker():
        release(service)
        for _ in range(20):
            service.enqueue("alerting.upkeep")
        digest = live.expect_sms(to=number, containing="récapitulatif de 6 interventions")
        service.wait_until_idle()
    assert held[0] in digest["body"]
    assert number_held(service) == 0
    assert "dit dans un récapitulatif" in service.run("timeline", held[-1]).stdout


def test_a_worker_killed_in_the_release_leaves_one_text(live: Live) -> None:
    """Killed as the sweeps begin; whoever comes next finds either all of it or nothing to do."""
    service = live.service
    number, _ = storm(live, "90022", TOLD_SINGLY + 4)
    release(service)
    for _ in range(20):
        service.enqueue("alerting.upkeep")
    service.kill_worker()
    service.start_worker()
    live.expect_sms(to=number, containing="récapitulatif de 4 interventions", timeout=60)
    assert number_held(service) == 0
