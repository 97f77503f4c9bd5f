"""In French too: what argparse and Django say by themselves of a command and its arguments."""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand, OutputWrapper

HELP = """\
usage : notifier COMMANDE [arguments]        « notifier COMMANDE --help » explique chacune

Essayer
  demo               le parcours complet d’une alerte, avec un prestataire simulé
  up                 tout le service sur cette machine, jusqu’à Ctrl-C (--simulator pour un essai)

Installer et surveiller
  doctor             vérifie tout ce dont une alerte a besoin, et dit quoi faire
  migrate            crée ou met à jour les tables de la base
  createsuperuser    crée un compte pour /admin/
  source             les centres d’opérations autorisés à transmettre, et leurs clés
  contacts           les contacts des communes : importer un fichier, les afficher
  territory          les communes et leurs contours : ce qui sert, ceux de l’IGN à la place

Suivre
  push               transmet des fichiers (JSON du service, EDXL-DE, CAP) à un service qui tourne
  timeline           ce qu’est devenue une intervention, étape par étape
  review             les interventions dont une personne doit trancher la commune
  pause              suspend les envois aux communes, de toutes les sources ou d’une seule
  resume             reprend les envois
  bounce             un courriel revenu à l’expéditeur : un avis de non-remise est noté et suivi

Les trois processus de la production
  web                l’API, les accusés de réception, l’administration
  worker             localise, rédige, envoie
  beat               déclenche les rattrapages

« notifier help --commands » donne aussi les commandes de Django."""

# argparse's own sentences. One that is not here, from a later Python, stays in English.
SENTENCES = {
    "usage: ": "usage : ",
    "positional arguments": "arguments ",
    "options": "options ",
    "show this help message and exit": "affiche cette aide",
    "%(prog)s: error: %(message)s\n": "%(prog)s : %(message)s\n",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s : %(message)s",
    "the following arguments are required: %s": "il manque : %s",
    "unrecognized arguments: %s": "en trop : %s",
    "expected one argument": "une valeur est attendue",
    "ignored explicit argument %r": "aucune valeur n’est attendue (%r)",
    "ambiguous option: %(option)s could match %(matches)s": (
        "« %(option)s » peut vouloir dire %(matches)s"
    ),
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r n’existe pas ; au choix : %(choices)s"
    ),
}
# Django's options for developers: they work, and need no line in an operator's help.
UNSHOWN = {
    "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
    "--force-color",
}  # fmt: skip


class FrenchUtility(ManagementUtility):
    """Django's command line, whose own words are French."""

    def __init__(self, argv: list[str]) -> None:
        super().__init__(argv)
        vars(argparse)["_"] = lambda sentence: SENTENCES.get(sentence, sentence)
        BaseCommand.suppressed_base_arguments = UNSHOWN

    def execute(self) -> None:
        """Run what the command line asks for; its version is this project's, not Django's."""
        if self.argv[1:] in (["--version"], ["version"]):
            print(f"Alerte Maires {version('alerte-maires')}")
            return
        super().execute()

    def main_help_text(self, commands_only: bool = False) -> str:
        """The commands, by what somebody wants; wrong settings are said below."""
        if commands_only:
            return super().main_help_text(commands_only=True)
        if self.settings_exception:
            return f"{HELP}\n\n{self.settings_exception}"
        return HELP

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """The command; exits with code 1 and a suggestion when there is none of this name."""
        # With wrong settings only Django's own are known: it then says which setting is wrong.
        if not self.settings_exception and subcommand not in get_commands():
            near = get_close_matches(subcommand, get_commands(), 1)
            meant = f" Peut-être « {near[0]} » ?" if near else ""
            sys.exit(
                f"notifier : la commande « {subcommand} » n’existe pas.{meant} "
                "« notifier --help » les donne toutes."
            )
        command = super().fetch_command(subcommand)
        command.stderr = Refusals(sys.stderr)
        return command


class Refusals(OutputWrapper):
    """Standard error, where a refused command is announced by our name instead of a class's."""

    # Django's own signature, which is no TextIO's.
    def write(  # type: ignore[override]
        self, msg: str = "", *args: Any, **options: Any
    ) -> None:
        """Write the message; see OutputWrapper."""
        refusal = msg.removeprefix("CommandError: ")
        super().write(msg if refusal == msg else f"notifier : {refusal}", *args, **options)
