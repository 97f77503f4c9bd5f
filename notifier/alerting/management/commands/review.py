"""`notifier review`: what waits for a person to say which commune it is."""

import getpass
from argparse import ArgumentParser
from typing import Any
from unicodedata import category

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.alerting.doubt import Candidate, candidates
from notifier.alerting.facts import command
from notifier.alerting.in_force import categories
from notifier.alerting.review import ReviewError, decide_commune, waiting
from notifier.intake.formats.message import possible_references
from notifier.intake.models import Intervention
from notifier.territory.resolve import commune


class Command(BaseCommand):
    help = "Interventions dont la commune est à vérifier : liste, détail, décision."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", nargs="?", help="affiche le détail de cette référence")
        parser.add_argument(
            "--commune", metavar="CODE", help="code INSEE de la commune que vous décidez"
        )
        parser.add_argument(
            "--source", metavar="NOM", help="la source, si plusieurs ont cette référence"
        )
        parser.add_argument(
            "--who",
            default="",
            metavar="NOM",
            help="qui décide (par défaut : le compte du système)",
        )
        parser.add_argument(
            "--why",
            default="",
            metavar="RAISON",
            help="pourquoi, pour le journal ; exigé pour une commune qu’aucun indice ne désigne",
        )

    def handle(self, *_: object, **options: Any) -> None:
        if options["reference"] is None:
            self._list()
            return
        interventions = self._of(options["reference"], options["source"])
        if options["commune"]:
            self._decide(interventions, options)
        else:
            latest_first = sorted(interventions, key=lambda i: -i.sequence)
            possible = candidates(latest_first)
            self._show_candidates(possible)
            for intervention in latest_first:
                self._show(intervention)
            reference = latest_first[0].reference
            self.stdout.write(f"Décider : {command(reference, is_named=bool(possible))}")

    def _list(self) -> None:
        interventions = list(waiting())
        if not interventions:
            self.stdout.write("Rien à vérifier.")
        for intervention in interventions:
            received = timezone.localtime(intervention.received_at)
            self.stdout.write(
                f"{intervention.reference} n° {intervention.sequence}  {received:%d/%m %H:%M:%S}  "
                f"{intervention.source.name}  {_label(intervention)}"
            )
            self.stdout.write(f"  {intervention.reason}")
        if interventions:
            self.stdout.write("Indices et décision : notifier review REFERENCE")

    def _of(self, reference: str, source: str | None) -> list[Intervention]:
        found = list(waiting().filter(reference__in=possible_references(reference)))
        if source:
            found = [i for i in found if i.source.name == source]
        if not found:
            raise CommandError(
                f"« {reference} » n’attend aucune décision : voir « notifier review »"
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

    def _show(self, intervention: Intervention) -> None:
        received = timezone.localtime(intervention.received_at)
        self.stdout.write(
            f"{intervention.reference} n° {intervention.sequence} ({intervention.source.name})"
        )
        self.stdout.write(f"  {_label(intervention)}, reçue le {received:%d/%m/%Y à %H:%M:%S}")
        self.stdout.write(f"  {intervention.reason}")
        for clue in intervention.clues:
            self.stdout.write(f"  - {_harmless(clue['says'])}")

    def _decide(self, interventions: list[Intervention], options: dict[str, Any]) -> None:
        try:
            decided = decide_commune(
                interventions,
                options["commune"].upper(),
                who=options["who"] or getpass.getuser(),
                why=options["why"],
            )
        except ReviewError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{decided.reference} n° {decided.sequence} : {_commune(options['commune'])}. "
            "Décision enregistrée ; ce qui est à annoncer part aussitôt."
        )


def _harmless(text: str) -> str:
    """Without what a terminal obeys: a clue repeats the name as dispatch typed it."""
    return "".join("?" if category(sign).startswith("C") else sign for sign in text)


def _commune(code: str) -> str:
    chosen = commune(code.upper())
    return chosen.label if chosen else code


def _label(intervention: Intervention) -> str:
    known = categories().get(intervention.category)
    return known.label if known else intervention.category
