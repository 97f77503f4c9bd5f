"""What processes have used, as the kernel counts it (/proc of Linux)."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int) -> float:
    """Processor time of a process and all below it, user and system, since each began.

    What ended and was waited for is in its parent's account, so nothing is lost when a child ends.
    """
    used = 0.0
    for pid in family(root):
        fields = _stat(pid)
        # utime, stime, cutime, cstime: fields 14 to 17 of proc(5), two of which _stat leaves out.
        used += sum(map(int, fields[11:15])) * _TICK_S
    return used


def family(root: int) -> list[int]:
    """The process and all that descend from it and live."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def busy_seconds() -> float:
    """Processor time of everything on the machine since it started, idle and waiting aside.

    With what the host took for others (steal), where the machine is a virtual one.
    """
    first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _idle, _waiting, *others = map(int, first)
    # After steal come the guests', which are counted as user already.
    return (user + nice + system + sum(others[:3])) * _TICK_S


def resident_mb(root: int) -> float:
    """Resident memory (VmRSS) of a process and all below it, in megabytes (10^6 bytes)."""
    return _memory(family(root), "VmRSS")


def own_mb(root: int) -> float:
    """Resident memory that is shared with no file and no other process (RssAnon), in megabytes.

    For PostgreSQL, each of whose processes counts the shared buffers as its own otherwise.
    """
    return _memory(family(root), "RssAnon")


def _memory(pids: Iterable[int], field: str) -> float:
    used = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        if found := re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE):
            used += int(found[1]) * 1024
    return used / 1e6


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on (the second may hold anything)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
