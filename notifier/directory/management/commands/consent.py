"""The command `notifier consent`: residents who agreed to be told, and who withdrew that."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from notifier.directory.conventions.consents import (
    ConsentError,
    consents_of,
    give_consent,
    withdraw_consent,
)
from notifier.directory.lookup import describe_mandate, mandate_named
from notifier.directory.management.commands._arguments import (
    PERSON_HELP,
    add_author_option,
    add_organisation_argument,
    find_organisation,
    refusals_in_one_line,
)
from notifier.directory.models import Consent, Mandate


class Command(BaseCommand):
    """Note a consent or its withdrawal, list those of a quarter."""

    help = "Participation citoyenne : les accords des habitants, leur preuve, leur retrait."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions, each with its own arguments."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="give|withdraw|list")
        giving = actions.add_parser("give", help="noter l’accord d’un habitant")
        withdrawing = actions.add_parser("withdraw", help="noter qu’un habitant le retire")
        listing = actions.add_parser("list", help="les accords d’un quartier, en cours et passés")
        for action in (giving, withdrawing, listing):
            add_organisation_argument(action)
        for action in (giving, withdrawing):
            action.add_argument("person", metavar="PERSONNE", help=PERSON_HELP)
            add_author_option(action)
        giving.add_argument(
            "--le", metavar="JOUR", help="jour de l’accord : 2026-01-31 ; sans lui, aujourd’hui"
        )
        giving.add_argument(
            "--preuve", required=True, metavar="TEXTE", help="comment, et où elle est gardée"
        )
        withdrawing.add_argument("--comment", required=True, metavar="TEXTE", help="comment")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is refused."""
        with refusals_in_one_line():
            try:
                getattr(self, f"_{options['action']}")(options)
            except ConsentError as refusal:
                raise CommandError(str(refusal)) from None

    def _give(self, options: dict[str, Any]) -> None:
        consent = give_consent(
            _resident(options), _day(options["le"]), options["preuve"], options["who"]
        )
        self._show(consent)
        self.stdout.write(
            f"  Lien de sortie, à remettre à l’habitant : {settings.ENVIRONMENT.PUBLIC_URL}"
            f"{reverse('leave', args=[consent.exit_key])}"
        )

    def _withdraw(self, options: dict[str, Any]) -> None:
        mandate = _resident(options)
        withdraw_consent(mandate, options["comment"], options["who"])
        self.stdout.write(f"{describe_mandate(mandate)} : n’est plus prévenu.")

    def _list(self, options: dict[str, Any]) -> None:
        consents = consents_of(find_organisation(options["organisation"]))
        for consent in consents:
            self._show(consent)
        if not consents:
            self.stdout.write("Aucun accord.")

    def _show(self, consent: Consent) -> None:
        until = ""
        if consent.withdrawn_at:
            day = timezone.localdate(consent.withdrawn_at)
            until = f", retiré le {day:%d/%m/%Y} ({consent.withdrawn_how})"
        self.stdout.write(
            f"{describe_mandate(consent.mandate)} : accord du {consent.given_on:%d/%m/%Y} "
            f"({consent.proof}){until}"
        )


def _resident(options: dict[str, Any]) -> Mandate:
    organisation = find_organisation(options["organisation"])
    return mandate_named(organisation, options["person"], timezone.now())


def _day(typed: str | None) -> date:
    try:
        return date.fromisoformat(typed) if typed else timezone.localdate()
    except ValueError:
        raise CommandError(f"--le : « {typed} » n’est pas une date : 2026-01-31") from None
