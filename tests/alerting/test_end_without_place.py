"""An end or a cancellation concerns those who were told, wherever it says that it is."""

import pytest

from notifier.delivery.models import Message
from notifier.intake.models import ReportState, Source
from tests.alerting.house import CONFLICT, contact, hand_over, number, push

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", ["closed", "cancelled"])
@pytest.mark.parametrize("place", [CONFLICT, {"latitude": 47.5, "longitude": 7.0}])
def test_those_who_were_told_learn_of_the_end_though_its_place_is_in_doubt(
    source: Source, status: str, place: dict[str, object]
) -> None:
    contact(mobile=number(1))
    push(source)
    hand_over()
    end = push(source, sequence=2, status=status, location=place)
    assert end.state == ReportState.DECIDED
    assert Message.objects.filter(notifications__revision=2, address=number(1)).count() == 1


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_where_nobody_was_told_a_doubt_stays_a_doubt(source: Source, status: str) -> None:
    contact(mobile=number(1))
    assert push(source, status=status, location=CONFLICT).state == ReportState.REVIEW


def test_a_later_state_that_goes_on_still_needs_its_place(source: Source) -> None:
    contact(mobile=number(1))
    push(source)
    assert (
        push(source, sequence=2, status="on_scene", location=CONFLICT).state == ReportState.REVIEW
    )
