"""An organisation that gets a figure only gets it: counted once each, mailed once a month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from notifier.alerting.figures.count import Month, figures_of
from notifier.alerting.figures.mail import mail_figures
from notifier.alerting.models import FiguresMail
from notifier.delivery.models import Lane, Message
from notifier.delivery.sending.claim import claim_due
from notifier.directory.models import ConventionRule, Organisation
from tests.alerting.house import (
    ACCIDENT,
    BORDER,
    CONFLICT,
    GIROMAGNY,
    JONCHEREY,
    SECRET,
    THEFT,
    breakable,
    dispatch_centre,
    push,
)
from tests.alerting.organisations import add_rule, member, told_by_convention

PARIS = ZoneInfo("Europe/Paris")
NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=PARIS)
FIRST = datetime(2026, 12, 1, 8, tzinfo=PARIS)
PRESIDENT, OFFICER = "president@gb.example", "dgs@gb.example"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def partner(source) -> Organisation:
    """Grand Belfort, whose president is given figures of Delle and Joncherey."""
    told = told_by_convention(detail="chiffre", functions=["president"])
    member(told, "dgs", email=OFFICER)
    member(told, email=PRESIDENT)
    return told


def report_at(moment: datetime, source, reference: str = "R1", sequence: int = 1, **body: Any):
    with time_machine.travel(moment, tick=False):
        return push(source, reference, sequence, **body)


def several(source, count: int, moment: datetime = NOVEMBER, **body: Any) -> None:
    """As many incidents, of which nothing else is known."""
    first = len(references(source))
    for n in range(first, first + count):
        report_at(moment, source, f"S{n}", **body)


def references(source) -> set[str]:
    return set(source.incident_set.values_list("reference", flat=True))


def figures(partner: Organisation, month: int = 11) -> list[tuple[str, str]]:
    """Commune and number as they may be read, of one or two categories in the order of labels."""
    of = Month(date(2026, month, 1), partner)
    return [(figure.commune, figure.in_words) for figure in figures_of(of)]


def mails_at(moment: datetime) -> list[tuple[str, str]]:
    """Address and text of what a round at this moment mails."""
    before = set(Message.objects.values_list("pk", flat=True))
    with time_machine.travel(moment, tick=False):
        mail_figures()
    sent = Message.objects.exclude(pk__in=before).order_by("address")
    return [(m.address, breakable(f"{m.subject}\n{m.body}")) for m in sent]


# --- what is counted


def test_an_incident_counts_once_however_often_it_is_reported(source, partner) -> None:
    for sequence, status in enumerate(("engaged", "on_scene", "closed"), start=1):
        report_at(NOVEMBER, source, sequence=sequence, status=status)
    report_at(NOVEMBER, source, "R2")
    assert figures(partner) == [("Delle (90033)", "2")]


def test_an_exercise_and_what_was_cancelled_do_not_count(source, partner) -> None:
    report_at(NOVEMBER, source, "R1", exercise=True)
    report_at(NOVEMBER, source, "R2")
    report_at(NOVEMBER, source, "R2", 2, status="cancelled")
    assert figures(partner) == []


def test_it_counts_as_it_last_stood(source, partner) -> None:
    report_at(NOVEMBER, source)
    report_at(NOVEMBER, source, sequence=2, location=JONCHEREY)
    assert figures(partner) == [("Joncherey (90056)", "1")]
    report_at(NOVEMBER, source, sequence=3, location=GIROMAGNY)
    assert figures(partner) == []


def test_what_turns_out_to_be_withheld_is_counted_no_more(source, partner) -> None:
    report_at(NOVEMBER, source)
    report_at(NOVEMBER, source, sequence=2, category=SECRET)
    assert figures(partner) == []
    report_at(NOVEMBER, source, "R2")
    report_at(NOVEMBER, source, "R2", 2, category=SECRET, status="closed")
    assert figures(partner) == []


def test_an_end_that_says_nothing_of_where_leaves_it_where_it_was(source, partner) -> None:
    report_at(NOVEMBER, source)
    report_at(NOVEMBER, source, sequence=2, status="closed", location=CONFLICT)
    assert figures(partner) == [("Delle (90033)", "1")]


def test_one_in_two_communes_counts_in_that_which_holds_the_point(source, partner) -> None:
    report_at(NOVEMBER, source, location=BORDER)
    assert figures(partner) == [("Delle (90033)", "1")]


def test_what_is_told_in_full_is_in_no_figure(source, partner) -> None:
    add_rule(partner, from_severity="extreme")
    report_at(NOVEMBER, source)
    report_at(NOVEMBER, source, "R2", severity="extreme")
    assert figures(partner) == [("Delle (90033)", "1")]
    report_at(NOVEMBER, source, sequence=2, severity="extreme")
    assert figures(partner) == []


def test_a_month_begins_at_midnight_where_the_organisation_is(source, partner) -> None:
    report_at(FIRST.replace(hour=0) - MINUTE, source, "R1")
    report_at(FIRST.replace(hour=0), source, "R2")
    assert [len(figures(partner, month)) for month in (10, 11, 12)] == [0, 1, 1]
    partner.time_zone = "Indian/Reunion"  # three hours ahead of Paris
    assert [len(figures(partner, month)) for month in (10, 11, 12)] == [0, 0, 1]


# --- what may be read of a number


@pytest.mark.parametrize(
    ("category", "count", "said"),
    [
        (ACCIDENT, 1, "1"),
        (ACCIDENT, 2, "2"),
        (THEFT, 1, "moins de 3"),
        (THEFT, 2, "moins de 3"),
        (THEFT, 3, "3"),
    ],
)
def test_where_the_place_may_not_be_told_a_small_number_is_not_either(
    source, partner, category, count, said
) -> None:
    several(source, count, category=category)
    assert figures(partner) == [("Delle (90033)", said)]
    [(_, text)] = mails_at(FIRST)
    assert f": {said}\n" in text
    assert ("pourrait désigner quelqu’un" in text) is said.startswith("moins")


# --- the mail


def test_it_leaves_at_eight_on_the_first_and_once(source, partner) -> None:
    several(source, 4)
    assert mails_at(FIRST - MINUTE) == []
    [(address, text)] = mails_at(FIRST)
    assert address == PRESIDENT
    assert text.startswith("Chiffres de novembre 2026 : Grand Belfort\n")
    assert mails_at(FIRST + MINUTE) == mails_at(FIRST + timedelta(days=20)) == []


def test_four_workers_mail_it_once(real_commits) -> None:
    source = dispatch_centre()
    told = told_by_convention(detail="chiffre", functions=["president"])
    member(told, email=PRESIDENT)
    several(source, 1)
    together = Barrier(4)

    def mail(_: int) -> None:
        together.wait()
        try:
            mail_figures()
        finally:
            connection.close()

    with time_machine.travel(FIRST, tick=True), ThreadPoolExecutor(4) as workers:
        list(workers.map(mail, range(4)))
    assert Message.objects.filter(address=PRESIDENT).count() == 1


def test_eight_is_that_of_the_organisation(source, partner) -> None:
    several(source, 1)
    Organisation.objects.filter(pk=partner.pk).update(time_zone="Indian/Reunion")
    assert mails_at(datetime(2026, 12, 1, 3, 59, tzinfo=UTC)) == []
    assert len(mails_at(datetime(2026, 12, 1, 4, tzinfo=UTC))) == 1


def test_a_month_without_any_is_silent_and_stays_so(source, partner) -> None:
    assert mails_at(FIRST) == []
    report_at(FIRST, source)
    assert mails_at(FIRST + MINUTE) == []


def test_what_was_missed_while_down_is_sent_late_and_once(source, partner) -> None:
    several(source, 1, datetime(2026, 10, 31, 12, tzinfo=PARIS))
    several(source, 1)
    late = mails_at(FIRST + timedelta(days=12))
    assert [text.split(" :")[0] for _, text in late] == [
        "Chiffres d’octobre 2026", "Chiffres de novembre 2026",
    ]  # fmt: skip
    assert mails_at(FIRST + timedelta(days=13)) == []


def test_without_the_functions_of_the_rule_the_order_of_the_organisation_counts(source) -> None:
    told = told_by_convention(detail="chiffre", functions=["responsable_astreinte"])
    member(told, "dgs", email=OFFICER)
    several(source, 1)
    assert [address for address, _ in mails_at(FIRST)] == [OFFICER]


def test_who_has_no_mail_is_passed_over_and_nobody_is_tried_again(source) -> None:
    told = told_by_convention(detail="chiffre", functions=["president"])
    member(told, mobile=2)
    several(source, 1)
    assert mails_at(FIRST) == []
    assert not FiguresMail.objects.filter(month=date(2026, 11, 1)).exists()
    member(told, "dgs", email=OFFICER)
    assert [address for address, _ in mails_at(FIRST + timedelta(hours=1))] == [OFFICER]


@pytest.mark.parametrize(("ended", "mails"), [((12, 1), 1), ((11, 20), 0)])
def test_it_goes_to_whom_the_rule_still_told_when_the_month_ended(
    source, partner, ended, mails
) -> None:
    several(source, 1)
    ConventionRule.objects.update(ends_at=datetime(2026, *ended, tzinfo=PARIS))
    assert len(mails_at(FIRST)) == mails


def test_residents_get_none_for_nobody_releases_a_figure(source) -> None:
    told = told_by_convention(
        "quartier", "centre", "Quartier du centre", ("90033",), detail="chiffre"
    )
    member(told, "habitant_relais", email=OFFICER)
    several(source, 1)
    assert mails_at(FIRST) == []
    assert "Quartier" not in command("--mois", "2026-11")


def test_a_paused_system_holds_it(source, partner) -> None:
    several(source, 1)
    call_command("pause")
    assert len(mails_at(FIRST)) == 1
    with time_machine.travel(FIRST + MINUTE):
        assert PRESIDENT not in [message.address for message in claim_due(Lane.ROUTINE)]
        call_command("resume")
        assert PRESIDENT in [message.address for message in claim_due(Lane.ROUTINE)]


# --- the command


def command(*args: str) -> str:
    out = StringIO()
    call_command("convention", "figures", *args, stdout=out)
    return out.getvalue()


def test_the_command_says_what_the_mail_says(source, partner) -> None:
    several(source, 2, category=THEFT)
    several(source, 1, location=JONCHEREY)
    said = command("--mois", "2026-11").splitlines()
    assert said[0] == "Grand Belfort (epci:200069052), novembre 2026 :"
    assert [line.split(", ")[0].strip() for line in said[1:]] == [
        "Delle (90033)", "Joncherey (90056)",
    ]  # fmt: skip
    assert said[1].endswith(" : moins de 3")
    assert said[2].endswith(" : 1")
    with time_machine.travel(FIRST):
        assert command() == command("--mois", "2026-11")
    assert "aucune intervention" in command("--mois", "2026-10")


def test_the_command_can_be_of_one_convention(source, partner) -> None:
    reference = partner.rules.get().convention.reference
    assert command(reference, "--mois", "2026-11") == command("--mois", "2026-11")
    add_rule(partner)
    full = partner.rules.exclude(detail="chiffre").get().convention.reference
    assert "Aucune règle" in command(full, "--mois", "2026-11")
    with pytest.raises(CommandError, match="aucune convention « autre »"):
        command("autre")
    with pytest.raises(CommandError, match="2026-13"):
        command("--mois", "2026-13")


def test_the_statements_are_as_many_for_any_number_of_incidents(
    source, partner, django_assert_num_queries
) -> None:
    several(source, 1)
    several(source, 5, location=JONCHEREY)
    with django_assert_num_queries(2):
        assert len(figures(partner)) == 2
