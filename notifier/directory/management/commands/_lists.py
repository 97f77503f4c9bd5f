"""What the commands that read a list share."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import CommandError

from notifier.directory.imports.table import FileRefused
from notifier.directory.imports.values import normalise_commune_code, unknown_commune_reason
from notifier.territory.resolve import commune_by_code


def add_confirm_option(parser: ArgumentParser) -> None:
    """Add the option `--confirm`, for codes that are also postal codes."""
    parser.add_argument(
        "--confirm",
        action="append",
        default=[],
        metavar="CODE",
        help="ce code de commune, qui est aussi un code postal, est bien celui de la commune "
        "voulue ; à répéter, ou à séparer par des virgules",
    )


def read_confirmed(given: Sequence[str]) -> set[str]:
    """Return the codes of `--confirm`. Raises CommandError for one of no commune."""
    codes = {normalise_commune_code(code.strip()) for part in given for code in part.split(",")}
    for code in sorted(codes):
        if commune_by_code(code) is None:
            raise CommandError(f"--confirm : {unknown_commune_reason(code)}")
    return codes


def refused_file(refusal: FileRefused) -> CommandError:
    """Return what ends a command whose file is refused: every reason, by line."""
    count = len(refusal.faults)
    found = f"{count} erreurs" if count > 1 else "une erreur"
    return CommandError(f"rien n’est importé, {found} :\n{refusal}")
