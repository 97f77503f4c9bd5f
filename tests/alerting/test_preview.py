"""The dry run says what then happens, stores nothing, and sees no more than the real thing."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.models import Alert
from notifier.delivery.address import mask
from notifier.delivery.models import Message
from notifier.intake.models import Report
from notifier.intake.receive import OutsideSourceError
from notifier.intake.schema.vocabulary import Severity, Status
from notifier.journal.models import Entry
from tests.alerting.house import (
    ACCIDENT,
    BORDER,
    CONFLICT,
    CROWD,
    DELLE,
    DUTY,
    FIRE,
    GIROMAGNY,
    JONCHEREY,
    MISSING,
    REFUSED,
    SECRET,
    TAKEN,
    THEFT,
    contact,
    event,
    hand_over,
    number,
    push,
)

OUTSIDE = {"postal_code": "25200", "name": "Montbéliard"}
STREET = {**DELLE, "label": "rue de Déridé"}
STEPS = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*Status, Status.ENGAGED]),
        "severity": st.sampled_from(list(Severity)),
        "category": st.sampled_from([ACCIDENT, FIRE, THEFT, CROWD, SECRET, MISSING, MISSING]),
        "location": st.sampled_from(
            [DELLE, BORDER, JONCHEREY, GIROMAGNY, CONFLICT, OUTSIDE, STREET]
        ),
        "exercise": st.booleans(),
    }
)
# What the provider does to each message between two events; None: it did not come to it.
FATES = st.lists(st.sampled_from([None, TAKEN, REFUSED]), min_size=1, max_size=4)
references = (f"P{n}" for n in count())


@pytest.fixture
def people(source):
    contact(mobile=number(1), email="maire@delle.example")
    contact("adjoint", mobile=number(2))
    contact(commune="90052", email="maire@giromagny.example")
    contact(commune="90056", mobile=number(3))
    # A deputy of Delle works for Joncherey too, and the police for a village next to both.
    contact("police_municipale", commune="90056", mobile=number(2))
    contact("police_municipale", commune="90046", mobile=number(3))
    contact("adjoint", commune="90052", mobile=number(4))
    # Of these neighbours of Delle one has nobody to be rung.
    contact(commune="90045", email="maire@faverois.example")


@pytest.mark.one_database(reason="the plan that is compared is made of rows, whatever reads them")
@given(
    steps=st.lists(st.tuples(st.integers(1, 9), STEPS, FATES), max_size=6, unique_by=lambda s: s[0])
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_came_before_the_dry_run_says_what_then_happens(source, people, steps) -> None:
    reference = next(references)
    for sequence, body, fates in steps:
        before = set(Message.objects.values_list("pk", flat=True))
        promised = dry_run(source, event(reference, sequence, **body))
        real = push(source, reference, sequence, **body)
        assert (promised["state"], promised["verdict"]) == (real.state, real.verdict or None)
        assert _ruled(promised) == _done(real)
        fresh = Message.objects.exclude(pk__in=before)
        sent = fresh.exclude(address=DUTY)
        alarmed = any(telling.get("unreached") for telling in promised["tellings"])
        assert alarmed == fresh.filter(notifications__kind="duty").exists()
        assert _addressed(promised) == sorted((m.channel, mask(m.address)) for m in sent)
        assert {m.body for m in sent if m.channel == "sms"} <= {
            telling["sms"] for telling in promised["tellings"] if telling["kind"]
        }
        if fates[0] is not None:
            answers = iter(fates * 50)
            hand_over(lambda _, answers=answers: next(answers) or TAKEN)


def _ruled(promised: dict) -> list[tuple[str, str | None, str]]:
    return sorted(
        (telling["commune"]["code"], telling["kind"] or "", telling["rule"])
        for telling in promised["tellings"]
    )


def _done(real: Report) -> list[tuple[str, str | None, str]]:
    decided = Entry.objects.filter(incident_id=real.incident_id, step="decided")
    return sorted(
        (line.data["commune"], line.data["kind"] or "", line.data["rule"])
        for line in decided
        if line.data.get("report") == str(real.pk) and "rule" in line.data
    )


def _addressed(promised: dict) -> list[tuple[str, str]]:
    return sorted(
        (message["channel"], message["address"])
        for telling in promised["tellings"]
        for message in telling["messages"]
        if message["held_until"] is None
    )


def test_a_dry_run_stores_nothing(source, people) -> None:
    answer = dry_run(source, event())
    assert answer["tellings"][0]["kind"] == "first"
    assert answer["tellings"][0]["segments"] == 1
    for table in (Report, Alert, Message, Entry):
        assert not table.objects.exists()


def test_a_dry_run_masks_every_address(source, people) -> None:
    answer = str(dry_run(source, event()))
    assert number(1)[3:] not in answer
    assert "maire@" not in answer


def test_a_dry_run_is_refused_where_the_real_thing_would_be(source) -> None:
    with pytest.raises(OutsideSourceError):
        dry_run(source, event(location={"insee": "25388"}))
