"""Run a program that ends when its parent does, even if the parent is killed outright.

`python -I -S tied.py PARENT_PID SIGNAL PROGRAM ARGUMENT…`, on its own as a script: it asks the
kernel for SIGNAL at the parent's death (Linux; elsewhere there is no such request, and the program
simply runs), then becomes PROGRAM. Not a `preexec_fn`, which can deadlock in a process that has
threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, signal, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal)
    # The parent may have died before the request was made.
    if os.getppid() != parent:
        sys.exit(f"{program[0]}: not started, the parent is gone")
    os.execv(program[0], program)  # noqa: S606  # the caller's own program, without a shell
