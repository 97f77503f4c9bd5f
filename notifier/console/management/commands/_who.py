"""The option `--who`: the author of a command, recorded in the journal."""

import getpass
import os
from argparse import ArgumentParser, ArgumentTypeError

from notifier.intake.schema.clickable import find_unsafe

MAX_LENGTH = 60


def system_account() -> str:
    """Return the system account of the user, also behind `sudo`."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def add_actor_option(parser: ArgumentParser, what: str) -> None:
    """Add the option; its default is the system account. `what`: its help, "qui décide"."""
    parser.add_argument(
        "--who",
        type=_actor_name,
        default=system_account(),
        metavar="NOM",
        help=f"{what}, pour le journal (par défaut : le compte du système)",
    )


def _actor_name(typed: str) -> str:
    """Refuse anything but a name: nobody can erase a number or an address from the journal."""
    if found := find_unsafe(typed):
        raise ArgumentTypeError(f"« {typed} » contient {found} : dites seulement qui")
    if len(typed) > MAX_LENGTH:
        raise ArgumentTypeError(f"{MAX_LENGTH} caractères au plus : dites seulement qui")
    return typed.strip() or system_account()
