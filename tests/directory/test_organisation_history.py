"""What changed in one organisation: before and after, addresses masked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifier.directory.absences import add_absence
from notifier.directory.changes import changing
from notifier.directory.history import lines_of
from notifier.directory.mandates import Holder, Post, amend, end
from notifier.directory.models import AddressKind, ChangeKind
from notifier.directory.organisation_history import FieldChange, history_of
from notifier.directory.person_addresses import add_address, change_address
from tests.directory.people import organisation, somebody

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("plain statements through Django"),
]


def _mask(text: str) -> str:
    return f"<{text[-2:]}>"


def test_each_change_says_who_before_and_after() -> None:
    delle = organisation()
    mayor = somebody(delle, "Aubry", "maire", first_name="Jeanne", mobile="+33639980001")
    amend(mayor, Holder("Aubry-Tilleul", "Jeanne"), Post("maire"), "Camille")
    change_address(mayor.person.addresses.get(), "06 39 98 00 12", delle, "Dominique")
    with changing(ChangeKind.HAND, "Camille"):
        now = timezone.now()
        add_absence(mayor, now, now + timedelta(days=2), None, now)
    away, number, name = history_of(delle, _mask)
    assert [one.change.author for one in (away, number, name)] == [
        "Camille",
        "Dominique",
        "Camille",
    ]
    (told,) = away.rows
    assert (told.subject, told.verb) == ("Jeanne Aubry-Tilleul, absence", "ajouté")
    assert {row.verb: row.fields[1] for row in number.rows} == {
        "supprimé": FieldChange("numéro ou adresse", "<01>", ""),
        "ajouté": FieldChange("numéro ou adresse", "", "<12>"),
    }
    assert FieldChange("nom", "Aubry", "Aubry-Tilleul") in name.rows[-1].fields


def test_values_are_written_in_words_and_hours_in_the_organisation_s_zone() -> None:
    delle = organisation()
    mayor = somebody(delle, "Aubry", "maire")
    with changing(ChangeKind.HAND, "Camille"):
        police = somebody(delle, "", "police_municipale")
    starts = datetime(2099, 11, 28, 23, 1, tzinfo=UTC)
    with changing(ChangeKind.HAND, "Camille") as change:
        add_absence(mayor, starts, starts + timedelta(days=1), police, starts)
    away, new = history_of(delle, _mask)
    assert FieldChange("début", "", "29/11/2099 à 0 h 01") in away.rows[0].fields
    assert FieldChange("remplaçant", "", "Police municipale") in away.rows[0].fields
    (mandate, _person) = new.rows
    assert mandate.subject == "Police municipale"
    assert FieldChange("fonction", "", "police municipale") in mandate.fields
    (line,) = lines_of(change)
    assert line.subject == "Aubry, absence, Delle (90033)"
    assert ("remplaçant", "", "Police municipale") in line.values
    assert ("début", "", "29/11/2099 à 0 h 01") in line.values


def test_what_somebody_does_elsewhere_after_leaving_is_not_told() -> None:
    delle, joncherey = organisation(), organisation(code="90053")
    mayor = somebody(delle, "Aubry", "maire", mobile="+33639980001")
    elsewhere = somebody(joncherey, "Autre", "maire")
    elsewhere.person = mayor.person
    elsewhere.save()
    end(mayor, timezone.localdate() - timedelta(days=1), "Camille")
    add_address(mayor.person, AddressKind.MOBILE, "0639980077", joncherey, "Camille")
    (left,) = history_of(delle, _mask)
    assert [row.verb for row in left.rows] == ["changé"]
    assert "<77>" in str(history_of(joncherey, _mask))


def test_pages_follow_each_other_in_as_many_statements(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    delle = organisation()
    people = [somebody(delle, f"N{n}", rank=n) for n in range(1, 13)]
    for one in people:
        amend(one, Holder(f"M{one.rank}"), Post("adjoint", one.rank), "Camille")
    with django_assert_num_queries(10):
        first = history_of(delle, _mask, limit=5)
    with django_assert_num_queries(10):
        second = history_of(delle, _mask, first[-1].change.pk, limit=20)
    assert [len(first), len(second)] == [5, 7]
    assert first[-1].change.pk > second[0].change.pk
