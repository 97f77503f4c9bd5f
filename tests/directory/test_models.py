"""Organisations and people as they are stored, and what the database refuses whatever code does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from notifier.directory.contacts import delete_mandates
from notifier.directory.models import (
    Absence,
    Address,
    Convention,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationRef,
    Person,
    Zone,
)
from tests.harness.people import add_contact

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


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
