"""`notifier` commands, one after the other in one process: each start costs a second of processor.

A command runs through the entry point that an operator's shell calls, with file descriptors of its
own for what it prints; its exit code and words are those of a process. What a process does as it
ends, such as to wait for its last rings, is done once, at the end of them all: tests of that start
one of their own.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 120.0


class Commands:
    """Commands of one environment; the process starts with the first of them.

    As a context manager, it ends with the block.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path = REPOSITORY) -> None:
        """`folder` is where the commands run."""
        self._environment = {**environment, "PYTHONPATH": str(REPOSITORY)}
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`notifier` with these arguments; the caller judges its exit code.

        `environment` is for what the command itself reads; the settings are those of the first.
        """
        with self._lock:
            process = self._process = self._process or self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([args, environment]) + "\n")
            process.stdin.flush()
            has_answered = select.select([process.stdout], [], [], SECONDS)[0]
            answer = process.stdout.readline() if has_answered else ""
            if not answer:
                # What it may still say is no answer to the next command.
                process.kill()
                self.end()
                raise subprocess.TimeoutExpired(["notifier", *args], SECONDS)
            done = json.loads(answer)
        return subprocess.CompletedProcess(["notifier", *args], **done)

    def require(self, *args: str) -> str:
        """What a command prints; fails with its words when it fails."""
        done = self.run(*args)
        assert done.returncode == 0, f"notifier {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the process; the next command starts another."""
        process, self._process = self._process, None
        if process is not None:
            # It reads on until there is no more; a command that became a server never does.
            with process:
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _start(self) -> subprocess.Popen[str]:
        # Not -m: this file's folder and the commands' are no place to import from.
        return subprocess.Popen(
            [sys.executable, "-P", __file__],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def _serve() -> None:
    with os.fdopen(os.dup(0)) as requests, os.fdopen(os.dup(1), "w") as answers:
        with open(os.devnull) as nothing:  # noqa: PTH123  # a device
            os.dup2(nothing.fileno(), 0)
        usual = dict(os.environ)
        for request in requests:
            args, environment = json.loads(request)
            os.environ.update(environment)
            json.dump(_run(args), answers)
            answers.write("\n")
            answers.flush()
            os.environ.clear()
            os.environ.update(usual)


def _run(args: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        os.dup2(stdout.fileno(), 1)
        os.dup2(stderr.fileno(), 2)
        code = _exit_code(args)
        sys.stdout.flush()
        sys.stderr.flush()
        return {"returncode": code, "stdout": _text(stdout), "stderr": _text(stderr)}


def _exit_code(args: list[str]) -> int:
    """As the interpreter ends a process."""
    from notifier.cli import main

    sys.argv = ["notifier", *args]
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # its traceback is what a shell would show
        traceback.print_exc()
        return 1
    return 0


def _text(written: IO[bytes]) -> str:
    written.seek(0)
    return written.read().decode(errors="replace")


if __name__ == "__main__":
    _serve()
