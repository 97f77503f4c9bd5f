"""Where tonight somebody can be rung, and what is to be mended."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.coverage import coverage, tonight
from notifier.directory.models import Absence, Address, Mandate, OnCallShift
from notifier.moments import weekday_moment
from notifier.territory.resolve import communes_in
from tests.harness.people import add_contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("departement", "now", "at"),
    [
        ("90", NOW, datetime(2026, 11, 29, 2, tzinfo=UTC)),
        ("90", datetime(2026, 11, 28, 0, 30, tzinfo=UTC), datetime(2026, 11, 28, 2, tzinfo=UTC)),
        ("974", NOW, datetime(2026, 11, 28, 23, tzinfo=UTC)),
        ("971", NOW, datetime(2026, 11, 29, 7, tzinfo=UTC)),
    ],
)
def test_tonight_is_three_o_clock_there(departement: str, now: datetime, at: datetime) -> None:
    assert tonight(departement, now) == at
    assert weekday_moment(tonight(departement, now)).endswith("à 3 h 00")


def test_communes_by_how_they_are_reached() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    add_contact("90010", "maire", last_name="Sorbier", email="m@belfort.example")
    absent = add_contact("90001", "maire", last_name="Hêtre", mobile="+33639980002")
    Absence.objects.create(mandate=absent, starts_at=NOW, ends_at=NOW + timedelta(days=2))
    add_contact(
        "90004", "maire", last_name="F", mobile="+33639980003", active_until=date(2026, 11, 28)
    )
    found = coverage("90", tonight("90", NOW))
    assert found.by_phone == {"90033"}
    assert found.by_mail_only == {"90010"}
    assert found.by_nobody == {c.code for c in communes_in("90")} - {"90033", "90010"}


def test_what_is_to_be_mended_names_nobody() -> None:
    mayor = add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    deputy = add_contact("90033", "adjoint", last_name="Sorbier", mobile="+33639980002")
    Mandate.objects.filter(pk=mayor.pk).update(is_confirmed=False)
    Address.objects.filter(person=deputy.person).update(failures=2, failing_reason="non attribué")
    OnCallShift.objects.create(
        organisation=mayor.organisation,
        mandate=mayor,
        starts_at=NOW - timedelta(days=1),
        ends_at=datetime(2026, 12, 4, 17, tzinfo=UTC),
    )
    found = coverage("90", tonight("90", NOW))
    assert found.unconfirmed == ("Delle (90033), maire",)
    assert found.failing == ("Delle (90033), 1er adjoint, mobile (non attribué)",)
    (gap,) = found.gaps
    assert gap.startswith("Delle (90033), à partir du vendredi 4 décembre")
    assert not any(name in "".join(found.problems) for name in ("Noyer", "Sorbier", "+33"))


def test_a_whole_departement_takes_few_statements() -> None:
    with CaptureQueriesContext(connection) as queries:
        coverage("62", tonight("62", NOW))  # 887 communes
    assert len(queries) <= 1 + 5


def test_the_command_says_how_many_and_which() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("directory", "coverage", "--departement", "90", stdout=out)
    lines = out.getvalue().splitlines()
    assert "1 commune où un téléphone sonne, 0 commune par courriel seulement" in lines[0]
    assert "  Belfort (90010) : personne" in lines
    with pytest.raises(CommandError, match="99"):
        call_command("directory", "coverage", "--departement", "99")
