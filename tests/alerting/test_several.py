"""A report on a border: each commune has its own alert, at the price of one."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert
from notifier.alerting.policy import narrowings
from notifier.intake.models import Report
from notifier.intake.receive import receive
from tests.alerting.house import (
    ACCIDENT,
    BORDER,
    DELLE,
    FIRE,
    contact,
    event,
    hand_over,
    journal,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)


def test_each_commune_close_to_a_fire_is_told_of_itself(border) -> None:
    fire = push(border, category=FIRE, location=BORDER)
    assert (fire.verdict, fire.communes) == ("edge", ["90033", "90056"])
    assert "toutes sont concernées" in fire.reason
    assert told() == [sms(1), sms(2)]
    delle, joncherey = messages()
    assert "Delle" in delle.body
    assert "Joncherey" not in delle.body
    assert "Joncherey" in joncherey.body


def test_several_communes_cost_no_statement_more(border) -> None:
    counts = []
    for reference, place in (("R1", DELLE), ("R2", BORDER)):
        event_id = receive(border, event(reference, category=FIRE, location=place)).report_id
        # What a worker's heartbeat does: else the first to decide after 15 s reads them.
        narrowings.refresh()
        with CaptureQueriesContext(connection) as captured:
            decide(event_id)
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in captured))
    assert counts[0] == counts[1]
    assert Report.objects.filter(state="decided").count() == 2


def test_one_commune_is_left_and_the_other_goes_on(border) -> None:
    push(border, category=FIRE, severity="minor", location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, severity="extreme", location=DELLE)
    update, cancellation = messages(revision=2)
    assert (update.address, cancellation.address) == (number(1), number(2))
    assert "aggravée" in update.body
    assert "Finalement à Delle : votre commune n'est plus concernée" in cancellation.body
    assert [alert.is_open for alert in Alert.objects.order_by("id")] == [True, False]


def test_a_failure_in_one_commune_troubles_nobody_in_the_other(border) -> None:
    contact("adjoint", commune="90056", mobile=number(4))
    push(border, category=FIRE, location=BORDER)
    hand_over(refusing(number(2)))
    assert told() == [sms(1), sms(2), sms(4)]
    assert "Joncherey" in messages()[-1].body


def test_where_the_category_says_so_only_the_commune_of_the_point_is_told(border) -> None:
    accident = push(border, category=ACCIDENT, location=BORDER)
    assert told() == [sms(1)]
    assert (accident.verdict, accident.communes) == ("edge", ["90033"])
    (aside,) = [line for line in journal(step="decided") if line.data.get("commune") == "90056"]
    assert (aside.data["kind"], aside.data["rule"]) == (None, "edge_holder")
    assert "le point est à Delle (90033)" in aside.text


def test_the_dry_run_says_who_is_told_at_the_edge_and_who_is_not(border) -> None:
    answer = dry_run(border, event(category=ACCIDENT, location=BORDER))
    assert answer["verdict"] == "edge"
    assert "seule celle du point est concernée (Delle (90033))" in answer["reason"]
    assert [(t["commune"]["code"], t["kind"], t["rule"]) for t in answer["tellings"]] == [
        ("90033", "first", "notify"),
        ("90056", None, "edge_holder"),
    ]


def test_how_the_communes_lie_to_the_point_is_stored_with_its_clue(border) -> None:
    (clue,) = push(border, category=FIRE, location=BORDER).clues
    marks = {mark["code"]: (mark["holds"], mark["distance_m"]) for mark in clue["marks"]}
    assert marks["90033"] == (True, 0)
    assert marks["90056"][0] is False
    assert 0 < marks["90056"][1] <= 150


def test_an_area_tells_every_commune_under_it(border) -> None:
    ring = [[7.0, 47.51], [7.02, 47.51], [7.02, 47.53], [7.0, 47.53], [7.0, 47.51]]
    push(border, category=FIRE, location={"polygon": [ring]})
    assert told(channel="sms") == [sms(1), sms(2)]


def test_a_commune_beyond_the_sources_departements_is_not_told_at_the_edge(border) -> None:
    contact(commune="90039", mobile=number(8))
    contact(commune="70117", mobile=number(9))
    push(border, category=FIRE, location={"latitude": 47.6345, "longitude": 6.802})
    assert told() == [sms(8)]
