"""The stored form of contacts, and what the database refuses even where code lets it through."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from notifier.directory.contacts import Contact, delete_mandates, is_rank_taken, write_contacts
from notifier.directory.models import (
    Absence,
    Address,
    Convention,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationRef,
    Origin,
    Person,
    Zone,
)
from tests.harness.people import add_contact, stored_contacts

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def normalised(**fields: Any) -> Contact:
    given = {"commune": "90033", "function": "maire", "email": "maire@delle.example"}
    contact = Contact(**(given | fields))
    contact.normalise()
    return contact


def refused(**fields: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        normalised(**fields)
    return refusal.value.message_dict


def test_a_good_contact_is_put_into_its_stored_form(fiction: None) -> None:
    contact = normalised(commune="2A004", mobile="06 39 98 00 01", email="Maire@Ajaccio.example")
    assert contact.mobile == "+33639980001"
    assert contact.email == "maire@ajaccio.example"


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u202a", "\u2060"])
def test_what_shows_nothing_is_taken_out_of_an_address_as_out_of_a_number(unseen: str) -> None:
    contact = normalised(email=f"{unseen}maire{unseen}@delle.example{unseen} ")
    assert contact.email == "maire@delle.example"


def test_the_commune_s_plan_reads_the_number() -> None:
    assert normalised(commune="97101", mobile="0690 30 12 34").mobile == "+590690301234"


def test_a_sample_number_is_refused_beside_a_real_provider(real_provider: None) -> None:
    assert "fiction" in refused(mobile="06 39 98 00 01")["mobile"][0]


def test_a_landline_is_refused_at_its_field() -> None:
    assert "SMS" in refused(mobile="01 23 45 67 89")["mobile"][0]


@pytest.mark.parametrize("code", ["90999", "90000", "38999"])
def test_an_unknown_commune_is_refused_at_its_field(code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Organisation(kind="commune", code=code).full_clean()
    assert code in refusal.value.message_dict["code"][0]


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("commune:90033", OrganisationRef("commune", "90033")),
        (" epci:246300701 ", OrganisationRef("epci", "246300701")),
    ],
)
def test_an_organisation_is_written_as_kind_and_code(text: str, ref: OrganisationRef) -> None:
    assert OrganisationRef.parse(text) == ref
    assert str(ref) == text.strip()


@pytest.mark.parametrize("text", ["90033", "ville:90033", "commune:", ""])
def test_what_names_no_organisation_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="commune:90033"):
        OrganisationRef.parse(text)


@pytest.mark.django_db
def test_a_commune_has_the_name_and_hour_of_the_official_code() -> None:
    organisation = Organisation(kind="commune", code="97411", name="x")
    organisation.full_clean()
    assert (organisation.name, organisation.time_zone) == ("Saint-Denis", "Indian/Reunion")


@pytest.mark.django_db
def test_a_rank_is_taken_for_the_time_of_another_s_mandate_alone() -> None:
    add_contact(mobile="+33639980001", active_until=date(2026, 11, 30))
    next_one = Contact("90033", "maire", email="autre@delle.example")
    assert is_rank_taken(next_one)
    next_one.active_from = date(2026, 12, 1)
    assert not is_rank_taken(next_one)


@pytest.mark.django_db
def test_a_changed_contact_keeps_its_other_addresses_and_forgets_the_old_one_s_failures() -> None:
    mandate = add_contact(mobile="+33639980001", email="maire@delle.example")
    Address.objects.create(person=mandate.person, kind="mobile", value="+33639980002", position=3)
    Address.objects.filter(position=1).update(failures=2, failing_since=NOON)
    (contact,) = stored_contacts()
    contact.mobile = "+33639980003"
    write_contacts([contact], Origin.HAND, "tests")
    assert list(Address.objects.filter(kind="mobile").values_list("value", "failures")) == [
        ("+33639980003", 0),
        ("+33639980002", 0),
    ]


@pytest.mark.django_db
def test_a_second_number_that_becomes_the_first_changes_places_with_it() -> None:
    mandate = add_contact(mobile="+33639980001")
    Address.objects.create(person=mandate.person, kind="mobile", value="+33639980002", position=2)
    (contact,) = stored_contacts()
    contact.mobile = "+33639980002"
    write_contacts([contact], Origin.HAND, "tests")
    assert list(Address.objects.values_list("value", flat=True)) == ["+33639980002", "+33639980001"]


@pytest.mark.django_db
def test_a_person_is_deleted_with_the_last_mandate() -> None:
    mayor = add_contact(mobile="+33639980001")
    on_call = Mandate.objects.create(
        person=mayor.person, organisation=mayor.organisation, function="astreinte"
    )
    delete_mandates([mayor.pk], "tests")
    assert Person.objects.exists()
    delete_mandates([on_call.pk], "tests")
    assert not Person.objects.exists()
    assert not Address.objects.exists()


BACKWARDS = {"starts_on": date(2026, 12, 2), "ends_on": date(2026, 12, 1)}
NO_TIME = {"starts_at": NOON, "ends_at": NOON}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Mandate, {"rank": 0}),
        (Mandate, BACKWARDS),
        (Organisation, {"kind": "commune", "code": "90033"}),
        (Address, {"kind": "mobile", "value": "+33639980001"}),
        (Zone, {"kind": "commune", **BACKWARDS}),
        (Zone, {"kind": "site", "shape": {}}),
        (Zone, {"kind": "polygone", "shape": None}),
        (Absence, NO_TIME),
        (OnCallShift, NO_TIME),
        (Convention, {"reference": "c", **BACKWARDS}),
    ],
)
def test_the_database_refuses_what_code_might_let_through(
    model: type[Model], wrong: dict[str, Any]
) -> None:
    mayor = add_contact(mobile="+33639980001")
    related = {"person": mayor.person, "organisation": mayor.organisation, "mandate": mayor}
    names = {field.name for field in model._meta.get_fields()}
    with pytest.raises(IntegrityError), transaction.atomic():
        model(**{k: v for k, v in related.items() if k in names}, **wrong).save()
