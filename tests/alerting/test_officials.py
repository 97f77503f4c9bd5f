"""An elected official who is threatened: told to the mayor and the préfecture's duty at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from notifier.delivery.models import Channel, Lane, Message
from notifier.directory.models import Address, Mandate, OrganisationRef, Person
from notifier.directory.organisations import add_organisation, organisation
from notifier.intake.models import Source
from tests.alerting.house import contact, number, push

pytestmark = pytest.mark.django_db

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLE = CONFIG / "conventions" / "elus-prefecture.toml"
STREET = {"insee": "90033", "label": "rue de Déridé"}


@pytest.fixture
def rules(operator: Callable[[str], None]) -> None:
    """The categories that ship in force."""
    operator((CONFIG / "categories.toml").read_text(encoding="utf-8"))


@pytest.fixture
def duty_of_prefecture(rules: None, db: None) -> str:
    """The number of the préfecture's duty, and the example of such a convention in force."""
    add_organisation(OrganisationRef("gendarmerie", "ggd90"), "Groupement d’exemple")
    prefecture = organisation(OrganisationRef("prefecture", "90"))
    person = Person.objects.create(is_service=True)
    Address.objects.create(person=person, kind="mobile", value=number(9))
    Mandate.objects.create(person=person, organisation=prefecture, function="responsable_astreinte")
    call_command("convention", "import", str(EXAMPLE))
    return number(9)


def told() -> dict[str, Message]:
    return {message.address: message for message in Message.objects.filter(channel=Channel.SMS)}


@pytest.mark.parametrize("category", ["L03.00.00", "L03.01.00", "L03.02.00"])
def test_the_mayor_and_the_duty_of_the_prefecture_are_told_at_once_and_nobody_else(
    source: Source, duty_of_prefecture: str, category: str
) -> None:
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    contact("police_municipale", mobile=number(3))
    push(source, category=category, severity="minor", location=STREET)
    messages = told()
    assert set(messages) == {number(1), duty_of_prefecture}
    assert {message.lane for message in messages.values()} == {Lane.URGENT}


def test_neither_text_says_what_was_done_nor_to_whom_nor_where(
    source: Source, duty_of_prefecture: str
) -> None:
    contact(mobile=number(1))
    push(source, category="L03.02.00", severity="extreme", location=STREET)
    for message in told().values():
        assert "Delle : faits visant un élu, à " in message.body
        secret = ("menace", "violence", "grave", "rue", "Déridé", "maire")
        assert not any(word in message.body for word in secret), message.body


def test_what_is_withheld_from_mayors_is_told_to_no_prefecture_either(
    source: Source, duty_of_prefecture: str
) -> None:
    contact(mobile=number(1))
    for category in ("C10.01.06", "C02.14.00", "C07.03.02"):
        push(source, category, category=category, severity="extreme", location=STREET)
    assert told() == {}
