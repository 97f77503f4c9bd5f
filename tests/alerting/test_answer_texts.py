"""The link by which one person answers: whose texts have it, and what of it is kept and shown."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.alerting.answer_link import (
    NO_SECRET,
    SECRET_LENGTH,
    answer_secret,
    answer_url,
    is_secret,
    secret_hash,
    with_secret,
    without_secrets,
)
from notifier.alerting.answers.find import find_by_secret
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.kinds import Kind
from notifier.alerting.models import KNOWN, Alert, Notification
from notifier.alerting.policy.current import composer
from notifier.alerting.sweep import upkeep
from notifier.delivery.models import Message
from notifier.directory.models import OrganisationKind, OrganisationRef
from tests.alerting.house import (
    BORDER,
    FIRE,
    MAYOR,
    MISSING,
    contact,
    hand_over,
    messages,
    number,
    push,
    refusing,
)
from tests.alerting.organisations import member, told_by_convention
from tests.harness.variables import changed

LINK = re.compile(r"/r/(\w{12})\b")
PEOPLE = {"recipient__startswith": "person:"}

REFS = st.builds(
    OrganisationRef, st.sampled_from(OrganisationKind.values), st.from_regex(r"\A[0-9AB]{5}\Z")
)
WHOSE = st.tuples(st.integers(1, 10**9), REFS, st.integers(1, 10**6).map("person:{}".format))


def links(**where: object) -> dict[str, set[str]]:
    """The secrets in what went to each address."""
    return {m.address: set(LINK.findall(m.body + m.html)) for m in messages(**{**PEOPLE, **where})}


# --- the secret


@given(st.lists(WHOSE, unique=True, min_size=2, max_size=50))
def test_each_reader_of_each_alert_has_a_secret_of_their_own(whose) -> None:
    secrets = [answer_secret(*one) for one in whose]
    assert len(set(secrets)) == len(whose)
    assert len({secret_hash(secret) for secret in secrets}) == len(whose)
    assert all(map(is_secret, secrets))
    assert secrets == [answer_secret(*one) for one in whose]


@given(WHOSE)
def test_a_secret_can_be_read_aloud_and_typed(whose) -> None:
    secret = answer_secret(*whose)
    assert len(secret) == SECRET_LENGTH
    assert set(secret) <= set(string.ascii_letters + string.digits) - set("0O1lIo")


def test_no_secret_is_none_and_the_key_counts(settings) -> None:
    whose = (1, OrganisationRef("commune", "90033"), "person:1")
    before = answer_secret(*whose)
    assert not is_secret(NO_SECRET)
    settings.SECRET_KEY = "une autre"
    assert answer_secret(*whose) != before


@given(st.text(max_size=200), WHOSE)
def test_what_others_see_holds_no_secret(text, whose) -> None:
    secret = answer_secret(*whose)
    told = with_secret(f"{text} {answer_url()}", secret)
    assert answer_url(secret) in told
    assert secret not in without_secrets(told)
    assert without_secrets(without_secrets(told)) == without_secrets(told)


# --- whose texts have it


def test_sms_and_mail_of_one_person_have_one_link_and_another_person_another(asking) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("astreinte", mobile=number(2))
    push(asking, category=FIRE)
    push(asking, sequence=2, category=FIRE, severity="extreme")
    by_address = links()
    assert {len(found) for found in by_address.values()} == {1}
    assert by_address[number(1)] != by_address[number(2)]
    rows = Notification.objects.filter(alert__isnull=False)
    assert {row.answer_hash for row in rows} == {
        secret_hash(secret) for found in by_address.values() for secret in found
    }


def test_the_next_person_has_a_link_of_his_own(asking) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(asking, category=FIRE)
    hand_over(refusing(number(1)))
    by_address = links()
    assert len(by_address[number(2)]) == 1
    assert by_address[number(1)].isdisjoint(by_address[number(2)])


def test_an_end_a_neighbour_and_what_wants_no_answer_have_none(asking) -> None:
    contact(mobile=number(1))
    contact(mobile=number(2), commune="90056")
    push(asking)
    push(asking, "R2", category=FIRE)
    push(asking, "R2", 2, category=FIRE, status="closed")
    push(asking, "R3", category=FIRE)
    push(asking, "R3", 2, category=FIRE, status="cancelled")
    assert links() == {number(1): set()}
    ended = messages("R2", 2, **PEOPLE)
    assert [LINK.findall(m.body) for m in ended] == [[]]
    assert "Répondre" not in ended[0].body


def test_who_serves_two_communes_answers_by_the_text_that_names_both(asking) -> None:
    contact(mobile=number(1))
    contact(mobile=number(1), commune="90056")
    push(asking, category=FIRE, location=BORDER)
    told, known = Notification.objects.filter(alert__isnull=False).order_by("reason")
    assert (told.reason, known.reason) == ("", KNOWN)
    assert links() == {number(1): {answer_secret(told.incident_id, told.ref, told.recipient)}}
    assert told.answer_hash
    assert known.answer_hash == told.answer_hash
    opened = find_by_secret(answer_secret(told.incident_id, told.ref, told.recipient))
    assert opened is not None
    assert opened.alert == told.alert


def test_a_convention_asks_as_the_law_does(asking) -> None:
    contact(mobile=number(1))
    member(told_by_convention(), mobile=8)
    push(asking, category=FIRE)
    assert {len(found) for found in links().values()} == {1}
    assert set(Alert.objects.values_list("answers_wanted", flat=True)) == {1}


@pytest.mark.parametrize(
    ("sender", "category", "invited"),
    [(number(99), FIRE, True), ("Gendarmerie", FIRE, False), (number(99), "C01.01.01", False)],
)
def test_a_reply_is_invited_where_it_can_come_and_costs_no_segment(
    asking, settings, sender: str, category: str, invited: bool
) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_FROM=sender)
    contact(mobile=number(1))
    push(asking, category=category)
    assert ("Répondez OK ou ici : http" in messages(**PEOPLE)[0].body) is invited


def test_no_reply_is_invited_that_needs_a_segment_more(settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, ANSWER_URL="https://am90.example")
    asking = replace(SAMPLE, answer_url=answer_url(), takes_reply=True)
    full = composer().compose(Kind.FIRST, asking)
    assert (full.size.segments, full.size.characters) == (1, 160)
    assert "Répondre : https" in full.sms
    short = composer().compose(Kind.FIRST, replace(asking, place=None))
    assert short.size.segments == 1
    assert "Répondez OK ou ici : https" in short.sms


# --- from how many an answer is wanted, and until when


def test_a_fire_wants_one_answer_within_five_minutes(asking) -> None:
    contact("maire", mobile=number(1))
    contact("astreinte", mobile=number(2))
    push(asking, category=FIRE)
    alert = Alert.objects.get()
    assert alert.answers_wanted == 1
    assert alert.answer_due_at == alert.opened_at + timedelta(minutes=5)
    push(asking, sequence=2, category=FIRE, severity="extreme")
    later = Alert.objects.get()
    assert (later.revision, later.answer_due_at) == (2, alert.answer_due_at)


def test_a_search_wants_an_answer_of_each_who_was_told_first(asking) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("astreinte", mobile=number(2))
    contact("adjoint", mobile=number(3))
    push(asking, category=MISSING)
    assert Alert.objects.get().answers_wanted == 2


def test_its_end_waits_for_nothing_and_what_is_opened_again_waits_anew(asking) -> None:
    contact(mobile=number(1))
    push(asking, category=FIRE)
    Alert.objects.update(taken_at=Alert.objects.get().opened_at, taken_title="maire")
    push(asking, sequence=2, category=FIRE, status="closed")
    ended = Alert.objects.get()
    assert (ended.answer_due_at, ended.taken_title) == (None, "maire")
    push(asking, sequence=3, category=FIRE)
    again = Alert.objects.get()
    assert (again.answers_wanted, again.taken_at, again.taken_title) == (1, None, "")
    assert again.answer_due_at is not None


def test_nobody_is_waited_for_where_nobody_can_be_told(asking) -> None:
    push(asking, category=FIRE)
    alert = Alert.objects.get()
    assert (alert.answers_wanted, alert.answer_due_at) == (1, None)


def test_what_waited_for_its_turn_has_the_link_and_a_digest_has_none(asking) -> None:
    contact(mobile=number(1))
    asking.hard_cap = 1
    asking.save()
    for name in ("R1", "R2", "R3"):
        push(asking, name, category=FIRE)
    waiting = Notification.objects.filter(state="deferred")
    assert waiting.count() == 2
    waiting.update(released_by="Jeanne Morel", deferred_until="2026-01-01T00:00Z")
    upkeep()
    (digest,) = Message.objects.filter(incident_id=None, channel="sms")
    assert not LINK.findall(digest.body)
    assert set(digest.notifications.values_list("answer_hash", flat=True)) == {""}
