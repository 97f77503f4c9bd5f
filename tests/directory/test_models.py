"""What the administration pages refuse, and what the database refuses even then."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from notifier.directory.models import Contact

pytestmark = pytest.mark.django_db


def mayor(**fields: Any) -> Contact:
    given = {"commune": "90033", "function": "maire", "rank": 1, "email": "maire@delle.example"}
    return Contact(**(given | fields))


def refused(contact: Contact) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        contact.full_clean()
    return refusal.value.message_dict


def test_a_good_contact_is_put_into_its_stored_form(fiction: None) -> None:
    contact = mayor(commune="2a004", mobile="06 39 98 00 01", email="Maire@Ajaccio.example")
    contact.full_clean()
    assert (contact.commune, contact.mobile) == ("2A004", "+33639980001")
    assert contact.email == "maire@ajaccio.example"


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u202a", "\u2060"])
def test_what_shows_nothing_is_taken_out_of_an_address_as_out_of_a_number(unseen: str) -> None:
    contact = mayor(email=f"{unseen}maire{unseen}@delle.example{unseen} ")
    contact.full_clean()
    assert contact.email == "maire@delle.example"


def test_the_commune_s_plan_reads_the_number() -> None:
    contact = mayor(commune="97101", mobile="0690 30 12 34")
    contact.full_clean()
    assert contact.mobile == "+590690301234"


def test_a_sample_number_is_refused_beside_a_real_provider(real_provider: None) -> None:
    assert "fiction" in refused(mayor(mobile="06 39 98 00 01"))["mobile"][0]


def test_a_landline_is_refused_at_its_field() -> None:
    assert "SMS" in refused(mayor(mobile="01 23 45 67 89"))["mobile"][0]


@pytest.mark.parametrize("code", ["90999", "90000", "38999"])
def test_an_unknown_commune_is_refused_at_its_field(code: str) -> None:
    assert code in refused(mayor(commune=code))["commune"][0]


def test_nobody_is_kept_who_cannot_be_told() -> None:
    assert "un mobile ou un courriel" in str(refused(mayor(email="")))


def test_a_rank_begins_at_one() -> None:
    assert "rank" in refused(mayor(rank=0))


def test_a_period_ends_after_it_begins() -> None:
    period = {"active_from": date(2026, 12, 2), "active_until": date(2026, 12, 1)}
    assert "précède" in str(refused(mayor(**period)))
    mayor(active_from=date(2026, 12, 1), active_until=date(2026, 12, 1)).full_clean()
    mayor(active_from=date(2026, 12, 2)).full_clean()


def test_two_contacts_cannot_hold_one_rank() -> None:
    mayor().save()
    assert "déjà cette fonction et ce rang" in str(refused(mayor(email="autre@delle.example")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": ""},
        {"rank": 0},
        {"active_from": date(2026, 12, 2), "active_until": date(2026, 12, 1)},
        {"email": "second@delle.example"},
    ],
    ids=["unreachable", "rank zero", "period backwards", "same rank twice"],
)
def test_the_database_refuses_what_code_might_let_through(wrong: dict[str, Any]) -> None:
    mayor().save()
    if wrong.get("email") != "second@delle.example":
        wrong = {"commune": "90010", **wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        mayor(**wrong).save()
    assert Contact.objects.count() == 1
