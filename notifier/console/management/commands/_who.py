"""`--who`: whoever acts by a command, in the journal for good."""

import getpass
import os
from argparse import ArgumentParser, ArgumentTypeError

from notifier.intake.schema.clickable import unfit

MAX_LENGTH = 60


def account() -> str:
    """The system's account of whoever is at the keyboard, also behind `sudo`."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def add_who(parser: ArgumentParser, what: str) -> None:
    """Add the option; without it, the system's own account. `what`: "qui décide"."""
    parser.add_argument(
        "--who",
        type=_name,
        default=account(),
        metavar="NOM",
        help=f"{what}, pour le journal (par défaut : le compte du système)",
    )


def _name(typed: str) -> str:
    """Nothing but who: nobody can erase a number or an address from the journal."""
    if found := unfit(typed):
        raise ArgumentTypeError(f"« {typed} » contient {found} : dites seulement qui")
    if len(typed) > MAX_LENGTH:
        raise ArgumentTypeError(f"{MAX_LENGTH} caractères au plus : dites seulement qui")
    return typed.strip() or account()
