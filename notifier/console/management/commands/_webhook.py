"""The action `webhook` of `notifier source`: where its software is told of answers."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from notifier.alerting.webhooks.events import record_test
from notifier.alerting.webhooks.overview import webhook_state
from notifier.intake.access.webhooks import (
    FORMATS,
    WebhookRefusedError,
    rotate_webhook_secret,
    set_webhook,
    stop_webhook,
)
from notifier.intake.models import Source

# What a trial takes at most, timeouts included, where a worker runs.
TRIAL_S = 15.0

Say = Callable[[str], object]


def add_webhook_arguments(parser: ArgumentParser, duration: Callable[[str], timedelta]) -> None:
    """Add the options of the action."""
    parser.add_argument("name", metavar="NOM")
    parser.add_argument("--url", metavar="ADRESSE", help="où il est prévenu, en https")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rotate", action="store_true", help="remplace le secret et l’affiche")
    what.add_argument("--off", action="store_true", help="n’envoie plus rien")
    what.add_argument("--test", action="store_true", help="envoie un essai et dit ce qu’il devient")
    parser.add_argument(
        "--format", choices=FORMATS, default=None, help="json (par défaut) ou edxl (EDXL-DE)"
    )
    parser.add_argument(
        "--overlap",
        type=duration,
        default=timedelta(hours=24),
        metavar="DURÉE",
        help="avec --rotate : combien de temps l’ancien secret signe encore, 24h par défaut",
    )


def webhook(source: Source, options: dict[str, Any], say: Say) -> None:
    """Do what the options say, or else say how it goes. Raises CommandError."""
    try:
        if options["off"]:
            is_stopped = stop_webhook(source, options["who"])
            say("Retours arrêtés." if is_stopped else "Il n’y avait pas de retours.")
            return
        is_set = options["url"] or options["format"]
        if is_set:
            _set(source, options, say)
        if options["rotate"]:
            _rotate(source, options, say)
        elif options["test"]:
            _try(source, say)
        elif not is_set:
            _show(source, say)
    except WebhookRefusedError as refused:
        raise CommandError(str(refused)) from None


def _set(source: Source, options: dict[str, Any], say: Say) -> None:
    url = options["url"] or source.webhook_url
    kind = options["format"] or source.webhook_format
    secret = set_webhook(source, url, kind, options["who"])
    say(f"« {source.name} » : retours en {source.get_webhook_format_display()} à {url}.")
    if secret:
        _print_secret(secret, say)


def _rotate(source: Source, options: dict[str, Any], say: Say) -> None:
    new = rotate_webhook_secret(source, options["overlap"], options["who"])
    if options["overlap"]:
        until = timezone.localtime(new.until)
        say(f"L’ancien secret signe aussi jusqu’au {until:%d/%m/%Y à %H:%M}.")
    _print_secret(new.secret, say)


def _print_secret(secret: str, say: Say) -> None:
    say("Secret de signature, affiché cette seule fois :")
    say(secret)


def _try(source: Source, say: Say) -> None:
    if not source.webhook_url:
        raise CommandError("pas d’adresse à essayer : la donner avec --url")
    trial = record_test(source)
    deadline = time.monotonic() + TRIAL_S
    while time.monotonic() < deadline:
        trial.refresh_from_db()
        if trial.delivered_at:
            took = (trial.delivered_at - trial.created_at).total_seconds()
            say(f"Essai reçu en {1000 * took:.0f} ms.")
            return
        if trial.given_up_at:
            raise CommandError(f"essai non reçu : {trial.error}")
        time.sleep(0.05)
    raise CommandError("l’essai attend toujours : un travailleur est-il en marche ?")


def _show(source: Source, say: Say) -> None:
    if not source.webhook_url:
        say(f"« {source.name} » : pas de retours ; son logiciel lit l’état d’une intervention.")
        return
    state = webhook_state(source)
    say(f"« {source.name} » : retours en {source.get_webhook_format_display()}")
    say(f"  adresse : {source.webhook_url}")
    if state.delivered_at:
        say(f"  dernier reçu : {timezone.localtime(state.delivered_at):%d/%m/%Y à %H:%M:%S}")
    if state.failed:
        say(f"  dernière erreur : {state.failed.error}")
    say(f"  en attente : {state.waiting}")
