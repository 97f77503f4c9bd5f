"""How each commune is reached tonight: as the order of telling says, in one statement."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.commune_coverage import (
    SILENT,
    CommuneCoverage,
    Reach,
    ToMend,
    communes_coverage,
    reaches,
)
from notifier.directory.coverage import coverage
from notifier.directory.models import Absence, Address, Mandate
from notifier.directory.recipients import active_people, commune_refs
from tests.harness.people import add_contact
from tests.harness.variables import changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]

NOW = datetime(2026, 11, 29, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def coverage_of(code: str, at: datetime = NOW, departement: str = "90") -> CommuneCoverage:
    (found,) = [c for c in communes_coverage(departement, at) if c.commune.code == code]
    return found


def add_landline(mandate: Mandate) -> None:
    Address.objects.create(person=mandate.person, kind="fixe", value="+33384362000", position=3)


def test_a_commune_is_reached_by_the_best_that_somebody_has() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    add_contact("90033", "adjoint", last_name="Hêtre", mobile="+33639980002", email="h@x.example")
    add_contact("90010", "maire", last_name="Sorbier", email="m@belfort.example")
    add_contact("90001", "maire", last_name="Aulne", mobile="+33639980003")
    by_landline = add_contact("90004", "maire", last_name="Frêne", email="f@x.example")
    add_landline(by_landline)
    Address.objects.filter(value="f@x.example").update(opted_out_at=NOW)
    expected = {
        "90033": Reach.PHONE,
        "90010": Reach.MAIL,
        "90001": Reach.SINGLE,
        "90004": Reach.LANDLINE,
        "90005": Reach.NOBODY,
    }
    found = {c.commune.code: c for c in communes_coverage("90", NOW)}
    assert {code: found[code].reach for code in expected} == expected
    assert {r for c, r in expected.items() if r in SILENT} == {
        Reach.MAIL,
        Reach.LANDLINE,
        Reach.NOBODY,
    }
    assert (found["90033"].by_phone, found["90033"].by_mail) == (2, 1)
    assert found["90004"].failing == 1


def test_where_the_service_calls_a_landline_rings(settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="+33353010090")
    add_landline(add_contact("90033", "maire", last_name="Noyer", email="n@delle.example"))
    found = coverage_of("90033")
    assert (found.reach, found.by_phone, found.by_landline) == (Reach.VOICE, 0, 1)
    assert not found.is_to_mend(ToMend.SILENT)
    assert found.is_to_mend(ToMend.LANDLINE)
    assert "90033" in coverage("90", NOW).by_phone
    assert Reach.LANDLINE not in reaches()
    (person,) = active_people(commune_refs(["90033"]), NOW)[commune_refs(["90033"])[0]]
    assert person.addresses == {"email": "n@delle.example", "voice": "+33384362000"}


def test_who_is_absent_has_left_or_is_to_come_is_not_reached() -> None:
    away = add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    Absence.objects.create(mandate=away, starts_at=NOW - DAY, ends_at=NOW + DAY)
    # At two in the morning UTC it is the 29th in Belfort.
    gone, coming = date(2026, 11, 28), date(2026, 11, 30)
    add_contact("90033", "adjoint", last_name="Hêtre", mobile="+33639980002", active_until=gone)
    add_contact("90033", "astreinte", last_name="If", mobile="+33639980003", active_from=coming)
    assert coverage_of("90033").reach == Reach.NOBODY
    assert coverage_of("90033", NOW + 2 * DAY).by_phone == 2
    assert coverage_of("90033", NOW - DAY).by_phone == 1


def test_the_day_is_the_commune_s_own() -> None:
    last = date(2026, 11, 28)
    add_contact("97411", "maire", last_name="Noyer", mobile="+33639980001", active_until=last)
    evening = datetime(2026, 11, 28, 19, tzinfo=UTC)
    assert coverage_of("97411", evening, "974").by_phone == 1
    assert coverage_of("97411", evening + timedelta(hours=2), "974").by_phone == 0


def test_what_failed_or_was_refused_is_counted_and_reaches_nobody() -> None:
    mayor = add_contact("90033", "maire", last_name="N", mobile="+33639980001", email="n@x.example")
    Address.objects.filter(kind="mobile").update(failures=2)
    Mandate.objects.filter(pk=mayor.pk).update(is_confirmed=False)
    found = coverage_of("90033")
    assert (found.reach, found.failing, found.unconfirmed) == (Reach.MAIL, 1, 1)


def test_what_is_worst_is_mended_first() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    add_contact("90010", "maire", last_name="Sorbier", email="m@belfort.example")
    add_contact("90001", "maire", last_name="Aulne", mobile="+33639980002")
    Mandate.objects.filter(organisation__code="90001").update(is_confirmed=False)
    codes = [c.commune.code for c in sorted(communes_coverage("90", NOW), key=lambda c: c.urgency)]
    assert codes[-3:] == ["90010", "90001", "90033"]


def _somebody(chance: random.Random, codes: list[str], number: int) -> Mandate:
    start = date(2026, 11, 29) + chance.randint(-2, 1) * DAY
    return add_contact(
        chance.choice(codes),
        chance.choice(["maire", "adjoint", "astreinte", "autre"]),
        rank=number + 1,
        last_name=f"Personne {number}",
        mobile=f"+336399800{number:02d}" if chance.random() < 0.7 else "",
        email=f"p{number}@x.example",
        active_from=start,
        active_until=start + chance.randint(0, 2) * DAY if chance.random() < 0.3 else None,
    )


def test_it_is_what_the_order_of_telling_says() -> None:
    chance = random.Random(20261128)  # noqa: S311 - the same people on every run
    codes = ["90033", "90010", "90001", "90004", "90005"]
    mandates = [_somebody(chance, codes, number) for number in range(40)]
    for mandate in mandates:
        if chance.random() < 0.4:
            start = NOW + chance.randint(-3, 1) * DAY
            others = [m for m in mandates if m.organisation_id == mandate.organisation_id]
            stand_in = chance.choice([None, chance.choice(others)])
            Absence.objects.create(
                mandate=mandate,
                starts_at=start,
                ends_at=start + 2 * DAY,
                stand_in=stand_in if stand_in != mandate else None,
            )
        if chance.random() < 0.3:
            Address.objects.filter(person=mandate.person, kind="mobile").update(failures=2)
        if chance.random() < 0.3:
            Address.objects.filter(person=mandate.person, kind="courriel").update(opted_out_at=NOW)
    told = active_people(commune_refs(codes), NOW)
    by_phone = Counter(ref.code for ref, people in told.items() for p in people if p.mobile)
    by_mail = Counter(
        ref.code for ref, people in told.items() for p in people if "email" in p.addresses
    )
    found = {c.commune.code: c for c in communes_coverage("90", NOW)}
    assert {code: found[code].by_phone for code in codes} == {c: by_phone[c] for c in codes}
    assert {code: found[code].by_mail for code in codes} == {c: by_mail[c] for c in codes}
    assert sum(by_phone.values()) > 5


def test_a_whole_departement_takes_one_statement() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert len(communes_coverage("62", NOW)) == 887
    assert len(queries) == 1
