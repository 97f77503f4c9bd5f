"""The figures beside their goals: for the terminal, for `docs/performance.md`, and as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from tests.bench.run import Figures, Run

All = Mapping[str, Figures]
# What the bare client reached on the reference machine, SMS/s: "200 SMS/s" is said of that one.
REFERENCE_CALLS_PER_S = 533.0
HEADER = ("Partie", "Mesure", "Valeur", "Rapport", "Objectif", "Atteint")


@dataclass(frozen=True)
class Goal:
    """A limit for the figure itself, or for its ratio to another of the same run."""

    text: str
    limit: float
    at_most: bool = True
    of_ratio: bool = False

    def is_met(self, value: float, ratio: float | None) -> bool | None:
        """None where the ratio's other figure was not measured."""
        judged = ratio if self.of_ratio else value
        if judged is None:
            return None
        return judged <= self.limit if self.at_most else judged >= self.limit


@dataclass(frozen=True)
class Row:
    """One line: a figure, what it is compared with, what is wanted of it."""

    part: str
    key: str
    label: str
    unit: str
    other: tuple[str, str] | None = None
    goal: Goal | None = None

    def ratio(self, figures: All) -> float | None:
        """To the other figure, if there is one and it was measured."""
        if self.other is None:
            return None
        below = figures.get(self.other[0], {}).get(self.other[1])
        return figures[self.part][self.key] / below if below else None


def _cpu(part: str, label: str) -> Row:
    goal = Goal("≤ 5 × client nu", 5.0, of_ratio=True)
    return Row(part, "cpu_ms", label, "ms CPU/SMS", ("floor", "cpu_ms_per_call"), goal)


def _floor_rate(part: str, label: str, share: float, text: str) -> Row:
    goal = Goal(text, share, at_most=False, of_ratio=True)
    return Row(part, "per_s", label, "SMS/s", ("floor", "calls_per_s"), goal)


ROWS = [
    Row("floor", "calls_per_s", "client twilio nu, 32 fils", "SMS/s"),
    Row("floor", "cpu_ms_per_call", "client twilio nu", "ms CPU/SMS"),
    Row("floor", "noop_threads_per_s", "tâches Celery vides, 32 fils", "/s"),
    Row("floor", "noop_prefork_per_s", "tâches Celery vides, 2 processus", "/s"),
    Row("floor", "noop_cpu_ms", "tâche Celery vide", "ms CPU"),
    Row("endpoint", "accepted_per_s", "POST acceptés, 16 connexions", "/s"),
    Row("endpoint", "p50_ms", "réponse, médiane", "ms"),
    Row("endpoint", "p99_ms", "réponse, 99 %", "ms"),
    Row("endpoint", "cpu_ms", "un POST (web, base, Valkey)", "ms CPU"),
    Row("latency", "p50_ms", "du POST au prestataire à 5/s, médiane", "ms", None,
        Goal("< 25 ms", 25.0)),
    Row("latency", "p95_ms", "du POST au prestataire à 5/s, 95 %", "ms"),
    Row("latency", "p99_ms", "du POST au prestataire à 5/s, 99 %", "ms", None,
        Goal("< 60 ms", 60.0)),
    Row("latency", "statements", "requêtes SQL par événement, au repos", ""),
    _floor_rate("drain", "file vidée, 2 workers", 0.55, "≥ 55 % du client nu"),
    _cpu("drain", "file vidée, tous processus"),
    Row("drain", "statements", "requêtes SQL par SMS, file", ""),
    _floor_rate("end_to_end", "de bout en bout, jusqu’au prestataire", 0.40, "≥ 40 % du client nu"),
    Row("end_to_end", "recorded_per_s", "de bout en bout, accusés enregistrés", "SMS/s"),
    _cpu("end_to_end", "de bout en bout, tous processus"),
    Row("end_to_end", "statements", "requêtes SQL par événement, en charge", ""),
    _floor_rate("storm", "tempête, jusqu’au prestataire", 0.40, "≥ 40 % du client nu"),
    Row("storm", "lost", "tempête : perdus", "", None, Goal("0", 0.0)),
    Row("storm", "doubled", "tempête : en double", "", None, Goal("0", 0.0)),
]  # fmt: skip


def cells(run: Run) -> list[tuple[str, ...]]:
    """The table's lines, header first, of the parts that were measured."""
    rows = [row for row in [*ROWS, *_memory_rows(run)] if row.key in run.figures.get(row.part, {})]
    return [HEADER, *(_line(row, run.figures) for row in rows)]


def _memory_rows(run: Run) -> list[Row]:
    return []


def _line(row: Row, figures: All) -> tuple[str, ...]:
    value, ratio = figures[row.part][row.key], row.ratio(figures)
    met = row.goal.is_met(value, ratio) if row.goal else None
    return (
        row.part,
        row.label,
        f"{_number(value)} {row.unit}".strip(),
        f"× {_number(ratio)}" if ratio is not None else "–",
        row.goal.text if row.goal else "–",
        "–" if met is None else "oui" if met else "NON",
    )


def _number(value: float) -> str:
    if isnan(value):
        return "inconnu"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}".replace(".", ",")


def as_text(run: Run, failed: Mapping[str, str]) -> str:
    """For the terminal."""
    table = cells(run)
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADER))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in table]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join([*lines, *_ending(run, failed)])


def write(file: Path, run: Run, failed: Mapping[str, str]) -> None:
    """The table in Markdown, and everything measured in a JSON file of the same name."""
    lines = [f"| {' | '.join(line)} |" for line in cells(run)]
    lines.insert(1, "|---|---|--:|--:|---|---|")
    text = "\n".join([_machine(), "", *lines, "", *_ending(run, failed)])
    file.write_text(text + "\n", encoding="utf-8")
    everything = {
        "machine": _machine(),
        "figures": run.figures,
        "failed": failed,
        "details": run.details,
        "table": cells(run),
    }
    words = json.dumps(everything, ensure_ascii=False, indent=1)
    file.with_suffix(".json").write_text(words + "\n", encoding="utf-8")


def _machine() -> str:
    day = time.strftime("%d/%m/%Y")
    return (
        f"Mesuré le {day} : {os.cpu_count()} cœurs, {platform.system()}, "
        f"Python {platform.python_version()}, PostgreSQL (fsync), Valkey, prestataire simulé."
    )


def _ending(run: Run, failed: Mapping[str, str]) -> list[str]:
    lines = []
    both = run.figures.get("end_to_end"), run.figures.get("floor")
    if both[0] and both[1]:
        share = both[0]["per_s"] / both[1]["calls_per_s"]
        lines.append(
            f"De bout en bout, ramené à la machine de référence (client nu : "
            f"{REFERENCE_CALLS_PER_S:.0f} SMS/s) : {share * REFERENCE_CALLS_PER_S:.0f} SMS/s "
            "(objectif : 200)."
        )
    lines += [f"ÉCHEC de {name} : {reason}" for name, reason in failed.items()]
    return lines
