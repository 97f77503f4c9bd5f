"""The command `notifier territory`: the communes and contours in use, and an operator's own."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifier.territory.build.operator_file import build_operator_file
from notifier.territory.build.sources import BadSourceError
from notifier.territory.reference.communes import count_by_kind, metadata
from notifier.territory.reference.database import (
    PACKAGED_FILE,
    active_file,
    incompatibility,
    operator_file,
)
from notifier.territory.zones.epci import SOURCE as EPCI_SOURCE
from notifier.territory.zones.epci import all_epci

KINDS = {
    "actuelle": "communes",
    "deleguee": "communes déléguées",
    "associee": "communes associées",
    "arrondissement": "arrondissements municipaux",
    "contours": "communes avec contours",
}


class Command(BaseCommand):
    """Print what is in use, or rebuild the contours in DATA_DIR."""

    help = "Les communes et leurs contours : info, ou build --contours FICHIER."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("info", help="millésime, origine et nombre de communes")
        build = actions.add_parser("build", help="remplacer les contours par d’autres, plus fins")
        build.add_argument(
            "--contours",
            type=Path,
            required=True,
            metavar="FICHIER",
            help="ADMIN EXPRESS COG, édition France entière WGS84G, format GeoPackage (.gpkg), ou "
            "communes-5m.geojson(.gz) d’Etalab",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["action"] == "info":
            self._info()
        else:
            self._build(options["contours"])

    def _info(self) -> None:
        said = metadata()
        self.stdout.write(f"millésime : {said['vintage']}")
        self.stdout.write(f"communes : {said['origin']}")
        self.stdout.write(f"contours : {said['contours']}")
        self.stdout.write(f"licence : {said['licence']}")
        self.stdout.write(f"fichier : {active_file()}")
        for kind, count in count_by_kind().items():
            self.stdout.write(f"{KINDS[kind]} : {count}")
        self.stdout.write(f"EPCI : {len(all_epci())} ({EPCI_SOURCE})")
        own = operator_file()
        if own and own.exists() and active_file() == PACKAGED_FILE:
            self.stdout.write(
                f"{own} est laissé de côté ({incompatibility(own)}) : relancer "
                "« notifier territory build » avec des contours de cette année."
            )

    def _build(self, polygons: Path) -> None:
        file = operator_file()
        if file is None:
            raise CommandError("DATA_DIR n’est pas réglé.")
        try:
            found = build_operator_file(polygons, file)
        except (BadSourceError, OSError) as error:
            raise CommandError(
                f"{error}\nRien n’a changé : les contours précédents servent toujours."
            ) from error
        for line in found.lines():
            self.stdout.write(line)
        self.stdout.write(f"Écrit : {file}. Redémarrer le service pour qu’il s’en serve.")
