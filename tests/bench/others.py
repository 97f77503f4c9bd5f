"""How much of the machine others took meanwhile: what is timed beside them is not worth much."""

import os
import time

from tests.bench.procfs import busy_seconds, cpu_seconds

# From this share on, the table says that times and rates are not to be trusted.
TOO_MUCH = 0.10


class Others:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._used = _used_by_others()

    def share(self) -> float:
        """Of all cores, what was used by no process of the bench: 0 to 1."""
        capacity = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(0.0, _used_by_others() - self._used) / capacity


def _used_by_others() -> float:
    # All that the bench starts descends from this process.
    return busy_seconds() - cpu_seconds(os.getpid())
