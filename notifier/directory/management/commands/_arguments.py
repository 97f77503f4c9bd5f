"""What the commands of the directory share: the organisation meant, refusals in one line."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from notifier.author import system_account
from notifier.directory.absences import AbsenceError
from notifier.directory.lookup import LookupRefused
from notifier.directory.models import Organisation
from notifier.directory.on_call.calendar_in import CalendarError
from notifier.directory.on_call.planning import OnCallError
from notifier.directory.organisations import OrganisationError, organisation, read_ref

MOMENT_HELP = "heure de l’organisme, par exemple « 2026-12-04 18:00 » ou « 04/12/2026 18h »"
PERSON_HELP = "nom, courriel, mobile, fonction (« 1er adjoint ») ou numéro affiché"


def add_organisation_argument(parser: ArgumentParser) -> None:
    """Add the positional argument that names an organisation."""
    parser.add_argument(
        "organisation", metavar="ORGANISME", help="par exemple commune:90033 ou epci:246300701"
    )


def add_author_option(parser: ArgumentParser) -> None:
    """Add the option `--who`; its default is the system account."""
    parser.add_argument(
        "--who",
        default=system_account(),
        metavar="NOM",
        help="auteur du changement (par défaut : le compte du système)",
    )


def find_organisation(text: str) -> Organisation:
    """Return the organisation that is meant, stored if it is known by itself."""
    return organisation(read_ref(text))


@contextmanager
def refusals_in_one_line() -> Iterator[None]:
    """Turn what the directory refuses into a CommandError, exit code 1."""
    try:
        yield
    except (AbsenceError, CalendarError, LookupRefused, OnCallError, OrganisationError) as refusal:
        raise CommandError(str(refusal)) from None
