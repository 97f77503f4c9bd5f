"""The option `--who`: the author of a command, recorded in the journal."""

from argparse import ArgumentParser, ArgumentTypeError

from notifier.author import system_account
from notifier.intake.schema.clickable import find_unsafe

MAX_LENGTH = 60


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
