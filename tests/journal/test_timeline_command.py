"""`notifier timeline REFERENCE`: every step in its order, with the time since the one before."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from time_machine import travel

from notifier.intake.models import Incident
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries
from tests.intake.samples import body, source

pytestmark = pytest.mark.django_db


def _timeline(reference: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("timeline", reference)
    return capsys.readouterr().out.splitlines()


def test_an_unknown_reference_is_said_in_french() -> None:
    with pytest.raises(CommandError, match="aucune intervention « CORG90-0 »"):
        call_command("timeline", "CORG90-0")


def test_steps_in_their_order_with_the_time_between(capsys: pytest.CaptureFixture[str]) -> None:
    new = source()
    receive(new.source, NewReport.model_validate(body(reference="CORG90-7")))
    incident = Incident.objects.get().pk
    start = datetime.now(UTC) + timedelta(hours=1)
    gaps = (0.0, 0.25, 2.5, 90.0, 7200.0)
    at = start
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        write_entries([new_entry(incident, Step.ATTEMPT, f"Étape {number}.", at=at)])
    lines = _timeline("CORG90-7", capsys)
    assert lines[0] == "CORG90-7 (CORG 90)"
    steps = [line for line in lines if "Étape" in line]
    assert [step.rsplit("  ", 1)[1] for step in steps] == [f"Étape {n}." for n in range(5)]
    assert "+  250 ms" in steps[1]
    assert "2,5 s" in steps[2]
    assert "90,0 s" in steps[3]
    assert "2,0 h" in steps[4]


def test_hours_are_those_of_paris(capsys: pytest.CaptureFixture[str]) -> None:
    new = source()
    receive(new.source, NewReport.model_validate(body(reference="CORG90-8")))
    summer_noon = datetime(2027, 7, 14, 10, 0, tzinfo=UTC)
    write_entries([new_entry(Incident.objects.get().pk, Step.RECEIPT, "Midi.", at=summer_noon)])
    lines = _timeline("CORG90-8", capsys)
    assert "  14/07/2027" in lines
    assert any(line.startswith("  12:00:00") and line.endswith("Midi.") for line in lines)


def test_the_hour_that_comes_twice_says_which_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    new = source()
    with travel(datetime(2026, 10, 24, 12, 0, tzinfo=UTC), tick=False):
        receive(
            new.source,
            NewReport.model_validate(
                body(reference="CORG90-9", occurred_at="2026-10-24T12:00:00Z")
            ),
        )
    incident = Incident.objects.get().pk
    for hour in (0, 1, 2):
        at = datetime(2026, 10, 25, hour, 25, 8, tzinfo=UTC)
        write_entries([new_entry(incident, Step.RECEIPT, f"Accusé {hour}.", at=at)])
    lines = [line for line in _timeline("CORG90-9", capsys) if "Accusé" in line]
    assert lines[0].startswith("  02:25:08 (heure d’été)  ")
    assert lines[1].startswith("  02:25:08 (heure d’hiver)  ")
    assert lines[2].startswith("  03:25:08  ")


def test_one_reference_of_two_sources_is_two_timelines(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("CORG 90", "Police 90"):
        receive(source(name).source, NewReport.model_validate(body(reference="2026-1")))
    lines = _timeline("2026-1", capsys)
    assert [line for line in lines if line.startswith("2026-1")] == [
        "2026-1 (CORG 90)",
        "2026-1 (Police 90)",
    ]
    assert sum("Reçue de CORG 90" in line for line in lines) == 1
    assert sum("Reçue de Police 90" in line for line in lines) == 1


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_long_lines_are_wrapped_and_no_number_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = source()
    receive(new.source, NewReport.model_validate(body(reference="CORG90-8")))
    text = "SMS pour maire (+33 6 •• •• •• 79), puis pour adjoint (+33 6 •• •• •• 80), essai 1."
    write_entries([new_entry(Incident.objects.get().pk, Step.ATTEMPT, text)])
    for columns in range(48, 90):
        monkeypatch.setenv("COLUMNS", str(columns))
        terminal = _Terminal()
        call_command("timeline", "CORG90-8", stdout=terminal)
        lines = terminal.getvalue().splitlines()
        assert max(map(len, lines)) <= columns
        whole = " ".join(line.strip() for line in lines)
        assert text in whole
        for number in ("+33 6 •• •• •• 79", "+33 6 •• •• •• 80"):
            assert any(number in line for line in lines)


def test_for_another_program_a_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    new = source()
    receive(new.source, NewReport.model_validate(body(reference="CORG90-9")))
    text = "Un texte bien plus long qu’une ligne. " * 9
    write_entries([new_entry(Incident.objects.get().pk, Step.ATTEMPT, text.strip())])
    assert any(line.endswith(text.strip()) for line in _timeline("CORG90-9", capsys))


@pytest.mark.parametrize("typed", ["corg90-2026-7", " CORG90-2026-7 ", "Corg90-2026-7\n"])
def test_case_and_spaces_of_a_reference_do_not_count(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(source().source, NewReport.model_validate(body(reference="CORG90-2026-7")))
    assert _timeline(typed, capsys)[0] == "CORG90-2026-7 (CORG 90)"


@pytest.mark.parametrize("typed", ["CORG90-2026-71", "CORG09-2026-7", "2026-7"])
def test_a_reference_that_resembles_is_suggested(typed: str) -> None:
    receive(source().source, NewReport.model_validate(body(reference="CORG90-2026-7")))
    for command in ("timeline", "review"):
        with pytest.raises(CommandError, match="peut-être CORG90-2026-7"):
            call_command(command, typed)


def test_nothing_is_suggested_for_what_resembles_nothing() -> None:
    receive(source().source, NewReport.model_validate(body(reference="CORG90-2026-7")))
    with pytest.raises(CommandError, match="vérifiez la référence"):
        call_command("timeline", "ZZZ")
