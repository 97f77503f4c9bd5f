"""Run a program that ends when its parent does, even if the parent is killed outright.

`python -I -S parent_death.py PARENT_PID alone|family PROGRAM ARGUMENT…`, run as a script. Linux
sends a signal at the parent's death; elsewhere the program simply runs. `alone`: becomes PROGRAM,
which then gets SIGKILL. `family`, for a program with processes of its own: stays as its leader,
forwards one SIGTERM, and kills the whole process group when the parent is gone.

Not a `preexec_fn`, which can deadlock in a process that has threads.
"""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def request_signal(number: int, parent: int) -> None:
    """Have the kernel send the signal at the parent's death; exit now if it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("not started, the parent is gone")


def run_as_leader(parent: int, program: list[str]) -> int:
    """Run the program; return its exit code."""
    asked = False

    def end(_number: int, _frame: object) -> None:
        nonlocal asked
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        # The kernel repeats itself as each thread of the parent dies, and granian hangs when a
        # second SIGTERM interrupts its handling of the first.
        if not asked:
            asked = True
            child.terminate()

    request_signal(signal.SIGTERM, parent)
    with subprocess.Popen(program) as child:  # noqa: S603  # the caller's own program
        signal.signal(signal.SIGTERM, end)
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    parent_pid, mode, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if mode == "family":
        sys.exit(run_as_leader(parent_pid, command))
    request_signal(signal.SIGKILL, parent_pid)
    os.execv(command[0], command)  # noqa: S606  # the caller's own program, without a shell
