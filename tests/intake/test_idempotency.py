"""The same (source, reference, sequence) is one report, however often and in what form."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from notifier.intake.models import Report
from notifier.intake.receive import ContradictionError, OutsideSourceError, receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Entry, Step
from tests.intake.samples import body, source

pytestmark = pytest.mark.django_db


def _new(content: dict[str, Any]) -> NewReport:
    return NewReport.model_validate(content)


def test_the_same_again_is_the_same_report_and_one_line_in_the_journal() -> None:
    corg, content = source().source, body()
    first = receive(corg, _new(content))
    again = receive(corg, _new(content))
    assert first.is_new
    assert not again.is_new
    assert again.report_id == first.report_id
    assert Report.objects.count() == 1
    assert Entry.objects.filter(step=Step.RECEIVED).count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "closed"},
        {"severity": "extreme"},
        {"category": "C04.01.01"},
        {"exercise": True},
        {"location": {"insee": "90033"}},
        {"location": {"insee": "90010", "name": "Delle", "postal_code": "90100"}},
        {"location": {"insee": "90033", "name": "Delle", "postal_code": "90100", "label": "A 36"}},
    ],
)
def test_another_content_under_the_same_number_is_refused_and_changes_nothing(
    changes: dict[str, Any],
) -> None:
    corg, content = source().source, body()
    receive(corg, _new(content))
    before = Report.objects.values().get()
    with pytest.raises(ContradictionError):
        receive(corg, _new(content | changes))
    assert Report.objects.values().get() == before
    assert Entry.objects.count() == 1


def test_equal_content_in_another_form_is_the_same() -> None:
    corg = source().source
    now = datetime.now(UTC).replace(microsecond=0)
    content = body(occurred_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    first = receive(corg, _new(content))
    for form in (
        dict(reversed(content.items())),
        content | {"occurred_at": now.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00")},
        content | {"occurred_at": now.astimezone().isoformat()},
        content | {"occurred_at": _at_offset(now)},
        content | {"category": content["category"].lower()},
        content | {"location": {**content["location"], "label": None, "radius_m": 0}},
    ):
        again = receive(corg, _new(form))
        assert not again.is_new
        assert again.report_id == first.report_id


def _at_offset(instant: datetime) -> str:
    return instant.astimezone(timezone(timedelta(hours=11))).isoformat()


def test_what_a_field_left_out_means_is_what_it_means_written_out() -> None:
    corg, content = source().source, body()
    without = {name: value for name, value in content.items() if name != "exercise"}
    first = receive(corg, _new(without))
    assert receive(corg, _new(content)).report_id == first.report_id


def test_each_sequence_is_a_report_of_one_incident() -> None:
    corg, content = source().source, body()
    ids = {receive(corg, _new(content | {"sequence": n})).report_id for n in (2, 1, 7)}
    assert len(ids) == 3
    assert len(set(Report.objects.values_list("incident", flat=True))) == 1


def test_two_sources_with_one_reference_are_two_incidents() -> None:
    content = body()
    one = receive(source("CORG 90").source, _new(content))
    other = receive(source("Police 90").source, _new(content | {"severity": "minor"}))
    assert other.is_new
    assert one.report_id != other.report_id
    assert len(set(Report.objects.values_list("incident", flat=True))) == 2


def test_a_reference_with_slashes_stays_within_its_source() -> None:
    """No reference leads into another source's incident, whatever it looks like."""
    one, other = source("CORG 90").source, source("Police 90").source
    receive(one, _new(body(reference=f"{other.pk}/X")))
    assert receive(other, _new(body(reference="X"))).is_new
    assert len(set(Report.objects.values_list("incident", flat=True))) == 2


def test_a_commune_outside_stores_nothing() -> None:
    with pytest.raises(OutsideSourceError):
        receive(source().source, _new(body(location={"insee": "25056"})))
    assert not Report.objects.exists()
    assert not Entry.objects.exists()
