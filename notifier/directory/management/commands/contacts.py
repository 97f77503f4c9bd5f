"""The command `notifier contacts`: import a file of contacts, list those of a commune."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifier.author import system_account
from notifier.directory.contacts import Contact, contacts_of
from notifier.directory.imports.importer import import_list
from notifier.directory.imports.outcome import Verb
from notifier.directory.imports.reading import CONTACTS
from notifier.directory.imports.table import FileRefused
from notifier.directory.imports.values import normalise_commune_code, unknown_commune_reason
from notifier.directory.management.commands._lists import (
    add_confirm_option,
    read_confirmed,
    refused_file,
)
from notifier.territory.resolve import commune_by_code

_SHOWN_EVERY = 10_000


class Command(BaseCommand):
    """Import a CSV file of contacts, or list those of a commune."""

    help = "Contacts des communes : importer un fichier CSV, afficher ceux d’une commune."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `import` and `list`, each with its own arguments."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="import|list")
        importing = actions.add_parser("import", help="importer un fichier CSV, tout ou rien")
        importing.add_argument("file", type=Path, metavar="FICHIER.csv")
        importing.add_argument(
            "--dry-run",
            action="store_true",
            help="tout vérifier, montrer ce qui changerait, ne rien écrire",
        )
        add_confirm_option(importing)
        listing = actions.add_parser("list", help="afficher les contacts d’une commune")
        listing.add_argument("--commune", required=True, metavar="CODE", help="code INSEE")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is wrong."""
        if options["action"] == "import":
            self._import(options["file"], options["confirm"], dry_run=options["dry_run"])
        else:
            self._list(options["commune"])

    def _import(self, path: Path, confirmed: list[str], *, dry_run: bool) -> None:
        def progress(rows: int, _: int) -> None:
            if rows % _SHOWN_EVERY == 0:
                self.stderr.write(f"{rows} lignes vérifiées…")

        try:
            summary = import_list(
                path,
                CONTACTS.name,
                author=system_account(),
                dry_run=dry_run,
                confirmed=read_confirmed(confirmed),
                progress=progress,
            )
            if summary.faults:
                raise FileRefused(*summary.faults)
        except FileRefused as refusal:
            raise refused_file(refusal) from None
        self.stdout.write(str(summary))
        for note in summary.notes:
            self.stdout.write(f"  {note}")
        for outcome in summary.outcomes:
            if outcome.warnings or (dry_run and outcome.verb in (Verb.CHANGED, Verb.ENDED)):
                self.stdout.write(str(outcome))
        if dry_run:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")

    def _list(self, written: str) -> None:
        commune = commune_by_code(normalise_commune_code(written))
        if commune is None:
            raise CommandError(unknown_commune_reason(written))
        contacts = contacts_of(commune.code)
        self.stdout.write(commune.label)
        if not contacts:
            self.stdout.write("Aucun contact.")
            return
        table = [("fonction", "nom", "mobile", "courriel", "période d’activité")]
        table += [_cells(contact) for contact in contacts]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            self.stdout.write("  ".join(padded).rstrip())


def _cells(contact: Contact) -> tuple[str, str, str, str, str]:
    return (
        contact.title,
        contact.name or "-",
        contact.mobile or "-",
        contact.email or "-",
        _period(contact),
    )


def _period(contact: Contact) -> str:
    bounds = []
    if contact.active_from:
        bounds.append(f"à partir du {contact.active_from:%d/%m/%Y}")
    if contact.active_until:
        bounds.append(f"jusqu’au {contact.active_until:%d/%m/%Y}")
    return " ".join(bounds) or "toujours"
