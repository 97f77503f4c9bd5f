"""Who has nothing but a landline comes in by a list, and is called where the service calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from notifier.delivery.models import Channel
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.models import Address
from tests.alerting.house import FIRE, contact, number, push, sms, told
from tests.directory.conftest import csv_file

__all__ = ["csv_file"]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a row says, and whom an alert calls, is no matter of SQL"),
]
CsvFile = Callable[..., Path]
POST = "code_commune;fonction;rang;nom;prenom"
LANDLINE = "+33384366666"


def load(path: Path) -> ImportSummary:
    summary = import_list(path, author="essai")
    assert summary.faults == ()
    return summary


def stored() -> list[tuple[str, str]]:
    return list(Address.objects.order_by("kind", "position").values_list("kind", "value"))


def warnings(summary: ImportSummary) -> str:
    return " ; ".join(text for outcome in summary.outcomes for text in outcome.warnings)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (f"{POST};mobile;courriel;fixe", "90033;maire;1;Noyer;Luc;;;03 84 36 66 66"),
        (f"{POST};mobile;courriel", "90033;maire;1;Noyer;Luc;03 84 36 66 66;"),
        (f"{POST};fixe", "90033;maire;1;Noyer;Luc;03 84 36 66 66"),
    ],
    ids=["in its column", "in that of mobiles", "without any other column"],
)
def test_an_urgent_alert_calls_who_came_in_with_a_landline_alone(
    source, calling, csv_file: CsvFile, header: str, row: str
) -> None:
    summary = load(csv_file(row, header=header))
    assert stored() == [("fixe", LANDLINE)]
    assert "téléphone fixe (vide) → +33384366666" in str(summary.outcomes)
    assert summary.notes == (
        "une ligne fixe pour toute adresse, appelée pour l’urgent seul : ligne 2",
    )
    push(source, category=FIRE)
    assert told() == [(Channel.VOICE, LANDLINE)]


def test_where_nobody_is_called_the_list_says_so(source, csv_file: CsvFile) -> None:
    summary = load(csv_file("90033;maire;1;Noyer;Luc;03 84 36 66 66;"))
    assert stored() == [("fixe", LANDLINE)]
    assert "mobile : un téléphone fixe, pris comme tel ; aucun texte n’y arrive" in warnings(
        summary
    )
    assert "où aucun texte n’arrive : ligne 2" in summary.notes[0]
    assert "aucun contact en fonction n’a de mobile" in summary.notes[1]


def test_a_landline_in_the_column_of_mobiles_takes_no_mobile_away(
    source, csv_file: CsvFile
) -> None:
    contact("maire", mobile=number(1), last_name="Noyer", first_name="Luc")
    summary = load(csv_file("90033;maire;1;Noyer;Luc;03 84 36 66 66;"))
    assert stored() == [("fixe", LANDLINE), ("mobile", number(1))]
    assert "téléphone fixe, pris comme tel" in warnings(summary)
    push(source, category=FIRE)
    assert told(recipient__startswith="person:") == [sms(1)]
    # And again: nothing is new.
    assert load(csv_file("90033;maire;1;Noyer;Luc;03 84 36 66 66;")).unchanged == 1


def test_one_of_two_columns_may_hold_it(source, csv_file: CsvFile) -> None:
    row = "90033;maire;1;Noyer;Luc;06 39 98 00 01;03 84 36 66 66;"
    load(csv_file(row, header=f"{POST};mobile;mobile_2;courriel"))
    assert stored() == [("fixe", LANDLINE), ("mobile", number(1))]


def test_a_list_without_any_column_for_addresses_is_still_none(csv_file: CsvFile) -> None:
    with pytest.raises(Exception, match="colonne manquante : mobile, courriel"):
        import_list(csv_file("90033;maire;1;Noyer;Luc", header=POST), author="essai")
