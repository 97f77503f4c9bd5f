"""A storm: whoever gets many texts in a short time gets the routine ones together, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.alerting.escalation.failover import fail_over
from notifier.alerting.models import NotificationState
from notifier.alerting.release.due import release_due
from notifier.alerting.status import status_of
from notifier.delivery.models import Channel, Message
from notifier.delivery.models import MessageState as Sent
from notifier.directory.models import Mandate
from notifier.intake.models import Report
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    ACCIDENT,
    DUTY,
    JONCHEREY,
    REFUSED,
    breakable,
    contact,
    deferrals,
    hand_over,
    journal,
    messages,
    number,
    push,
    told,
)

NUISANCE, TAG, BRAWL = "L01.01.01", "L01.01.02", "L01.02.01"
ROUTINE = ("L01", "nuisances", "notify", "routine", '"sms", "email"', "false", "")
ENTRIES = """
[categories]
"L01.01.01" = { label = "tapage nocturne" }
"L01.01.02" = { label = "dégradation" }
"L01.02.01" = { label = "rixe", lane = "urgent" }
"C01.01.01" = { label = "accident de la route" }
"""
STORM = "[storm]\ntexts = 3\nminutes = 15\nreopening_minutes = 30\n"
WINDOW = timedelta(minutes=15)
MAYOR = number(1)


@pytest.fixture
def storm(operator: Callable[[str], None], source):
    """Gathered from the fourth text in a quarter of an hour on; a mayor with a mobile only."""
    operator(STORM + written([ROUTINE, FAMILIES[0]], ENTRIES))
    contact(mobile=MAYOR)
    return source


def tell(source, reference: str, sequence: int = 1, **more) -> Report:
    """Decided, and what leaves at once handed over."""
    report = push(source, reference, sequence, **more)
    hand_over()
    return report


def nuisance(source, reference: str, sequence: int = 1, **more) -> Report:
    return tell(source, reference, sequence, category=NUISANCE, **more)


def texts(address: str = MAYOR) -> list[str]:
    return list(
        Message.objects.filter(address=address).order_by("id").values_list("body", flat=True)
    )


pytestmark = pytest.mark.usefixtures("clock")


def release_later(clock, how_long: timedelta = WINDOW) -> None:
    clock.shift(how_long)
    release_due()


def test_from_the_fourth_routine_text_on_the_rest_comes_as_one(storm, clock) -> None:
    for n in range(10):
        nuisance(storm, f"R{n}")
    assert len(texts()) == 3
    assert deferrals().filter(state=NotificationState.DEFERRED).count() == 7
    release_due()
    assert len(texts()) == 3
    release_later(clock)
    (digest,) = texts()[3:]
    assert digest.startswith("Gendarmerie - Delle : récapitulatif de 7 interventions, ")
    assert "tapage nocturne (7)" in digest
    release_later(clock)
    assert len(texts()) == 4
    assert not deferrals().exclude(state=NotificationState.QUEUED).exists()


def test_a_storm_that_goes_on_is_a_digest_each_quarter_of_an_hour(storm, clock) -> None:
    """300 in an hour: the first three, then one digest in each quarter."""
    for n in range(300):
        push(storm, f"R{n}", category=NUISANCE)
        release_later(clock, timedelta(seconds=12))
    release_later(clock)
    assert len(texts()) == 3 + 4
    counted = [int(text.split("récapitulatif de ")[1].split()[0]) for text in texts()[3:]]
    assert sum(counted) == 297


def test_urgent_texts_count_and_are_never_held(storm, clock) -> None:
    for n in range(5):
        tell(storm, f"U{n}", category=ACCIDENT)
    assert len(texts()) == 5
    nuisance(storm, "R1")
    assert len(texts()) == 5
    tell(storm, "U6", category=ACCIDENT)
    assert len(texts()) == 6


def test_another_address_is_not_in_the_storm(storm, clock) -> None:
    contact(commune="90056", mobile=number(2))
    for n in range(5):
        nuisance(storm, f"R{n}")
    nuisance(storm, "J1", location=JONCHEREY)
    assert len(texts(number(2))) == 1


def test_each_channel_is_gathered_for_itself_and_the_mail_lists_all(storm, clock) -> None:
    contact("astreinte", mobile=number(2), email="astreinte@delle.example")
    for n in range(6):
        nuisance(storm, f"R{n}")
    release_later(clock)
    assert len(texts(number(2))) == len(texts(MAYOR)) == 4
    mail = texts("astreinte@delle.example")[-1]
    assert all(f"Référence : R{n}" in breakable(mail) for n in (3, 4, 5))


def test_one_that_ended_is_said_as_over_and_its_end_is_not_told_besides(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    nuisance(storm, "R4", sequence=2, status="closed")
    assert len(texts()) == 3
    release_later(clock)
    assert "tapage nocturne (3, dont 1 terminée)" in texts()[-1]
    release_later(clock, 2 * WINDOW)
    assert len(texts()) == 4


def test_a_cancelled_one_leaves_the_digest(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    nuisance(storm, "R4", sequence=2, status="cancelled")
    release_later(clock)
    assert "récapitulatif de 2 interventions" in texts()[-1]
    assert "R4" not in texts()[-1]
    said = [line.text for line in journal("R4")]
    assert "Delle : annulée, retirée de ce qui était retenu." in said


def test_the_cancellation_of_one_told_before_the_storm_is_in_the_digest(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    nuisance(storm, "R0", sequence=2, status="cancelled")
    release_later(clock)
    assert "tapage nocturne (4, dont 1 annulée)" in texts()[-1]


def test_after_the_digest_an_end_goes_to_whoever_read_it(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    contact("police_municipale", mobile=number(9))
    release_later(clock)
    hand_over()
    clock.shift(timedelta(hours=1))
    nuisance(storm, "R4", sequence=2, status="closed")
    assert told("R4") == [("sms", MAYOR)]
    assert "terminée" in texts()[-1]


def test_after_the_digest_a_cancellation_goes_to_whoever_read_it(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    release_later(clock)
    hand_over()
    clock.shift(timedelta(hours=1))
    nuisance(storm, "R4", sequence=2, status="cancelled")
    assert "annulation" in texts()[-1]


def test_a_rise_to_urgent_leaves_at_once_and_is_not_told_again(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}", severity="minor")
    tell(storm, "R4", 2, category=BRAWL, severity="severe")
    assert "rixe" in texts()[-1]
    release_later(clock)
    assert "récapitulatif de 2 interventions" in texts()[-1]
    assert "R4" not in texts()[-1]


def test_a_lone_one_is_told_in_its_own_words(storm, clock) -> None:
    for n in range(4):
        nuisance(storm, f"R{n}")
    release_later(clock)
    assert texts()[-1].startswith("Gendarmerie - Delle : tapage nocturne")
    assert told("R3") == [("sms", MAYOR)]


def test_real_and_exercise_are_never_in_one_text(storm, clock) -> None:
    for n in range(3):
        nuisance(storm, f"R{n}")
    for n in range(3, 7):
        nuisance(storm, f"R{n}", exercise=n % 2 == 0)
    release_later(clock)
    real, exercise = sorted(texts()[3:], key=lambda text: text.startswith("EXERCICE"))
    assert "R3" in real
    assert "R4" not in real
    assert exercise.startswith("EXERCICE")


def test_what_the_operator_withholds_meanwhile_is_not_told(storm, clock, operator) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    tell(storm, "T1", category=TAG)
    hidden = ENTRIES.replace('"dégradation"', '"dégradation", disclosure = "withhold"')
    operator(STORM + written([ROUTINE, FAMILIES[0]], hidden))
    release_later(clock)
    assert "récapitulatif de 3 interventions" in texts()[-1]
    assert "dégradation" not in texts()[-1]


def test_the_digest_lives_as_long_as_the_longest_of_its_alerts(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    longest = max(deferrals().values_list("expires_at", flat=True))
    release_later(clock)
    assert Message.objects.order_by("id").last().expires_at == longest


def test_what_nobody_released_in_time_expires_and_the_duty_is_told_once(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    release_later(clock, timedelta(hours=4))
    assert set(deferrals().values_list("state", flat=True)) == {NotificationState.EXPIRED}
    assert len(texts(DUTY)) == 1
    assert journal("R4")[-1].step == "expired"


def test_nobody_else_is_told_because_a_text_is_held(storm, clock) -> None:
    """The mail of the same alert fails: the SMS that is held still counts."""
    contact("astreinte", mobile=number(2), email="astreinte@delle.example")
    contact("adjoint", mobile=number(3))
    for n in range(3):
        tell(storm, f"U{n}", category=ACCIDENT)
    nuisance(storm, "R1")
    deferrals().filter(channel=Channel.EMAIL).delete()
    hand_over()
    assert texts(number(3)) == []
    assert told("R1") == []


def test_a_digest_that_fails_moves_on_to_the_next_person_and_then_to_the_duty(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    hand_over()
    release_later(clock)
    digest = Message.objects.filter(notifications__kind="digest").distinct().get()
    contact("adjoint", mobile=number(3))
    hand_over(lambda _: REFUSED)
    digest.refresh_from_db()
    assert digest.state == Sent.FAILED
    # Three singly, as of any first texts; they fail too, and all of it ends with the duty.
    assert len(texts(number(3))) == 3
    assert len(texts(DUTY)) >= 1


def test_one_mail_to_the_duty_for_a_digest_that_nobody_else_can_be_told(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    hand_over()
    release_later(clock)
    hand_over(lambda _: REFUSED)
    (mail,) = texts(DUTY)
    assert "R3, R4, R5" in mail


def test_status_and_timeline_say_held_and_then_how_it_was_told(storm, clock) -> None:
    for n in range(6):
        nuisance(storm, f"R{n}")
    held = Report.objects.get(incident__reference="R4")
    (message,) = status_of(held)["alerts"][0]["messages"]
    assert message["state"] == "held"
    assert message["held_for"] == "storm"
    until = deferrals().get(alert__incident=held.incident).deferred_until
    assert message["held_until"] == until.isoformat()
    said = " ".join(line["text"] for line in status_of(held)["timeline"])
    assert "retenu pour un récapitulatif à " in said
    release_later(clock)
    hand_over()
    (message,) = status_of(held)["alerts"][0]["messages"]
    assert message["state"] == "accepted"
    lines = [line["text"] for line in status_of(held)["timeline"]]
    assert any("dit dans un récapitulatif de 3 interventions" in line for line in lines)
    assert "remis" in lines[-1]


# --- flapping


def flap(source, category: str, rounds: int) -> None:
    for n in range(rounds):
        tell(source, "F1", 2 * n + 1, category=category)
        tell(source, "F1", 2 * n + 2, category=category, status="closed")


def test_a_routine_one_that_flaps_is_gathered_like_any_other(storm, clock) -> None:
    flap(storm, NUISANCE, 10)
    hand_over()
    assert len(texts()) == 3
    release_later(clock)
    assert len(texts()) == 4
    assert "terminée" in texts()[-1]


def test_an_urgent_one_taken_up_again_is_told_at_once_but_not_ten_times(storm, clock) -> None:
    flap(storm, ACCIDENT, 10)
    # First, end, taken up again, end; what came after was over before anybody had to know.
    assert len(texts()) == 4
    release_later(clock, timedelta(minutes=31))
    assert len(texts()) == 4


def test_an_urgent_one_that_is_on_again_is_told_after_the_pause(storm, clock) -> None:
    flap(storm, ACCIDENT, 3)
    tell(storm, "F1", 7, category=ACCIDENT)
    hand_over()
    assert len(texts()) == 4
    release_later(clock, timedelta(minutes=31))
    assert len(texts()) == 5
    assert "Pour information, intervention en cours" in texts()[-1]
    hand_over()
    tell(storm, "F1", 8, category=ACCIDENT, status="closed")
    assert "terminée" in texts()[-1]


def test_one_taken_up_again_that_goes_to_the_next_person_delays_the_next_time(storm, clock) -> None:
    flap(storm, ACCIDENT, 3)
    tell(storm, "F1", 7, category=ACCIDENT)
    Mandate.objects.filter(person__addresses__value=MAYOR).delete()
    contact("adjoint", mobile=number(3))
    release_later(clock, timedelta(minutes=31))
    assert len(texts(number(3))) == 1
    hand_over()
    tell(storm, "F1", 8, category=ACCIDENT, status="closed")
    assert "terminée" in texts(number(3))[-1]
    tell(storm, "F1", 9, category=ACCIDENT)
    assert len(texts(number(3))) == 2
    release_later(clock, timedelta(minutes=31))
    assert "intervention en cours" in texts(number(3))[-1]


def test_a_flapping_one_that_gets_worse_is_told_at_once(storm, clock) -> None:
    flap(storm, ACCIDENT, 3)
    tell(storm, "F1", 7, category=ACCIDENT)
    tell(storm, "F1", 8, category=ACCIDENT, severity="extreme")
    assert "aggravée" in texts()[-1]
    release_later(clock, timedelta(minutes=31))
    assert len(texts()) == 5


def test_a_change_between_exercise_and_real_is_not_flapping(storm, clock) -> None:
    for n in range(4):
        tell(storm, "F1", n + 1, category=ACCIDENT, exercise=n % 2 == 0)
    assert len(texts()) == 4


def test_fail_over_of_a_held_alert_s_older_text_waits_for_the_digest(storm, clock) -> None:
    """The first text fails after its end was held: the digest is followed up itself."""
    for n in range(3):
        nuisance(storm, f"R{n}")
    contact("adjoint", mobile=number(3))
    nuisance(storm, "R0", sequence=2, status="closed")
    first = messages("R0")[0]
    fail_over(first)
    assert texts(number(3)) == []
