"""The command `notifier account`: invite the first administrators, list accounts, take roles."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from notifier.accounts.grants import GrantError, revoke
from notifier.accounts.invitations import LASTS, invite
from notifier.accounts.models import RoleAssignment, User
from notifier.accounts.roles import Role
from notifier.console.management.commands._who import add_actor_option
from notifier.console.terminal import table
from notifier.directory.models import Organisation, OrganisationRef
from notifier.territory.zones.departements import departement_by_code


class Command(BaseCommand):
    """Invite, list, and take roles; the rest is done in the console, at /comptes."""

    help = "Comptes de la console : invite par courriel, liste les rôles, en retire un."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        new = actions.add_parser("invite", help="envoie un lien qui ouvre un compte avec un rôle")
        new.add_argument("email", metavar="ADRESSE", type=_email)
        new.add_argument("--role", required=True, choices=Role.values, help="le rôle donné")
        where = new.add_mutually_exclusive_group(required=True)
        where.add_argument("--departement", metavar="CODE", type=_departement, help="où il vaut")
        where.add_argument(
            "--organisme", metavar="TYPE:CODE", help="ou pour lequel : commune:90033, par exemple"
        )
        new.add_argument("--until", metavar="AAAA-MM-JJ", type=_day, help="jusqu’à ce jour compris")
        add_actor_option(new, "qui invite")
        actions.add_parser("list", help="affiche les comptes et leurs rôles en cours")
        end = actions.add_parser("revoke", help="retire un rôle, par son numéro dans la liste")
        end.add_argument("number", metavar="NUMÉRO", type=int)
        add_actor_option(end, "qui retire")

    def handle(self, *_: object, **options: Any) -> None:
        match options["action"]:
            case "invite":
                self._invite(options)
            case "list":
                self._list()
            case "revoke":
                self._revoke(options["number"], options["who"])

    def _invite(self, options: dict[str, Any]) -> None:
        role = Role(options["role"])
        organisation = _organisation(options["organisme"]) if options["organisme"] else None
        if (role == Role.GROUPEMENT and organisation) or (
            role == Role.ORGANISATION and not organisation
        ):
            raise CommandError(
                "un administrateur de groupement a un département (--departement), celui d’un "
                "organisme un organisme (--organisme)"
            )
        made = invite(
            None,
            options["email"],
            role,
            options["departement"] or "",
            organisation,
            options["until"],
            options["who"],
        )
        self.stdout.write(f"Invitation envoyée : {made}. Le lien vaut {LASTS.days} jours.")

    def _list(self) -> None:
        today = timezone.localdate()
        rows = []
        for user in User.objects.prefetch_related("assignments__organisation").order_by("username"):
            state = "" if user.is_active else " (désactivé)"
            roles = [one for one in user.assignments.all() if one.is_active(today)]
            rows += [
                [
                    f"{user}{state}",
                    str(one.pk),
                    str(one),
                    f"{one.until:%d/%m/%Y}" if one.until else "–",
                ]
                for one in roles
            ]
            if not roles:
                what = "plateforme" if user.is_superuser else "aucun rôle"
                rows.append([f"{user}{state}", "–", what, "–"])
        if not rows:
            self.stdout.write("Aucun compte. Pour le premier : notifier createsuperuser")
            return
        self.stdout.write("\n".join(table(("compte", "n°", "rôle", "jusqu’au"), rows)))

    def _revoke(self, number: int, who: str) -> None:
        assignment = RoleAssignment.objects.filter(pk=number).first()
        if assignment is None:
            raise CommandError(f"aucun rôle n° {number} : notifier account list")
        try:
            revoke(None, assignment, who)
        except GrantError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Rôle retiré à {assignment.user} : {assignment}.")


def _organisation(typed: str) -> Organisation:
    try:
        ref = OrganisationRef.parse(typed)
    except ValueError as error:
        raise CommandError(str(error)) from None
    found = Organisation.objects.filter(kind=ref.kind, code=ref.code).first()
    if found is None:
        raise CommandError(f"aucun organisme « {typed} » : notifier organisation list")
    return found


def _email(typed: str) -> str:
    try:
        validate_email(typed)
    except ValidationError:
        raise ArgumentTypeError(f"« {typed} » n’est pas une adresse électronique") from None
    return typed


def _departement(typed: str) -> str:
    if departement_by_code(typed) is None:
        raise ArgumentTypeError(f"« {typed} » n’est pas un département : 38, 2A ou 974")
    return typed


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise ArgumentTypeError(f"« {typed} » n’est pas un jour : 2027-06-30") from None
