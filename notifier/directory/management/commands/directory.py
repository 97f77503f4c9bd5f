"""The command `notifier directory`: lists in, their history, and what is wrong with them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.directory.addresses import confirm
from notifier.directory.change_words import effects, origin_of
from notifier.directory.changes import changing
from notifier.directory.coverage import coverage, tonight
from notifier.directory.election import confirm_mandate, unconfirm_since
from notifier.directory.export import ExportError, export
from notifier.directory.history import forget, lines_of, recent_changes
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.imports.outcome import Verb
from notifier.directory.imports.reading import AUTOMATIC, FORMATS
from notifier.directory.imports.table import FileRefused
from notifier.directory.imports.values import normalise_commune_code, unknown_commune_reason
from notifier.directory.lookup import addresses_named, describe_mandate, mandate_named
from notifier.directory.management.commands._arguments import (
    add_author_option,
    find_organisation,
    refusals_in_one_line,
)
from notifier.directory.management.commands._lists import (
    add_confirm_option,
    read_confirmed,
    refused_file,
)
from notifier.directory.models import Change, ChangeKind
from notifier.directory.undoing.undo import UndoError, undo
from notifier.moments import weekday_moment
from notifier.territory.resolve import commune_by_code, communes_in

_MAX_WARNINGS = 50
_BAR_WIDTH = 40
_SHOWN_EVERY = 10_000


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
        importing.add_argument(
            "--departement",
            default="",
            metavar="CODE",
            help="les lignes de ce département seulement, d’une liste nationale",
        )
        add_confirm_option(importing)
        add_author_option(importing)
        exporting = actions.add_parser(
            "export", help="écrire l’annuaire dans un fichier de tableur"
        )
        exporting.add_argument("file", type=Path, metavar="FICHIER", help="en .csv ou .xlsx")
        exporting.add_argument("--departement", default="", metavar="CODE", help="ses communes")
        add_author_option(exporting)
        covering = actions.add_parser(
            "coverage", help="cette nuit, où quelqu’un peut être réveillé, et ce qui manque"
        )
        covering.add_argument("--departement", required=True, metavar="CODE")
        history = actions.add_parser("history", help="voir les changements, ou un seul en détail")
        history.add_argument("number", type=int, nargs="?", metavar="N", help="ce changement-là")
        history.add_argument(
            "--limit", type=int, default=50, metavar="NOMBRE", help="combien (50 par défaut)"
        )
        forgetting = actions.add_parser(
            "forget", help="effacer l’historique d’une personne supprimée (droit à l’effacement)"
        )
        forgetting.add_argument("name", metavar="NOM", help="prénom et nom, comme il était écrit")
        add_author_option(forgetting)
        undoing = actions.add_parser(
            "undo", help="annuler un changement entier, sauf ce qui a changé depuis"
        )
        undoing.add_argument("number", type=int, metavar="N", help="affiché par « history »")
        undoing.add_argument("--dry-run", action="store_true", help="ne rien écrire")
        add_author_option(undoing)
        election = actions.add_parser(
            "election", help="après une élection : chacun est à confirmer, et prévenu entre-temps"
        )
        election.add_argument("day", type=_day, metavar="DATE", help="par exemple 2026-03-15")
        election.add_argument("--departement", metavar="CODE", help="sinon, toutes les communes")
        election.add_argument(
            "--commune", action="append", default=[], metavar="CODE", help="à répéter"
        )
        add_author_option(election)
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
        confirming.add_argument(
            "--organisme",
            dest="organisation",
            metavar="ORGANISME",
            help="confirmer le mandat qu’y exerce la personne nommée, et toutes ses adresses",
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
                departement=_read_departement(options["departement"]),
                progress=self._progress,
            )
        except FileRefused as refusal:
            raise refused_file(refusal) from None
        finally:
            if self.stderr.isatty():
                self.stderr.write("")
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
        if options["organisation"]:
            self._confirm_mandate(options)
            return
        found = addresses_named(options["address"])
        with changing(ChangeKind.CONFIRMATION, options["who"], "notifier directory confirm"):
            for address in found:
                confirm(address, timezone.now(), is_accepted_again=options["accepte"])
        for address in found:
            refused = ", refuse toujours les messages (STOP)" if address.opted_out_at else ""
            self.stdout.write(f"{address.person} : {address}, confirmé{refused}.")

    def _confirm_mandate(self, options: dict[str, Any]) -> None:
        organisation = find_organisation(options["organisation"])
        now = timezone.now()
        mandate = mandate_named(organisation, options["address"], now)
        with changing(ChangeKind.CONFIRMATION, options["who"], "notifier directory confirm"):
            confirm_mandate(mandate, now)
        self.stdout.write(f"Confirmé : {describe_mandate(mandate)}")

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

    def _export(self, options: dict[str, Any]) -> None:
        try:
            count = export(options["file"], options["who"], options["departement"].upper())
        except ExportError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} lignes écrites dans {options['file']}")

    def _coverage(self, options: dict[str, Any]) -> None:
        departement = _read_departement(options["departement"])
        now = timezone.now()
        found = coverage(departement, tonight(departement, now))
        counts = (
            (len(found.by_phone), "où un téléphone sonne"),
            (len(found.by_mail_only), "par courriel seulement"),
            (len(found.by_nobody), "où personne n’est joint"),
        )
        said = ", ".join(f"{n} commune{'s' if n > 1 else ''} {where}" for n, where in counts)
        self.stdout.write(f"Département {departement}, {weekday_moment(found.at)} : {said}")
        for problem in found.problems:
            self.stdout.write(f"  {problem}")

    def _history(self, options: dict[str, Any]) -> None:
        if options["number"] is None:
            changes = recent_changes(options["limit"])
            effect = effects(changes)
            for change in changes:
                self.stdout.write(_describe(change, effect.get(change.pk, "")))
            return
        found = Change.objects.filter(pk=options["number"]).first()
        if found is None:
            raise CommandError(f"aucun changement n° {options['number']}")
        self.stdout.write(_describe(found, effects([found]).get(found.pk, "")))
        lines = lines_of(found)
        for line in islice(lines, options["limit"]):
            self.stdout.write(f"  {line}")
        if next(lines, None):
            self.stdout.write("  … et d’autres : --limit en montre davantage")

    def _forget(self, options: dict[str, Any]) -> None:
        count = forget(options["name"], options["who"])
        if not count:
            raise CommandError(
                "aucune personne supprimée de ce nom : qui est dans l’annuaire s’y supprime d’abord"
            )
        self.stdout.write(f"Historique effacé : {count} personne{'s' if count > 1 else ''}")

    def _undo(self, options: dict[str, Any]) -> None:
        try:
            summary = undo(options["number"], options["who"], dry_run=options["dry_run"])
        except UndoError as error:
            raise CommandError(str(error)) from None
        for text in summary.kept:
            self.stdout.write(f"laissé tel quel : {text}")
        self.stdout.write(f"{summary.undone} lignes rétablies, {len(summary.kept)} laissées")
        if options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")
        elif summary.change:
            self.stdout.write(f"Changement n° {summary.change}")

    def _election(self, options: dict[str, Any]) -> None:
        codes = {normalise_commune_code(code) for code in options["commune"]}
        for code in sorted(codes):
            if commune_by_code(code) is None:
                raise CommandError(f"--commune : {unknown_commune_reason(code)}")
        if departement := options["departement"]:
            of_departement = {commune.code for commune in communes_in(departement.upper())}
            if not of_departement:
                raise CommandError(f"--departement : aucun département {departement}")
            codes |= of_departement
        change = unconfirm_since(options["day"], codes or None, options["who"])
        if change is None:
            self.stdout.write("Personne n’est à confirmer.")
            return
        self.stdout.write(
            f"Changement n° {change.pk} : {change.counts['changed']} mandats à confirmer"
        )

    def _progress(self, rows: int, total: int) -> None:
        """Draw a bar on a terminal; elsewhere a line from time to time is enough."""
        if self.stderr.isatty():
            share = min(1.0, rows / total) if total else 0.0
            bar = "█" * round(share * _BAR_WIDTH)
            self.stderr.write(f"\r{bar:░<{_BAR_WIDTH}} {rows} lignes lues", ending="")
        elif rows % _SHOWN_EVERY == 0:
            self.stderr.write(f"{rows} lignes lues…")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"« {text} » : écrire la date comme 2026-03-15") from None


def _describe(change: Change, effect: str) -> str:
    """Return one change on a line: number, when, by whom, from what, how much."""
    parts = [
        f"n° {change.pk}",
        f"{timezone.localtime(change.at):%d/%m/%Y %H:%M}",
        change.get_kind_display(),
        f"par {change.author}",
        change.source or ("" if change.undoes_id else origin_of(change)),
        effect,
    ]
    if change.undoes_id:
        parts.append(f"annule le n° {change.undoes_id}")
    if hasattr(change, "undone_by"):
        parts.append(f"annulé par le n° {change.undone_by.pk}")
    return " · ".join(filter(None, parts))


def _read_departement(text: str) -> str:
    """Return the code as it is stored; "" if none is given. Raises CommandError."""
    code = text.strip().upper()
    if code and not communes_in(code):
        raise CommandError(f"--departement : aucun département {code}")
    return code
