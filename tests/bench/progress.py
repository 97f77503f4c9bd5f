"""What the person at the terminal sees while it runs: on stderr, the figures go to stdout."""

import sys
import time

_began = time.monotonic()


def say(what: str, *, step: bool = False) -> None:
    """One line, with the time since the start; on a terminal a `step` stays, others give way."""
    line = f"{time.monotonic() - _began:7.1f} s  {'' if step else '    '}{what}"
    if sys.stderr.isatty():
        end = "\n" if step else "\r"
        print(f"\r\x1b[2K{line}", end=end, file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)
