"""The command `notifier convention`: agreements under which more than the commune is told."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date, datetime, time
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifier.alerting.figures.count import Month, figure_rules, figures_of
from notifier.alerting.policy.conventions import known_to_conventions, rule_label
from notifier.alerting.policy.current import categories
from notifier.console.management.commands._who import add_actor_option
from notifier.directory.conventions.amendment import Amendment, import_convention
from notifier.directory.conventions.deadlines import add_months
from notifier.directory.conventions.file import ConventionRefusedError, read_convention
from notifier.directory.conventions.known import read_organisation
from notifier.directory.conventions.rules import is_among, rules_for
from notifier.directory.conventions.store import (
    ConventionError,
    end_convention,
    lift_narrowing,
    narrow,
)
from notifier.directory.conventions.words import (
    describe_deadline,
    describe_narrowing,
    describe_period,
    describe_rule,
)
from notifier.directory.models import Convention, ConventionRule
from notifier.moments import written_month


class Command(BaseCommand):
    """Import, list, show, narrow or end conventions; count what they give figures of."""

    help = "Conventions : qui d’autre que la commune est prévenu, de quoi, où et jusqu’à quand."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions, each with its own arguments."""
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="import|list|show|end|narrow|figures"
        )
        importing = actions.add_parser("import", help="enregistrer ou modifier, tout ou rien")
        importing.add_argument(
            "files", type=Path, nargs="+", metavar="FICHIER.toml", help="un ou plusieurs"
        )
        importing.add_argument(
            "--dry-run", action="store_true", help="montrer ce qui changerait, ne rien écrire"
        )
        actions.add_parser("list", help="toutes les conventions et leurs échéances")
        showing = actions.add_parser("show", help="les règles d’une convention")
        ending = actions.add_parser("end", help="mettre fin à une convention")
        narrowing = actions.add_parser("narrow", help="ce qu’une commune garde pour elle")
        for action in (showing, ending, narrowing):
            action.add_argument("reference", metavar="RÉFÉRENCE")
        showing.add_argument(
            "--le", type=_day, metavar="JOUR", help="telle qu’elle était ce jour : 2026-01-31"
        )
        ending.add_argument(
            "--le", type=_day, metavar="JOUR", help="dernier jour, inclus ; sans lui, aussitôt"
        )
        narrowing.add_argument("--commune", required=True, metavar="CODE", help="code INSEE")
        what = narrowing.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--categorie", action="append", metavar="CODE", help="ou son début ; à répéter"
        )
        what.add_argument("--tout", action="store_true", help="toutes les catégories")
        what.add_argument("--lever", action="store_true", help="ne plus rien garder")
        counting = actions.add_parser(
            "figures", help="les chiffres d’un mois, par commune et nature"
        )
        counting.add_argument(
            "reference", nargs="?", metavar="RÉFÉRENCE", help="d’une convention ; sinon de toutes"
        )
        counting.add_argument(
            "--mois", type=_month, metavar="MOIS", help="par exemple 2026-11 ; sans lui, le dernier"
        )
        for action, who in ((importing, "qui importe"), (ending, "qui décide"), (narrowing, "qui")):
            add_actor_option(action, who)

    def handle(self, *_: object, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is wrong."""
        action = options["action"]
        try:
            if action == "import":
                self._import(options["files"], options["who"], dry_run=options["dry_run"])
            elif action == "list":
                self._list()
            elif action == "show":
                self._show(options["reference"], options["le"])
            elif action == "end":
                self._end(options["reference"], options["who"], options["le"])
            elif action == "figures":
                self._figures(options["reference"], options["mois"])
            else:
                self._narrow(options)
        except (ConventionError, ConventionRefusedError) as error:
            raise CommandError(str(error)) from None

    def _import(self, paths: list[Path], who: str, *, dry_run: bool) -> None:
        known = known_to_conventions()
        conventions = [read_convention(path, known) for path in paths]
        with transaction.atomic():
            amendments = [import_convention(one, who, dry_run=dry_run) for one in conventions]
        for amendment in amendments:
            self._say(amendment)
        if dry_run:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")

    def _say(self, amendment: Amendment) -> None:
        convention = amendment.convention
        for warning in amendment.warnings:
            self.stdout.write(f"Attention : {warning}.")
        if not amendment:
            self.stdout.write(f"{convention.reference} : rien ne change.")
            return
        what = "nouvelle convention" if amendment.is_new else "convention modifiée"
        today = timezone.localdate()
        self.stdout.write(
            f"{convention.reference} : {what}, {describe_deadline(convention, today)}"
        )
        for key, (before, after) in amendment.changed.items():
            self.stdout.write(f"  {key} : {before} → {after}")
        for said, rules in (
            ("Règle nouvelle", amendment.started),
            ("Règle close", amendment.ended),
            ("Règle inchangée", amendment.kept),
        ):
            for rule in rules:
                self._say_rule(rule, f"{said} : ")

    def _say_rule(self, rule: ConventionRule, before: str = "") -> None:
        first, *others = describe_rule(rule, rule_label)
        self.stdout.write(f"{before}{first}")
        for line in others:
            self.stdout.write(line)

    def _list(self) -> None:
        today = timezone.localdate()
        conventions = Convention.objects.all()
        for convention in conventions:
            self.stdout.write(
                f"{convention.reference}  {convention.title} "
                f"({convention.get_kind_display()}), {describe_deadline(convention, today)}"
            )
        if not conventions:
            self.stdout.write("Aucune convention : « notifier convention import FICHIER.toml ».")

    def _show(self, reference: str, day: date | None) -> None:
        convention = Convention.objects.filter(reference=reference).first()
        if convention is None:
            raise CommandError(f"aucune convention « {reference} » : « notifier convention list »")
        self.stdout.write(f"{convention.reference}  {convention.title}")
        self.stdout.write(describe_deadline(convention, day or timezone.localdate()))
        parties = ", ".join(str(party) for party in convention.parties.all())
        self.stdout.write(f"Parties : {parties}")
        if convention.source:
            self.stdout.write(f"Texte : {convention.source}")
        in_force = _during(day)
        rules = convention.rules.filter(in_force)
        for rule in rules.select_related("organisation", "territory_of"):
            self._say_rule(rule)
            self.stdout.write(f"  {describe_period(rule)}")
        if not rules:
            self.stdout.write("Aucune règle en vigueur.")
        for narrowing in convention.narrowings.filter(in_force):
            self.stdout.write(describe_narrowing(narrowing, rule_label))

    def _figures(self, reference: str | None, first: date | None) -> None:
        if reference and not Convention.objects.filter(reference=reference).exists():
            raise CommandError(f"aucune convention « {reference} » : « notifier convention list »")
        first = first or add_months(timezone.localdate().replace(day=1), -1)
        rules = figure_rules()
        if reference:
            rules = rules.filter(convention__reference=reference)
        found = [
            (Month(first, told), list(own))
            for told, own in groupby(rules, attrgetter("organisation"))
        ]
        months = [month for month, own in found if any(map(month.is_touched_by, own))]
        for month in months:
            self._say_figures(month)
        if not months:
            self.stdout.write(f"Aucune règle ne donne de chiffres pour {written_month(first)}.")

    def _say_figures(self, month: Month) -> None:
        told = month.organisation
        self.stdout.write(f"{told.name} ({told.ref}), {written_month(month.first)} :")
        figures = figures_of(month)
        for figure in figures:
            self.stdout.write(f"  {figure.commune}, {figure.category} : {figure.in_words}")
        if not figures:
            self.stdout.write("  aucune intervention")

    def _end(self, reference: str, who: str, day: date | None) -> None:
        convention = end_convention(reference, who, day)
        when = f"après le {day:%d/%m/%Y}" if day else "à partir de maintenant"
        self.stdout.write(f"{convention.reference} : plus personne n’est prévenu {when}.")

    def _narrow(self, options: dict[str, Any]) -> None:
        reference, who = options["reference"], options["who"]
        try:
            commune = read_organisation(f"commune:{options['commune']}").code
        except ValueError as error:
            raise CommandError(f"--commune : {error}") from None
        if options["lever"]:
            count = lift_narrowing(reference, commune, who)
            lifted = f"{count} restriction{'s' * (count > 1)} de {commune}"
            self.stdout.write(f"{reference} : {lifted} levée{'s' * (count > 1)}.")
            return
        codes = options["categorie"] or []
        for code in codes:
            if not any(is_among(known, [code]) for known in categories().codes()) or not code:
                raise CommandError(f"--categorie : « {code} » n’est ni une catégorie ni son début")
        narrow(reference, commune, codes, who)
        now = rules_for([commune], timezone.now())
        if not any(rule.convention_reference == reference for rule in now):
            self.stdout.write(f"Attention : aucune règle en vigueur ne porte sur {commune}.")
        kept = ", ".join(f"{rule_label(code)} ({code})" for code in codes) or "tout"
        self.stdout.write(f"{reference} : {commune} garde pour elle {kept}.")


def _during(day: date | None) -> Q:
    """Return the condition of what was in force at some moment of a day, or is now."""
    zone = timezone.get_default_timezone()
    starts = datetime.combine(day, time.min, zone) if day else timezone.now()
    ends = datetime.combine(day, time.max, zone) if day else starts
    return Q(starts_at__lte=ends) & (Q(ends_at=None) | Q(ends_at__gt=starts))


def _month(typed: str) -> date:
    try:
        return date.fromisoformat(f"{typed}-01")
    except ValueError:
        raise ArgumentTypeError(f"« {typed} » n’est pas un mois : 2026-11") from None


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise ArgumentTypeError(f"« {typed} » n’est pas une date : 2026-01-31") from None
