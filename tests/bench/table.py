"""The figures beside their goals: for the terminal, for `docs/performance.md`, and as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from math import isnan
from pathlib import Path

from tests.bench.goals import ROWS, All, Row, memory_rows
from tests.bench.others import TOO_MUCH
from tests.bench.run import Run

# What the bare client reached on the reference machine, SMS/s: "200 SMS/s" is said of that one.
REFERENCE_CALLS_PER_S = 533.0
HEADER = ("Partie", "Mesure", "Valeur", "Rapport", "Objectif", "Atteint")


def cells(run: Run) -> list[tuple[str, ...]]:
    """The table's lines, header first, of the parts that were measured."""
    rows = [row for row in [*ROWS, *memory_rows(run)] if row.key in run.figures.get(row.part, {})]
    return [HEADER, *(_line(row, run.figures) for row in rows)]


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
    busy = {name: figures["others"] for name, figures in run.figures.items()}
    said = ", ".join(f"{name} {_number(100 * share)} %" for name, share in busy.items())
    lines.append(f"Part du processeur prise par d’autres pendant la mesure : {said}.")
    if max(busy.values(), default=0.0) > TOO_MUCH:
        lines.append(
            f"Au-delà de {100 * TOO_MUCH:.0f} %, durées et débits ne valent rien ; les temps de "
            "processeur, les requêtes et les comptes restent justes."
        )
    lines += [f"ÉCHEC de {name} : {reason}" for name, reason in failed.items()]
    return lines
