"""Whom an undo would leave without anybody to warn."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from notifier.directory.models import MAX_FAILURES, Address, Mandate
from notifier.directory.undoing.steps import Step, batches


def count_unreached(steps: list[Step]) -> int:
    """Count the organisations that would have nobody with an address; some statements a batch."""
    today = timezone.localdate()
    lost = {s.model: set[int]() for s in steps} | {Mandate: set[int](), Address: set[int]()}
    for step in steps:
        if step.before is None and step.now is not None:
            lost[step.model].add(step.pk)
    addresses = [s for s in steps if s.model is Address]
    mandates = [s for s in steps if s.model is Mandate]
    reached = {s.before.person_id for s in addresses if s.after is None}
    kept = {
        s.before.organisation_id
        for s in mandates
        if s.before and (s.before.ends_on is None or s.before.ends_on >= today)
    }
    concerned = {s.after.organisation_id for s in mandates if s.pk in lost[Mandate]}
    for ids in batches([s.after.person_id for s in addresses if s.pk in lost[Address]]):
        theirs = Mandate.objects.filter(person__in=ids)
        concerned |= set(theirs.values_list("organisation_id", flat=True))
    before: set[int] = set()
    after = set(kept)
    lasting = (Q(starts_on=None) | Q(starts_on__lte=today)) & (
        Q(ends_on=None) | Q(ends_on__gte=today)
    )
    for ids in batches(list(concerned)):
        rows = Mandate.objects.filter(
            lasting, organisation__in=ids, person__addresses__opted_out_at=None,
            person__addresses__failures__lt=MAX_FAILURES,
        )  # fmt: skip
        for organisation_id, pk, person_id, address_id in rows.values_list(
            "organisation_id", "pk", "person_id", "person__addresses"
        ):
            before.add(organisation_id)
            if pk not in lost[Mandate] and (
                address_id not in lost[Address] or person_id in reached
            ):
                after.add(organisation_id)
    return len(before - after)
