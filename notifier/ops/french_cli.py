"""The command line in French, what argparse and Django say by themselves included."""

from __future__ import annotations

import gettext
import os
import sys
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand, OutputWrapper

HELP = """\
usage : notifier COMMANDE [arguments]        « notifier COMMANDE --help » explique chacune

Essayer
  demo               le parcours complet d’une alerte, avec un prestataire simulé
  up                 tout le service sur cette machine, jusqu’à Ctrl-C (--simulator pour un essai)
  samples            un département d’exemple, inventé ; avec le simulateur seulement

Installer et surveiller
  doctor             vérifie tout ce dont une alerte a besoin, et dit quoi faire
  canary             essaie toute la chaîne jusqu’au numéro d’essai, et attend l’accusé
  migrate            crée ou met à jour les tables de la base
  createsuperuser    crée un compte de la plateforme, pour /admin/
  account            les comptes de la console : inviter, afficher, retirer un rôle
  source             les centres d’opérations autorisés à transmettre, et leurs clés
  contacts           les contacts des communes : importer un fichier, les afficher
  directory          l’annuaire : importer toute liste (RNE, annuaire de l’État), annuler, confirmer
  organisation       les autres organismes prévenus : inscrire, afficher, leurs territoires
  absence            les absences : saisir, afficher, terminer, avec ou sans remplaçant
  on-call            les astreintes : planifier un roulement, afficher, échanger, arrêter
  convention         qui d’autre que la commune est prévenu : importer, afficher, restreindre, clore
  consent            participation citoyenne : les accords des habitants, et leur retrait
  territory          les communes et leurs contours : ce qui sert, ceux de l’IGN à la place

Suivre
  push               transmet des fichiers (JSON du service, EDXL-DE, CAP) à un service qui tourne
  timeline           ce qu’est devenue une intervention, étape par étape
  who                qui a été prévenu, ou le serait : par quelle règle, dans quel ordre
  review             les interventions dont une personne doit trancher la commune
  release            participation citoyenne : relaie à un quartier ce qui attend une décision
  pause              suspend les envois aux communes, de toutes les sources ou d’une seule
  resume             reprend les envois
  bounce             un courriel revenu à l’expéditeur : un avis de non-remise est noté et suivi

Les trois processus de la production
  web                l’API, les accusés de réception, l’administration
  worker             localise, rédige, envoie
  beat               déclenche les rattrapages

« notifier help --commands » donne aussi les commandes de Django."""

CATALOGUES = Path(__file__).parent / "locale"
# Django's options for developers: they work, and need no line in an operator's help.
UNSHOWN = {
    "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
    "--force-color",
}  # fmt: skip


class FrenchUtility(ManagementUtility):
    """Django's command line, in French."""

    def __init__(self, argv: list[str]) -> None:
        super().__init__(argv)
        # argparse asks gettext's own domain, in the language that the environment names.
        gettext.bindtextdomain("argparse", CATALOGUES)
        gettext.textdomain("argparse")
        os.environ["LANGUAGE"] = "fr"
        BaseCommand.suppressed_base_arguments = UNSHOWN

    def execute(self) -> None:
        """Run what the command line asks for; its version is this project's, not Django's."""
        if self.argv[1:] in (["--version"], ["version"]):
            print(f"Alerte Maires {version('alerte-maires')}")
            return
        super().execute()

    def main_help_text(self, commands_only: bool = False) -> str:
        """Return the commands, grouped by purpose; settings that are wrong are named below them."""
        if commands_only:
            return super().main_help_text(commands_only=True)
        if self.settings_exception:
            return f"{HELP}\n\n{self.settings_exception}"
        return HELP

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; exit with code 1 and a suggestion where none has this name."""
        # With wrong settings only Django's own are known: it then says which setting is wrong.
        if not self.settings_exception and subcommand not in get_commands():
            near = get_close_matches(subcommand, get_commands(), 1)
            meant = f" Peut-être « {near[0]} » ?" if near else ""
            sys.exit(
                f"notifier : la commande « {subcommand} » n’existe pas.{meant} "
                "« notifier --help » les donne toutes."
            )
        command = super().fetch_command(subcommand)
        command.stderr = FrenchErrors(sys.stderr)
        return command


class FrenchErrors(OutputWrapper):
    """Standard error, on which a refusal begins with `notifier` instead of the exception's name."""

    # Django's own signature, which is no TextIO's.
    def write(  # type: ignore[override]
        self, msg: str = "", *args: Any, **options: Any
    ) -> None:
        """Write the message; see OutputWrapper."""
        refusal = msg.removeprefix("CommandError: ")
        super().write(msg if refusal == msg else f"notifier : {refusal}", *args, **options)
