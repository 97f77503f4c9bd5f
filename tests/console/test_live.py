"""The harness itself: a real push reaches a real phone, and a message nobody expected is caught."""

import pytest

from tests.harness.live import Live


def test_a_push_reaches_the_mayor_by_sms_and_mail(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90052;maire;1;Essai;Camille;{mobile};maire@giromagny.example")
    answer = service.push(location={"insee": "90052"})
    assert answer.code == 202
    live.expect_sms(to=mobile, containing="Giromagny")
    live.expect_mail(to="maire@giromagny.example", containing="Giromagny")
    status = service.wait_for_state(answer.id, "decided")
    assert [alert["commune"]["code"] for alert in status["alerts"]] == ["90052"]


@pytest.mark.one_database("the harness is the subject")
def test_a_message_that_nobody_expected_fails_the_test(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90039;maire;1;Essai;Claude;{mobile};")
    assert service.push(location={"insee": "90039"}).code == 202
    live.simulator.wait(sms=1)
    with pytest.raises(pytest.fail.Exception, match=f"SMS to \\{mobile}"):
        live.verify()
    live.expect_sms(to=mobile)


@pytest.mark.one_database("the broker is the subject")
def test_what_was_taken_while_the_broker_was_down_is_told_once_it_is_back(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90075;maire;1;Essai;Dominique;{mobile};")
    service.stop_broker()
    answer = service.push(location={"insee": "90075"})
    assert answer.code == 202
    service.start_broker()
    live.expect_sms(to=mobile, containing="Offemont", timeout=30)


@pytest.mark.one_database("delivery's killed worker is on both")
def test_a_new_worker_takes_over_from_a_killed_one(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90008;maire;1;Essai;Alix;{mobile};")
    service.kill_worker()
    assert service.push(location={"insee": "90008"}).code == 202
    service.start_worker()
    live.expect_sms(to=mobile, containing="Bavilliers", timeout=30)
