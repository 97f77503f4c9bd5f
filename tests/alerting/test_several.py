"""An intervention on a border: each commune has its own alert, at the price of one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.alerting import decide as deciding
from notifier.alerting.models import Alert
from notifier.intake.models import Intervention
from notifier.intake.receive import receive
from notifier.territory.resolve import Location, Resolution, Verdict, commune, resolve
from tests.alerting.house import (
    DELLE,
    FIRE,
    contact,
    event,
    hand_over,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)

# A stand-in for the border, until the territory reads positions: this label lies on it.
BORDER = {**DELLE, "label": "rue de la Frontière"}


@pytest.fixture
def border(source, monkeypatch):
    """A place that lies in Delle and within metres of Giromagny and of a commune outside."""

    def on_the_border(location: Location) -> Resolution:
        found = resolve(location)
        if location.label != BORDER["label"]:
            return found
        near = tuple(c for code in ("90033", "90052", "25388") if (c := commune(code)))
        return replace(found, verdict=Verdict.EDGE, communes=near)

    monkeypatch.setattr(deciding, "resolve", on_the_border)
    contact(mobile=number(1))
    contact(commune="90052", mobile=number(2))
    contact(commune="25388", mobile=number(3))
    return source


def test_each_commune_of_the_sources_territory_is_told_of_itself(border) -> None:
    push(border, category=FIRE, location=BORDER)
    assert told() == [sms(1), sms(2)]
    delle, giromagny = messages()
    assert "Delle" in delle.body
    assert "Giromagny" not in delle.body
    assert "Giromagny" in giromagny.body


def test_several_communes_cost_no_statement_more(border) -> None:
    counts = []
    for reference, place in (("R1", DELLE), ("R2", BORDER)):
        event_id = receive(border, event(reference, category=FIRE, location=place)).intervention_id
        with CaptureQueriesContext(connection) as captured:
            deciding.decide(event_id)
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in captured))
    assert counts[0] == counts[1]
    assert Intervention.objects.filter(state="decided").count() == 2


def test_one_commune_is_left_and_the_other_goes_on(border) -> None:
    push(border, category=FIRE, severity="minor", location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, severity="extreme", location=DELLE)
    update, cancellation = messages(revision=2)
    assert (update.address, cancellation.address) == (number(1), number(2))
    assert "aggravée" in update.body
    assert "ne concerne pas ou plus votre commune" in cancellation.body
    assert [alert.is_open for alert in Alert.objects.order_by("id")] == [True, False]


def test_a_failure_in_one_commune_troubles_nobody_in_the_other(border) -> None:
    contact("adjoint", commune="90052", mobile=number(4))
    push(border, category=FIRE, location=BORDER)
    hand_over(refusing(number(2)))
    assert told() == [sms(1), sms(2), sms(4)]
    assert "Giromagny" in messages()[-1].body
