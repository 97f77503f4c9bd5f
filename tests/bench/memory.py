"""Part `memory`: whether any process grows with what it has done."""

from __future__ import annotations

from tests.bench.house import House
from tests.bench.procfs import own_mb, resident_mb
from tests.bench.progress import say
from tests.bench.run import Figures, Run


def memory(run: Run) -> Figures:
    """Resident memory of each program with its children: before, and after each step of messages.

    In megabytes, `PROGRAM before`, `PROGRAM after N`. For PostgreSQL the memory of its processes
    that is theirs alone (RssAnon): each would count the shared buffers again. Valkey and the
    database are emptied of nothing in between, the simulator is.
    """
    counts = run.counts
    figures: Figures = {}
    with run.house() as house:
        house.start_all()
        figures |= _sampled(house, "before")
        for step in range(1, counts.memory_steps + 1):
            house.push(counts.memory_step)
            house.wait_until_told()
            exact = run.settle(house, "memory")
            house.forget_told()
            figures |= _sampled(house, f"after {step * counts.memory_step}")
            say(f"{step * counts.memory_step} messages", step=True)
    return exact | figures


def _sampled(house: House, when: str) -> Figures:
    return {
        f"{name} {when}": own_mb(pid) if name == "postgresql" else resident_mb(pid)
        for name, pid in house.processes().items()
    }
