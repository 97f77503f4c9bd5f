"""What the page of one's own shows of absences and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from notifier.alerting.address_test import MAX_WRONG_ANSWERS, last_tests
from notifier.delivery.address import mask
from notifier.directory.models import Mandate
from notifier.directory.own_data import OwnData, awaits_code
from notifier.directory.ringing import Away, Silence, first_rung, silences_of


@dataclass(frozen=True)
class ShownAddress:
    """One of the reader's addresses, masked, with what can be done with it."""

    number: int
    kind: str
    masked: str
    is_refused: bool
    is_unconfirmed: bool
    is_failing: bool
    waits_for_code: bool


@dataclass(frozen=True)
class ShownAbsence:
    """An absence of the reader's, who is rung first in their place, and when nobody is."""

    number: int
    period: str
    stand_in: Mandate | None
    in_place: str
    silences: Sequence[Silence]


def shown_absences(own: OwnData) -> list[ShownAbsence]:
    """Return the absences that are not over. Four statements for each."""
    now = timezone.now()
    shown = []
    for one, period in own.absences:
        since = max(one.starts_at, now)
        away = Away(own.organisation, [one.mandate], since, one.ends_at, one.stand_in)
        rung = first_rung(own.organisation, since)
        shown.append(ShownAbsence(one.pk, period, one.stand_in, rung, silences_of(away)))
    return shown


def shown_addresses(own: OwnData) -> list[ShownAddress]:
    """Return all of them, in their order. One statement."""
    tests, now = last_tests([one.pk for one in own.addresses]), timezone.now()
    shown = []
    for one in own.addresses:
        test = tests.get(one.pk)
        is_unconfirmed = awaits_code(one)
        waits = (
            test is not None
            and test.confirmed_at is None
            and test.expires_at > now
            and test.wrong_answers < MAX_WRONG_ANSWERS
        )
        shown.append(
            ShownAddress(
                one.pk,
                one.get_kind_display(),
                mask(one.value),
                one.opted_out_at is not None,
                is_unconfirmed and one.opted_out_at is None,
                not one.is_usable and not is_unconfirmed and one.opted_out_at is None,
                waits,
            )
        )
    return shown
