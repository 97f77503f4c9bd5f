"""Part `endpoint`: how fast reports are taken in."""

from tests.bench.progress import say
from tests.bench.run import Figures, Run, percentiles


def endpoint(run: Run) -> Figures:
    """POST /api/v1/interventions over 16 kept connections to the one web process, workers off.

    `accepted_per_s`: from the first POST's beginning to the last answer; `p50_ms`, `p99_ms`: from a
    POST's first byte to its answer's last; all after a warm-up. The generator is a process of its
    own on the same machine. The workers start afterwards and tell every event, which is checked.
    """
    with run.house() as house:
        house.push(run.counts.warm_up)
        say(f"{run.counts.endpoint} POST sur 16 connexions")
        before = house.cpu()
        seen = house.push(run.counts.endpoint)
        used = sum(house.cpu().values()) - sum(before.values())
        p50, _, p99 = percentiles(seen.took)
        house.start_all()
        house.wait_until_told()
        exact = run.settle(house, "endpoint")
    return exact | {
        "accepted_per_s": len(seen.codes) / seen.seconds,
        "p50_ms": 1000 * p50,
        "p99_ms": 1000 * p99,
        "cpu_ms": 1000 * used / len(seen.codes),
    }
