"""The command `notifier directory`: lists in, their history, and what is wrong with them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from notifier.directory.addresses import confirm
from notifier.directory.changes import changing
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.imports.outcome import Verb
from notifier.directory.imports.reading import AUTOMATIC, FORMATS
from notifier.directory.imports.table import FileRefused
from notifier.directory.lookup import addresses_named
from notifier.directory.management.commands._arguments import (
    add_author_option,
    refusals_in_one_line,
)
from notifier.directory.management.commands._lists import (
    add_confirm_option,
    read_confirmed,
    refused_file,
)
from notifier.directory.models import ChangeKind

_MAX_WARNINGS = 50


class Command(BaseCommand):
    """Import a list, show and undo changes."""

    help = "Annuaire : importer une liste, voir et annuler les changements."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions, each with its own arguments."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        importing = actions.add_parser("import", help="importer une liste")
        importing.add_argument(
            "file", type=Path, metavar="FICHIER", help="CSV, XLSX, XLS, ODS ou JSON"
        )
        importing.add_argument(
            "--comme",
            dest="form",
            choices=(AUTOMATIC, *FORMATS),
            default=AUTOMATIC,
            help="ce qu’est la liste ; d’elle-même elle se reconnaît à son en-tête",
        )
        importing.add_argument(
            "--dry-run", action="store_true", help="tout montrer, ligne par ligne, ne rien écrire"
        )
        importing.add_argument(
            "--valides",
            dest="valid_only",
            action="store_true",
            help="importer les lignes justes même si d’autres sont refusées ; sinon tout ou rien",
        )
        add_confirm_option(importing)
        add_author_option(importing)
        confirming = actions.add_parser(
            "confirm", help="une adresse en échec a été vérifiée : de nouveau utilisée"
        )
        confirming.add_argument(
            "address", metavar="ADRESSE", help="courriel, numéro, ou nom complet de la personne"
        )
        confirming.add_argument(
            "--accepte",
            action="store_true",
            help="la personne accepte de nouveau les messages, après STOP : elle a répondu START",
        )
        add_author_option(confirming)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is wrong."""
        with refusals_in_one_line():
            getattr(self, f"_{options['action']}")(options)

    def _import(self, options: dict[str, Any]) -> None:
        try:
            summary = import_list(
                options["file"],
                options["form"],
                author=options["who"],
                dry_run=options["dry_run"],
                valid_only=options["valid_only"],
                confirmed=read_confirmed(options["confirm"]),
                progress=self._progress,
            )
        except FileRefused as refusal:
            raise refused_file(refusal) from None
        self._show_rows(summary, dry_run=options["dry_run"])
        for note in summary.notes:
            self.stdout.write(f"  {note}")
        self.stdout.write(f"{FORMATS[summary.form].label} : {summary}")
        if summary.change:
            self.stdout.write(
                f"Import n° {summary.change} ; « notifier directory undo {summary.change} » "
                "l’annule."
            )
        elif options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")

    def _confirm(self, options: dict[str, Any]) -> None:
        found = addresses_named(options["address"])
        with changing(ChangeKind.CONFIRMATION, options["who"]):
            for address in found:
                confirm(address, timezone.now(), is_accepted_again=options["accepte"])
        for address in found:
            refused = ", refuse toujours les messages (STOP)" if address.opted_out_at else ""
            self.stdout.write(f"{address.person} : {address}, confirmé{refused}.")

    def _show_rows(self, summary: ImportSummary, *, dry_run: bool) -> None:
        """Print what happens to each row; in earnest only what deserves a look."""
        for fault in summary.faults:
            self.stdout.write(f"refusé : {fault}")
        rows = [
            outcome
            for outcome in summary.outcomes
            if outcome.warnings or (dry_run and outcome.verb is not Verb.UNCHANGED)
        ]
        for outcome in rows if dry_run else rows[:_MAX_WARNINGS]:
            self.stdout.write(str(outcome))
        if not dry_run and len(rows) > _MAX_WARNINGS:
            self.stdout.write(f"… et {len(rows) - _MAX_WARNINGS} autres lignes à regarder")

    def _progress(self, rows: int) -> None:
        self.stderr.write(f"{rows} lignes lues…")
