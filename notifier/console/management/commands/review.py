"""The command `notifier review`: reports that wait for a person to decide the commune."""

from argparse import ArgumentParser
from typing import Any
from unicodedata import category

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.alerting.content.facts import review_command
from notifier.alerting.policy.current import label_of, list_communes
from notifier.alerting.review.decisions import ReviewError, decide_communes, dismiss, waiting
from notifier.alerting.review.notices import Candidate, candidates
from notifier.console.management.commands._who import add_actor_option
from notifier.console.terminal import wrap_for
from notifier.intake.lookup import not_found, reports_named
from notifier.intake.models import Report
from notifier.moments import stamped_hour
from notifier.territory.resolve import commune_by_code


class Command(BaseCommand):
    """List the reports in review, or decide one."""

    help = "Interventions dont la commune est à vérifier : liste, détail, décision."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", nargs="?", help="affiche le détail de cette référence")
        parser.add_argument(
            "--commune",
            action="append",
            metavar="CODE",
            help="code INSEE de la commune que vous décidez ; à répéter s’il y en a plusieurs",
        )
        parser.add_argument(
            "--dismiss",
            action="store_true",
            help="classe sans suite des moyens signalés sans intervention ; --why est exigé",
        )
        parser.add_argument(
            "--source", metavar="NOM", help="la source, si plusieurs ont cette référence"
        )
        add_actor_option(parser, "qui décide")
        parser.add_argument(
            "--why",
            default="",
            metavar="RAISON",
            help="pourquoi, gardé avec l’intervention, hors du journal ; exigé pour une commune "
            "qu’aucun indice ne désigne, "
            "ou seulement un code qui est aussi un code postal",
        )

    def handle(self, *_: object, **options: Any) -> None:
        if options["reference"] is None:
            self._list()
            return
        reports = self._of(options["reference"], options["source"])
        if options["dismiss"]:
            self._dismiss(reports, options)
        elif options["commune"]:
            self._decide(reports, options)
        else:
            latest_first = sorted(reports, key=lambda i: -i.sequence)
            is_resources_only = latest_first[0].is_resources_only
            possible = candidates(latest_first)
            if not is_resources_only:
                self._show_candidates(possible)
            for report in latest_first:
                self._show(report)
            what = review_command(
                latest_first[0].reference,
                is_named=bool(possible),
                is_resources_only=is_resources_only,
            )
            self.stdout.write(f"{_to_do(is_resources_only=is_resources_only)} : {what}")

    def _list(self) -> None:
        reports = list(waiting())
        if not reports:
            self.stdout.write("Rien à vérifier.")
        for report in reports:
            received = timezone.localtime(report.received_at)
            self.stdout.write(
                f"{report.reference} n° {report.sequence}  "
                f"{received:%d/%m} {stamped_hour(received)}  "
                f"{report.source.name}  {label_of(report.category)}"
            )
            self._write(f"  {report.reason}", 2)
        if reports:
            self.stdout.write("Indices et décision : notifier review REFERENCE")

    def _of(self, reference: str, source: str | None) -> list[Report]:
        found = list(waiting().filter(pk__in=reports_named(reference).values("pk")))
        if source:
            found = [i for i in found if i.source.name == source]
        if not found:
            known = reports_named(reference).exists()
            raise CommandError(
                f"« {reference} » n’attend aucune décision : voir « notifier review »"
                if known
                else not_found(reference)
            )
        names = sorted({i.source.name for i in found})
        if len(names) > 1:
            raise CommandError(
                f"plusieurs sources ont cette référence, précisez --source : {', '.join(names)}"
            )
        return found

    def _show_candidates(self, possible: list[Candidate]) -> None:
        if not possible:
            self.stdout.write("Aucun indice ne désigne de commune des départements de la source.")
            return
        self.stdout.write("Communes possibles, la plus probable d’abord :")
        for candidate in possible:
            self.stdout.write(f"  {candidate.label}")

    def _show(self, report: Report) -> None:
        received = timezone.localtime(report.received_at)
        self.stdout.write(f"{report.reference} n° {report.sequence} ({report.source.name})")
        self.stdout.write(
            f"  {label_of(report.category)}, "
            f"reçue le {received:%d/%m/%Y} à {stamped_hour(received)}"
        )
        self._write(f"  {report.reason}", 2)
        for clue in report.clues:
            self._write(f"  - {_harmless(clue['says'])}", 4)

    def _write(self, line: str, indent: int) -> None:
        stream: Any = self.stdout
        for piece in wrap_for(line, indent, stream):
            self.stdout.write(piece)

    def _decide(self, reports: list[Report], options: dict[str, Any]) -> None:
        codes = [code.upper() for code in options["commune"]]
        try:
            decided = decide_communes(
                reports,
                codes,
                who=options["who"],
                why=options["why"],
            )
        except ReviewError as error:
            raise CommandError(str(error)) from None
        chosen = list_communes([found for found in map(commune_by_code, codes) if found])
        self.stdout.write(
            f"{decided.reference} n° {decided.sequence} : {chosen}. "
            "Décision enregistrée ; ce qui est à annoncer part aussitôt."
        )

    def _dismiss(self, reports: list[Report], options: dict[str, Any]) -> None:
        try:
            dismiss(reports, who=options["who"], why=options["why"])
        except ReviewError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{reports[0].reference} : classée sans suite.")


def _to_do(*, is_resources_only: bool) -> str:
    if is_resources_only:
        return "À faire : demander l’intervention au centre qui l’a ouverte. S’il n’y en a pas"
    return "Décider"


def _harmless(text: str) -> str:
    """Remove control characters: a clue repeats the name as dispatch typed it."""
    return "".join("?" if category(sign).startswith("C") else sign for sign in text)
