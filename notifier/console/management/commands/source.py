"""The command `notifier source`: the dispatch centres that may push, and their keys."""

import argparse
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from shlex import quote
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.accounts.log_in.resealing import reseal_factors
from notifier.alerting.throttling.pause import cancel_all, pause, resume, waiting
from notifier.alerting.throttling.quota import mark_all_released
from notifier.console.management.commands._sources import (
    describe_waiting,
    is_pending,
    source_named,
)
from notifier.console.management.commands._webhook import add_webhook_arguments, webhook
from notifier.console.management.commands._who import add_actor_option
from notifier.delivery.providers.registry import LABELS
from notifier.intake.access import api_keys as keys
from notifier.intake.access.sources import OwnSourceError, change_source
from notifier.intake.models import Source
from notifier.intake.schema.reference import EXAMPLE_REFERENCE, check_pattern
from notifier.intake.sealing import SealBrokenError
from notifier.territory.phones import format_number
from notifier.territory.resolve import first_commune_in

ARGUMENTS = {
    "name": "nom",
    "service": "--service",
    "duty_email": "--duty-email",
    "duty_phone": "--duty-phone",
    "reference_pattern": "--reference-pattern",
}
CAP_HELP = "segments SMS par jour au plus ; au-delà, les SMS courants sont retenus"
PHONE_HELP = "téléphone de la permanence, donné à la fin de chaque texte"
PATTERN_HELP = (
    "forme de ses références, par exemple « CORG90-\\d{4}-\\d{6} » ; sans elle, un simple numéro"
)
HARD_CAP_HELP = (
    "segments SMS par jour au plus, urgents compris ; au-delà, tout est retenu, courriels aussi"
)
NO_CAP = NO_PHONE = NO_PATTERN = NO_ORDER = "aucun"
MOST = 1_000_000


class Command(BaseCommand):
    """Create, change, list and revoke sources."""

    help = "Sources : centres d’opérations autorisés à transmettre des interventions."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="crée une source et affiche sa clé, une seule fois")
        add.add_argument("name", metavar="NOM", help="par exemple « CORG 90 »")
        add.add_argument(
            "--departement",
            action="append",
            required=True,
            metavar="CODE",
            help="à répéter au besoin",
        )
        add.add_argument(
            "--service", default="Gendarmerie", metavar="NOM", help="qui parle, dans les textes"
        )
        add.add_argument(
            "--duty-email",
            default="",
            metavar="ADRESSE",
            help="permanence, prévenue quand la commune est à vérifier, quand plus personne n’a pu "
            "être joint, quand l’annuaire n’a aucun contact",
        )
        add.add_argument("--duty-phone", default="", metavar="NUMÉRO", help=PHONE_HELP)
        add.add_argument("--plafond-sms", type=_cap, default=None, metavar="N", help=CAP_HELP)
        add.add_argument("--reference-pattern", default="", metavar="FORME", help=PATTERN_HELP)
        add.add_argument(
            "--plafond-absolu", type=_cap, default=None, metavar="N", help=HARD_CAP_HELP
        )
        add.add_argument("--signed", action="store_true", help="exige des requêtes signées")
        change = actions.add_parser("set", help="change le plafond, le téléphone, les références")
        change.add_argument("name", metavar="NOM")
        change.add_argument(
            "--plafond-sms",
            type=_cap,
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{CAP_HELP} ; « {NO_CAP} »",
        )
        change.add_argument(
            "--plafond-absolu",
            type=_cap,
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{HARD_CAP_HELP} ; « {NO_CAP} »",
        )
        change.add_argument(
            "--duty-phone",
            default=argparse.SUPPRESS,
            metavar="NUMÉRO",
            help=f"{PHONE_HELP} ; « {NO_PHONE} »",
        )
        change.add_argument(
            "--reference-pattern",
            default=argparse.SUPPRESS,
            metavar="FORME",
            help=f"{PATTERN_HELP} ; « {NO_PATTERN} »",
        )
        change.add_argument(
            "--sms-providers",
            type=_providers,
            default=argparse.SUPPRESS,
            metavar="ORDRE",
            help=f"ses opérateurs de SMS dans l’ordre, par exemple « ovh,twilio » ; "
            f"« {NO_ORDER} » : l’ordre du service",
        )
        actions.add_parser("list", help="liste les sources")
        revoke = actions.add_parser("revoke", help="refuse sa clé dès maintenant")
        revoke.add_argument("name", metavar="NOM")
        waiting = revoke.add_mutually_exclusive_group()
        waiting.add_argument(
            "--withdraw",
            action="store_true",
            help="retire aussi ce qui n’est pas encore parti",
        )
        waiting.add_argument("--keep", action="store_true", help="laisse partir ce qui attend")
        release = actions.add_parser("release", help="libère ce que ses plafonds retiennent")
        release.add_argument("name", metavar="NOM")
        rotate = actions.add_parser(
            "rotate", help="remplace sa clé et son secret ; les anciens servent encore un temps"
        )
        rotate.add_argument("name", metavar="NOM")
        rotate.add_argument(
            "--overlap",
            type=_duration,
            default=timedelta(hours=24),
            metavar="DURÉE",
            help="combien de temps les anciens restent valables : 24h (par défaut), 90m, 7j, 0",
        )
        actions.add_parser(
            "reseal", help="rechiffre les secrets de signature, après un changement de SECRET_KEY"
        )
        renew = actions.add_parser("renew", help="remplace sa clé et l’affiche, une seule fois")
        renew.add_argument("name", metavar="NOM")
        told = actions.add_parser(
            "webhook", help="où son logiciel apprend les réponses ; sans option : comment cela va"
        )
        add_webhook_arguments(told, _duration)
        for action in (add, change, revoke, release, rotate, renew, told):
            add_actor_option(action, "qui le demande")

    def handle(self, *_: object, **options: Any) -> None:
        try:
            self._do(options)
        except OwnSourceError as refused:
            raise CommandError(f"« {options['name']} » : {refused}") from None

    def _do(self, options: dict[str, Any]) -> None:
        match options["action"]:
            case "add":
                self._add(options)
            case "set":
                self._set(source_named(options["name"]), options)
            case "list":
                self._list()
            case "revoke":
                self._revoke(source_named(options["name"]), options)
            case "release":
                self._release(source_named(options["name"]), options["who"])
            case "rotate":
                self._rotate(source_named(options["name"]), options["overlap"], options["who"])
            case "webhook":
                webhook(source_named(options["name"]), options, self.stdout.write)
            case "reseal":
                self._reseal()
            case "renew":
                self._print_key(keys.renew_key(source_named(options["name"]), options["who"]))

    def _add(self, options: dict[str, Any]) -> None:
        departements = [code.upper() for code in options["departement"]]
        if wrong := [code for code in departements if first_commune_in(code) is None]:
            raise CommandError(f"département inconnu : {', '.join(wrong)} (attendu : 90, 2A, 971…)")
        try:
            new = keys.add_source(
                options["name"].strip(),
                departements,
                service=options["service"].strip(),
                duty_email=options["duty_email"],
                signed=options["signed"],
                duty_phone=options["duty_phone"],
                sms_cap=options["plafond_sms"],
                reference_pattern=options["reference_pattern"].strip(),
                hard_cap=options["plafond_absolu"],
                by=options["who"],
            )
        except ValidationError as error:
            raise CommandError(_in_french(error, options["name"])) from None
        self.stdout.write(f"Source « {new.source.name} » créée pour : {', '.join(departements)}.")
        self.stdout.write(f"Elle donne des {_references(new.source)}.")
        if not new.source.duty_phone:
            self.stdout.write(
                "Sans téléphone de permanence : aucun texte ne dira qui rappeler. "
                f"Le donner : notifier source set {quote(new.source.name)} --duty-phone NUMÉRO"
            )
        if new.source.must_sign:
            self.stdout.write(f"Secret de signature : {new.source.signing_secret}")
        self._print_key(new.key)

    def _set(self, source: Source, options: dict[str, Any]) -> None:
        if not options.keys() & {
            "plafond_sms",
            "plafond_absolu",
            "duty_phone",
            "reference_pattern",
            "sms_providers",
        }:
            raise CommandError(
                "rien à changer : donner --plafond-sms, --plafond-absolu, --duty-phone, "
                "--reference-pattern ou --sms-providers"
            )
        changes: dict[str, Any] = {}
        said: list[Callable[[Source], str]] = []
        if "duty_phone" in options:
            given = options["duty_phone"]
            changes["duty_phone"] = "" if given == NO_PHONE else given
            said.append(_phone)
        if "reference_pattern" in options:
            given = options["reference_pattern"].strip()
            changes["reference_pattern"] = "" if given == NO_PATTERN else given
            said.append(_references)
        if "sms_providers" in options:
            changes["sms_providers"] = options["sms_providers"]
            said.append(_order)
        for option, name in (("plafond_sms", "sms_cap"), ("plafond_absolu", "hard_cap")):
            if option in options:
                changes[name] = options[option]
        if changes.keys() & {"sms_cap", "hard_cap"}:
            said.append(lambda source: _caps(source) or "sans plafond de SMS")
        try:
            change_source(source, changes, options["who"])
        except ValidationError as error:
            raise CommandError(_in_french(error, source.name)) from None
        for one in said:
            self.stdout.write(f"« {source.name} » : {one(source)}.")

    def _print_key(self, key: str) -> None:
        self.stdout.write("Clé, affichée cette seule fois :")
        self.stdout.write(key)

    def _list(self) -> None:
        for source in Source.objects.all():
            state = f"révoquée le {source.revoked_at:%d/%m/%Y}" if source.revoked_at else "active"
            signed = ", signée" if source.must_sign else ""
            if source.has_overlap and not source.revoked_at:
                until = timezone.localtime(source.overlap_until)
                state += f", clé précédente valable jusqu’au {until:%d/%m/%Y à %H:%M}"
            cap = f", {_caps(source)}" if _caps(source) else ""
            where = ", ".join(source.departements)
            self.stdout.write(f"{source.name} : {where} ({state}{signed}, {_phone(source)}{cap})")

    def _revoke(self, source: Source, options: dict[str, Any]) -> None:
        done = keys.revoke(source, options["who"])
        self.stdout.write(f"« {source.name} » : " + ("clé révoquée." if done else "déjà révoquée."))
        if options["withdraw"]:
            self._withdraw(source, options["who"])
        elif not options["keep"] and is_pending(waiting(source)):
            self._offer_to_withdraw(source, options["who"])

    def _offer_to_withdraw(self, source: Source, who: str) -> None:
        """Ask whether to withdraw, with everything held until answered."""
        if not sys.stdin.isatty():
            self.stdout.write(describe_waiting(waiting(source)))
            again = f"notifier source revoke {quote(source.name)} --withdraw"
            self.stdout.write(f"Ce qui attend partira. Pour le retirer : {again}")
            return
        is_mine = pause(source, who)
        self.stdout.write(describe_waiting(waiting(source)))
        self.stdout.write("Rien de cette source ne part tant que vous n’avez pas répondu.")
        if input("Retirer tout ce qui attend ? [o/N] ").strip().lower() in ("o", "oui"):
            self._withdraw(source, who)
        if is_mine:
            resume(source, who)

    def _withdraw(self, source: Source, who: str) -> None:
        done = cancel_all(source, who)
        of = _plural(done.incidents, "intervention")
        self.stdout.write(f"Retirés : {_plural(done.texts, 'texte')}, de {of}.")
        if done.in_flight:
            self.stdout.write(
                f"{_plural(done.in_flight, 'texte')} en cours d’envoi ou de sort inconnu : trop "
                "tard pour les retirer ; ils ne seront pas renvoyés."
            )

    def _release(self, source: Source, who: str) -> None:
        freed = mark_all_released(source, who)
        self.stdout.write(f"« {source.name} » : {_plural(freed, 'texte')} à faire partir aussitôt.")

    def _rotate(self, source: Source, overlap: timedelta, who: str) -> None:
        had_overlap = source.has_overlap
        try:
            new = keys.rotate(source, overlap, who)
        except keys.KeyRefusedError:
            raise CommandError(
                f"« {source.name} » est révoquée : « notifier source renew » lui donne une clé"
            ) from None
        if had_overlap:
            self.stdout.write("La clé d’avant la précédente est refusée dès maintenant.")
        until = f"{timezone.localtime(new.until):%d/%m/%Y à %H:%M}"
        self.stdout.write(
            f"Clé précédente valable jusqu’au {until}." if overlap else "Clé précédente refusée."
        )
        if new.secret:
            self.stdout.write(f"Secret de signature : {new.secret}")
        self._print_key(new.key)

    def _reseal(self) -> None:
        try:
            done, factors = keys.reseal(), reseal_factors()
        except SealBrokenError:
            raise CommandError(
                "un secret a été chiffré sous une autre SECRET_KEY : la remettre dans "
                "SECRET_KEY_FALLBACKS, ou « notifier source rotate » pour cette source"
            ) from None
        self.stdout.write(f"{_plural(done, 'secret')} de signature sous SECRET_KEY.")
        self.stdout.write(f"{_plural(factors, 'secret')} de second facteur sous SECRET_KEY.")


def _providers(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if names == [NO_ORDER]:
        return []
    if len(set(names)) < len(names) or not set(names) <= LABELS.keys():
        known = ", ".join(LABELS)
        raise ArgumentTypeError(f"« {text} » : écrire, chacun une fois, parmi {known}")
    return names


def _order(source: Source) -> str:
    names = [LABELS[name] for name in source.sms_providers]
    return f"SMS par {', puis '.join(names)}" if names else "SMS dans l’ordre du service"


def _caps(source: Source) -> str:
    caps = []
    if source.sms_cap is not None:
        caps.append(f"plafond de {source.sms_cap} segments SMS par jour")
    if source.hard_cap is not None:
        caps.append(f"plafond absolu de {source.hard_cap}, urgents compris")
    return ", ".join(caps)


_UNITS = {"": 3600, "m": 60, "h": 3600, "j": 86400}
MAX_OVERLAP = timedelta(days=30)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,5})([mhj]?)", text.strip())
    if found is None:
        raise ArgumentTypeError(f"« {text} » : écrire une durée, par exemple 24h, 90m ou 7j")
    duration = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    if duration > MAX_OVERLAP:
        raise ArgumentTypeError(f"« {text} » : 30 jours au plus")
    return duration


def _plural(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n > 1 else ''}"


def _references(source: Source) -> str:
    """Describe the references, with an example to compare with those of the centre's software."""
    if not source.reference_pattern:
        return f"références de la forme habituelle, par exemple {EXAMPLE_REFERENCE}"
    example = check_pattern(source.reference_pattern)
    return f"références de la forme {source.reference_pattern}, par exemple {example}"


def _phone(source: Source) -> str:
    return (
        f"téléphone {format_number(source.duty_phone)}" if source.duty_phone else "sans téléphone"
    )


def _cap(text: str) -> int | None:
    if text == NO_CAP:
        return None
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise ArgumentTypeError(f"« {text} » : écrire un nombre de segments, ou « {NO_CAP} »")
    return int(text)


def _in_french(error: ValidationError, name: str) -> str:
    if any(fault.code == "unique" for fault in error.error_dict.get("name", ())):
        return f"la source « {name} » existe déjà : « notifier source renew » en change la clé"
    return " ; ".join(
        f"{ARGUMENTS.get(field, field)} : {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
