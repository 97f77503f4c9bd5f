"""Which commune of a convention's territory is meant by what somebody writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from notifier.directory.conventions.extent import commune_under
from notifier.directory.lookup import LookupRefused
from tests.directory.conventions.territories import (
    CLERMONT,
    DELLE,
    GRENOBLE,
    METROPOLE,
    commune_zone,
    convention,
    organisation,
    rule,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("the SQL is that of the rules")]
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
# Both are called Saint-Denis.
SEINE, REUNION = "93066", "97411"


def told_of(*communes: str) -> Any:
    told = organisation("epci", METROPOLE, departement="63")
    for code in communes:
        commune_zone(told, code)
    of = convention()
    rule(of, told)
    return of


@pytest.mark.parametrize("written", ["38185", "Grenoble", " grenoble "])
def test_a_commune_is_found_wherever_the_territory_lies(
    written: str, django_assert_num_queries: Any
) -> None:
    of = told_of(CLERMONT, GRENOBLE)
    with django_assert_num_queries(1):
        assert commune_under(of, written, NOON).code == GRENOBLE


@pytest.mark.parametrize("written", [DELLE, "Delle", "Nulle-Part", "00000", ""])
def test_what_is_elsewhere_or_nowhere_is_refused(written: str) -> None:
    with pytest.raises(LookupRefused, match="territoire de la convention"):
        commune_under(told_of(CLERMONT), written, NOON)


def test_of_communes_with_one_name_only_those_of_the_territory_may_be_meant() -> None:
    of = told_of(REUNION)
    assert commune_under(of, "Saint-Denis", NOON).code == REUNION
    commune_zone(of.rules.get().territory_of, SEINE)
    with pytest.raises(LookupRefused, match="écrire le code"):
        commune_under(of, "Saint-Denis", NOON)
