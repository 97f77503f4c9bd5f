"""A narrowing of the rules, compared by a real worker, is what the next report is decided by."""

from __future__ import annotations

from tests.harness.live import Live
from tests.harness.service import Service

CATEGORY, COMMUNE = "C09.05.00", "90049"
PROPOSE = f"""
from notifier.alerting.models import PolicyNarrowing
from notifier.alerting.policy_changes import propose
narrowing = PolicyNarrowing(departement="90", category="{CATEGORY}", is_withheld=True)
narrowing.reason = "essai"
print(propose(narrowing, "anne").pk)
"""
COMPARED = """
from notifier.alerting.models import PolicyReplay
print(PolicyReplay.objects.get(pk={comparison}).state)
"""
# In force at once: the half minute in which every process reads it is waited for by heartbeats.
ADOPT = """
from django.utils import timezone
from notifier.alerting.models import PolicyNarrowing, PolicyReplay
from notifier.alerting.policy_changes import adopt
made = adopt(PolicyReplay.objects.get(pk={comparison}), "anne")
PolicyNarrowing.objects.filter(pk=made.pk).update(starts_at=timezone.now())
print(made.pk)
"""
SEEN = """
from notifier.jobs.models import Heartbeat
print(sorted(row.seen_at.isoformat() for row in Heartbeat.objects.filter(role="worker"))[0])
"""
LIFT = """
from django.utils import timezone
from notifier.alerting.models import PolicyNarrowing
PolicyNarrowing.objects.filter(pk={narrowing}).update(ends_at=timezone.now())
print("ended")
"""


def test_what_is_no_more_announced_is_told_until_then_and_not_after(live: Live) -> None:
    service, number = live.service, live.service.new_number()
    service.add_contacts(f"{COMMUNE};maire;1;Essai;Camille;0{number.removeprefix('+33')};")
    place = {"insee": COMMUNE}
    told = service.push(category=CATEGORY, location=place)
    live.expect_sms(to=number)
    comparison = service.shell(PROPOSE)
    service.wait_until(lambda: service.shell(COMPARED.format(comparison=comparison)) == "done")
    narrowing = service.shell(ADOPT.format(comparison=comparison))
    try:
        # A worker writes its heartbeat, then reads: after the second one it has read.
        next_heartbeat(service)
        next_heartbeat(service)
        kept = service.push(category=CATEGORY, location=place)
        status = service.wait_for_state(kept.id, "decided")
        assert (len(service.status(told.id)["alerts"]), status["alerts"]) == (1, [])
        assert f"restriction n° {narrowing}" in str(status)
    finally:
        service.shell(LIFT.format(narrowing=narrowing))


def next_heartbeat(service: Service) -> None:
    before = service.shell(SEEN)
    service.wait_until(lambda: service.shell(SEEN) > before)
