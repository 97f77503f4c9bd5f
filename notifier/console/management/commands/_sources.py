"""Shared by `pause` and `resume`: the source, the author, and a French summary of what waits."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.alerting.throttling.pause import Waiting
from notifier.console.management.commands._who import add_actor_option
from notifier.delivery.models import EVERYTHING, Pause
from notifier.intake.models import Source
from notifier.moments import stamped_hour


def source_named(name: str) -> Source:
    """Return the source of this name. Raises CommandError where none has it."""
    try:
        return Source.objects.get(name=name)
    except Source.DoesNotExist:
        raise CommandError(f"aucune source « {name} » : voir « notifier source list »") from None


class OfSource(BaseCommand):
    """A command about one source, or about all of them."""

    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", nargs="?", metavar="SOURCE", help="une source ; sinon toutes")
        add_actor_option(parser, "qui le demande")

    def source(self, name: str | None) -> Source | None:
        """Return the source of this name, None for all. Raises CommandError for an unknown one."""
        return None if name is None else source_named(name)

    def say_pause(self, pause: Pause) -> None:
        """Print since when, and by whom, sending is paused."""
        since = timezone.localtime(pause.since)
        whose = "tout" if pause.pause_key == EVERYTHING else "cette source"
        self.stdout.write(
            f"  {whose}, depuis le {since:%d/%m} à {stamped_hour(since)}, par {pause.who}"
        )


def is_pending(waiting: Waiting) -> bool:
    """Return whether anything could still reach a commune."""
    return bool(waiting.texts or waiting.undecided or waiting.in_flight)


def describe_waiting(waiting: Waiting) -> str:
    """Say in French how many texts wait, of how many incidents, since when."""
    if not waiting.texts:
        said = "Aucun texte n’attend."
    else:
        plural, many = _s(waiting.texts), _s(waiting.incidents)
        said = (
            f"{waiting.texts} texte{plural} en attente, de {waiting.incidents} intervention{many}"
        )
        if waiting.oldest:
            oldest = timezone.localtime(waiting.oldest)
            said += f", le plus ancien du {oldest:%d/%m} à {stamped_hour(oldest)}"
        said += "."
    if waiting.undecided:
        said += f" {waiting.undecided} intervention{_s(waiting.undecided)} à traiter."
    if waiting.in_flight:
        said += f" {waiting.in_flight} en cours d’envoi, ou de sort inconnu : il est trop tard."
    return said


def _s(n: int) -> str:
    return "s" if n > 1 else ""
