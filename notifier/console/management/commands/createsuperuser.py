"""The command `notifier createsuperuser`: create an administrator, with questions in French."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from notifier.accounts.models import User

# As Django's own command has it, for scripts.
PASSWORD_VARIABLE = "DJANGO_SUPERUSER_PASSWORD"  # noqa: S105 - a name
TRIES = 3


class Command(BaseCommand):
    """Replace Django's command, whose questions are English and whose checks can be skipped."""

    help = "Crée un compte de la plateforme, qui ouvre aussi /admin/."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", metavar="NOM", help="nom d’utilisateur ; sinon, demandé")
        parser.add_argument("--email", default="", metavar="ADRESSE", help="facultatif")
        parser.add_argument(
            "--no-input",
            action="store_true",
            help=f"ne demande rien ; le mot de passe est dans la variable {PASSWORD_VARIABLE}",
        )

    def handle(self, *_: object, **options: Any) -> None:
        asks = not options["no_input"]
        if asks and not sys.stdin.isatty():
            raise CommandError(
                "pas de terminal pour demander le mot de passe : --no-input, et la variable "
                f"{PASSWORD_VARIABLE}"
            )
        user = User(username=self._username(options["username"], asks=asks), email=options["email"])
        user.is_staff = user.is_superuser = True
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        user.set_password(self._asked_password(user) if asks else _given_password(user))
        user.save()
        self.stdout.write(f"Compte « {user.username} » créé : il ouvre /admin/.")

    def _username(self, given: str | None, *, asks: bool) -> str:
        name = (given or (input("Nom d’utilisateur : ") if asks else "")).strip()
        if not name:
            raise CommandError("nom d’utilisateur absent : --username")
        return name

    def _asked_password(self, user: User) -> str:
        """Return the password, typed twice the same. Raises CommandError after TRIES failures."""
        for _ in range(TRIES):
            password = getpass.getpass("Mot de passe : ")
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
                continue
            if password == getpass.getpass("Le même, pour vérifier : "):
                return password
            self.stderr.write("Les deux mots de passe diffèrent.")
        raise CommandError("aucun mot de passe convenable : rien n’est créé")


def _given_password(user: User) -> str:
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if not password:
        raise CommandError(f"mot de passe absent : la variable {PASSWORD_VARIABLE}")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
