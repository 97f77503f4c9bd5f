"""The command `notifier organisation`: who else than a commune is told, and for which territory."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from notifier.directory.imports.formats.contacts import numbering_commune
from notifier.directory.imports.table import FileRefused
from notifier.directory.imports.values import read_date
from notifier.directory.management.commands._arguments import (
    add_author_option,
    add_organisation_argument,
)
from notifier.directory.management.commands._organisations import (
    describe,
    describe_changes,
    table,
    territory_lines,
)
from notifier.directory.models import Organisation, OrganisationKind, OrganisationRef
from notifier.directory.organisation_changes import record_organisation
from notifier.directory.organisations import (
    OrganisationError,
    add_organisation,
    change_organisation,
    make_ref,
    organisation,
    read_ref,
    stored_organisation,
)
from notifier.directory.zones.apply import apply_zone_file
from notifier.directory.zones.files import read_zone_file
from notifier.directory.zones.lookup import zones_at
from notifier.directory.zones.store import ZoneInUseError
from notifier.territory.phones import PhoneError, parse_voice_number

_NONE = "aucun"
_FIELDS = ("nature", "phone", "parent", "departement", "time_zone")
_COLUMNS = {
    "name": "le nom",
    "code": "--code",
    "phone": "--phone",
    "nature": "--nature",
    "departement": "--departement",
}
_DATES = "par exemple 2026-12-01 ou 01/12/2026"
_MAX_ORIGIN = 60


class Command(BaseCommand):
    """List, show, add and change organisations; replace their territory."""

    help = "Organismes : métropoles, départements, bailleurs, polices… et leurs territoires."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare each action with its own arguments."""
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="liste les organismes")
        listing.add_argument("--type", choices=OrganisationKind.values, metavar="TYPE")
        listing.add_argument(
            "--commune", metavar="CODE", help="ceux dont le territoire touche cette commune"
        )
        show = actions.add_parser("show", help="ce qui est su d’un organisme, et son territoire")
        add_organisation_argument(show)
        for action in (listing, show):
            action.add_argument(
                "--le", type=_day, metavar="DATE", help=f"un autre jour qu’aujourd’hui, {_DATES}"
            )
        add = actions.add_parser("add", help="inscrit un organisme")
        add.add_argument("type", choices=OrganisationKind.values, metavar="TYPE", help=_kinds())
        add.add_argument(
            "name",
            nargs="?",
            default="",
            metavar="NOM",
            help="inutile pour ceux dont le code suffit : commune, intercommunalité, département, "
            "préfecture",
        )
        add.add_argument(
            "--code",
            required=True,
            metavar="CODE",
            help="code INSEE, SIREN d’une intercommunalité ; pour les autres un SIREN, un SIRET ou "
            "un mot de votre choix",
        )
        change = actions.add_parser("set", help="change ce qui est su d’un organisme")
        add_organisation_argument(change)
        change.add_argument("--name", metavar="NOM")
        for action, default in ((add, ""), (change, None)):
            _add_fields(action, default)
            add_author_option(action)
        territory = actions.add_parser(
            "territory", help="remplace ou date le territoire, par un fichier ; sans lui, l’affiche"
        )
        territory.add_argument(
            "organisation",
            nargs="?",
            metavar="ORGANISME",
            help="celui dont c’est le territoire, si le fichier ne le dit pas",
        )
        territory.add_argument(
            "--file",
            type=Path,
            metavar="FICHIER",
            help="tableau des communes (organisation;code_commune;du;au) ou GeoJSON des contours "
            "et lieux (nom, rayon_m, du, au)",
        )
        territory.add_argument(
            "--du",
            type=_day,
            metavar="DATE",
            help="le fichier vaut à partir de ce jour, et ce qu’il n’a plus cesse la veille ; sans "
            f"cette option il remplace tout, passé compris ; {_DATES}",
        )
        add_author_option(territory)
        territory.add_argument(
            "--dry-run", action="store_true", help="montrer ce qui changerait, ne rien écrire"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is wrong."""
        try:
            match options["action"]:
                case "list":
                    self._list(options["type"], options["commune"], options["le"])
                case "show":
                    self._show(options["organisation"], options["le"])
                case "add":
                    self._add(options)
                case "set":
                    self._set(options)
                case "territory" if options["file"]:
                    self._replace(options)
                case "territory":
                    self._territory(options["organisation"])
        except (OrganisationError, ZoneInUseError) as refusal:
            raise CommandError(str(refusal)) from None
        except ValidationError as refusal:
            raise CommandError(_in_french(refusal)) from None

    def _list(self, kind: str | None, commune: str | None, day: date | None) -> None:
        found = list(Organisation.objects.all() if commune is None else _touching(commune, day))
        rows = [
            (str(one.ref), one.name, one.nature, one.phone)
            for one in found
            if kind in (None, one.kind)
        ]
        if not rows:
            self.stdout.write("Aucun organisme inscrit.")
            return
        for line in table([("organisme", "nom", "nature", "téléphone"), *rows]):
            self.stdout.write(line)

    def _show(self, text: str, day: date | None) -> None:
        one = _stored(text)
        for line in describe(one, day or _today(one)):
            self.stdout.write(line)

    def _add(self, options: dict[str, Any]) -> None:
        ref = make_ref(options["type"], options["code"])
        with transaction.atomic():
            new = add_organisation(ref, options["name"], _fields(ref, options))
            record_organisation(new, {}, author=options["who"], is_new=True)
        self.stdout.write(f"Organisme « {new.ref} » inscrit : {new.name}.")
        if not new.zones.exists() and new.kind not in ("commune", "departement", "prefecture"):
            self.stdout.write(
                "Il n’a pas encore de territoire : notifier organisation territory "
                f"{new.ref} --file FICHIER"
            )

    def _set(self, options: dict[str, Any]) -> None:
        one = _stored(options["organisation"])
        changes = _fields(one.ref, options)
        if options["name"] is not None:
            changes["name"] = options["name"].strip()
        if not changes:
            raise CommandError(
                "rien à changer : donner --name, --nature, --phone, --parent, --departement ou "
                "--time-zone"
            )
        with transaction.atomic():
            changed = change_organisation(one, changes)
            record_organisation(one, changed, author=options["who"], is_new=False)
        for line in describe(one, _today(one)):
            self.stdout.write(line)

    def _territory(self, text: str | None) -> None:
        if text is None:
            raise CommandError("donner un organisme, un fichier (--file), ou les deux")
        for line in territory_lines(_stored(text)):
            self.stdout.write(line)

    def _replace(self, options: dict[str, Any]) -> None:
        target = read_ref(options["organisation"]) if options["organisation"] else None
        path: Path = options["file"]
        try:
            file = read_zone_file(path, target)
            done = apply_zone_file(
                file,
                origin=path.name[:_MAX_ORIGIN],
                author=options["who"],
                from_day=options["du"],
                dry_run=options["dry_run"],
            )
        except FileRefused as refusal:
            count = len(refusal.faults)
            found = f"{count} erreurs" if count > 1 else "une erreur"
            raise CommandError(f"rien n’est changé, {found} :\n{refusal}") from None
        except ValueError as refusal:
            raise CommandError(str(refusal)) from None
        for note in file.notes:
            self.stdout.write(f"  {note}")
        for one, changes in done:
            for line in describe_changes(one, changes):
                self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")


def _add_fields(action: argparse.ArgumentParser, default: str | None) -> None:
    none = f" ; « {_NONE} » l’efface" if default is None else ""
    action.add_argument(
        "--nature", default=default, metavar="NATURE", help=f"bailleur, brigade, collège…{none}"
    )
    action.add_argument(
        "--phone", default=default, metavar="NUMÉRO", help=f"téléphone de l’organisme{none}"
    )
    action.add_argument(
        "--parent", default=default, metavar="ORGANISME", help=f"organisme supérieur{none}"
    )
    action.add_argument(
        "--departement",
        default=default,
        metavar="CODE",
        help="celui dont les administrateurs s’en occupent ; sans lui, celui de l’organisme "
        "supérieur ou du territoire",
    )
    action.add_argument(
        "--time-zone", default=default, metavar="FUSEAU", help="par exemple Indian/Reunion"
    )


def _fields(ref: OrganisationRef, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given, as they are stored; one that is to be erased is empty."""
    given = {name: options[name] for name in _FIELDS}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value in (None, ""):
            continue
        erased = value == _NONE
        match name:
            case "parent":
                fields[name] = None if erased else organisation(read_ref(value))
            case "phone":
                fields[name] = "" if erased else _phone(ref, value)
            case _:
                fields[name] = "" if erased else value.strip()
    return fields


def _phone(ref: OrganisationRef, text: str) -> str:
    try:
        return parse_voice_number(
            text,
            numbering_commune((ref.kind, ref.code)),
            fiction_allowed=settings.ENVIRONMENT.SIMULATOR,
        )
    except PhoneError as error:
        raise CommandError(f"--phone : {error}") from None


def _stored(text: str) -> Organisation:
    return stored_organisation(read_ref(text))


def _touching(text: str, day: date | None) -> list[Organisation]:
    """Return the organisations whose territory, or a site of theirs, has a part in a commune."""
    commune = make_ref(OrganisationKind.COMMUNE, text).code
    # At noon UTC it is the same day in nearly all of France.
    at = datetime.combine(day, time(12), UTC) if day else timezone.now()
    found = zones_at([commune], at, None)
    touched = {zone.organisation.pk: zone.organisation for zone in (*found.inside, *found.unknown)}
    return sorted(touched.values(), key=lambda one: one.ref)


def _today(one: Organisation) -> date:
    return timezone.now().astimezone(one.zone_info).date()


def _day(text: str) -> date:
    reasons: list[str] = []
    found = read_date("date", text.strip(), reasons)
    if found is None:
        raise argparse.ArgumentTypeError(f"« {text} » n’est pas une date : {_DATES}")
    return found


def _kinds() -> str:
    return ", ".join(f"{kind.value} ({kind.label})" for kind in OrganisationKind)


def _in_french(refusal: ValidationError) -> str:
    return "\n".join(
        f"{_COLUMNS.get(field, '')} : {message}".removeprefix(" : ")
        for field, messages in refusal.message_dict.items()
        for message in messages
    )
