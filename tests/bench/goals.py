"""What is wanted of each figure (issue 4), in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.run import Figures, Run

All = Mapping[str, Figures]
# Caches, connections and the allocator's arenas are full by then: what grows later, grows.
WARM_AFTER_STEPS = 2


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
    Row("latency", "checks", "clés étrangères vérifiées par la base, par événement", ""),
    Row("latency", "idle_statements_per_s", "requêtes SQL par seconde sans événement", "/s"),
    Row("answers", "p50_ms", "réponse jusqu’au logiciel du centre, médiane", "ms"),
    Row("answers", "p99_ms", "réponse jusqu’au logiciel du centre, 99 %", "ms", None,
        Goal("< 1 s", 1000.0)),
    _floor_rate("drain", "file vidée, 2 workers", 0.55, "≥ 55 % du client nu"),
    _cpu("drain", "file vidée, tous processus"),
    Row("drain", "statements", "requêtes SQL par SMS, file", ""),
    _floor_rate("end_to_end", "de bout en bout, jusqu’au prestataire", 0.40, "≥ 40 % du client nu"),
    Row("end_to_end", "recorded_per_s", "de bout en bout, accusés enregistrés", "SMS/s"),
    _cpu("end_to_end", "de bout en bout, tous processus"),
    Row("end_to_end", "statements", "requêtes SQL par événement, en charge", ""),
    Row("end_to_end", "checks", "clés étrangères vérifiées par la base, par événement", ""),
    _floor_rate("storm", "tempête, jusqu’au prestataire", 0.40, "≥ 40 % du client nu"),
    Row("storm", "lost", "tempête : perdus", "", None, Goal("0", 0.0)),
    Row("storm", "doubled", "tempête : en double", "", None, Goal("0", 0.0)),
]  # fmt: skip


def _million(part: str, key: str, label: str, unit: str, *, more_is_better: bool) -> Row:
    limit, text = (1 / 1.2, "≥ vide / 1,2") if more_is_better else (1.2, "≤ 1,2 × vide")
    goal = Goal(text, limit, at_most=not more_is_better, of_ratio=True)
    return Row("million", f"{part} {key}", label, unit, (part, key), goal)


ROWS += [
    Row("lanes", "idle_p50_ms", "urgent seul, médiane", "ms"),
    Row("lanes", "idle_p99_ms", "urgent seul, 99 %", "ms"),
    Row("lanes", "busy_p50_ms", "urgent devant les courants, médiane", "ms",
        ("lanes", "idle_p50_ms"), Goal("≤ 2 × seul", 2.0, of_ratio=True)),
    Row("lanes", "busy_p99_ms", "urgent devant les courants, 99 %", "ms",
        ("lanes", "idle_p99_ms"), Goal("≤ 2 × seul", 2.0, of_ratio=True)),
    Row("lanes", "counted", "événements urgents comptés pendant la file", ""),
    _million("latency", "p50_ms", "un million au journal : médiane à 5/s", "ms",
             more_is_better=False),
    _million("latency", "p99_ms", "un million au journal : 99 % à 5/s", "ms",
             more_is_better=False),
    _million("drain", "per_s", "un million au journal : file vidée", "SMS/s", more_is_better=True),
    _million("drain", "cpu_ms", "un million au journal : file, tous processus", "ms CPU/SMS",
             more_is_better=False),
    _million("end_to_end", "per_s", "un million au journal : bout en bout", "SMS/s",
             more_is_better=True),
    _million("end_to_end", "cpu_ms", "un million au journal : bout en bout, tous processus",
             "ms CPU/SMS", more_is_better=False),
]  # fmt: skip

ROWS += [
    Row("pages", "slowest_ms", "page la plus lente de la console, médiane", "ms", None,
        Goal("< 200 ms", 200.0)),
    Row("pages", "over", "pages au-delà de 200 ms, par rôle", "", None, Goal("0", 0.0)),
    Row("pages", "statements", "requêtes SQL d’une page, au plus", ""),
    Row("pages", "pages", "pages mesurées, par rôle", ""),
]  # fmt: skip


def memory_rows(run: Run) -> list[Row]:
    """Of each program: before, and after the last step compared with the step after warming up."""
    counts = run.counts
    warm = f"after {min(WARM_AFTER_STEPS, counts.memory_steps - 1) * counts.memory_step}"
    last = counts.memory_steps * counts.memory_step
    names = [
        key.removesuffix(" before") for key in run.figures.get("memory", {}) if "before" in key
    ]
    rows = []
    for name in names:
        # What the database's backends and Valkey keep is bounded by their own settings.
        judged = name not in ("postgresql", "valkey")
        goal = Goal("stable (≤ 1,05)", 1.05, of_ratio=True) if judged else None
        rows += [
            Row("memory", f"{name} before", f"{name} : mémoire au départ", "Mo"),
            Row("memory", f"{name} {warm}", f"{name} : {warm.split()[1]} messages après", "Mo"),
            Row("memory", f"{name} after {last}", f"{name} : {last} messages après", "Mo",
                ("memory", f"{name} {warm}"), goal),
        ]  # fmt: skip
    return rows
