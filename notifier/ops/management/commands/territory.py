"""`notifier territory`: which communes and contours serve, and contours of the operator's own."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifier.territory.build.operator_file import renew
from notifier.territory.build.sources import BadSourceError
from notifier.territory.reference.communes import counts, vintage
from notifier.territory.reference.database import PACKAGED, own_file, serving, unfit

KINDS = {
    "actuelle": "communes",
    "deleguee": "communes déléguées",
    "associee": "communes associées",
    "arrondissement": "arrondissements municipaux",
    "contours": "communes avec contours",
}


class Command(BaseCommand):
    """Prints what serves, or renews the contours in DATA_DIR."""

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
        said = vintage()
        self.stdout.write(f"millésime : {said['vintage']}")
        self.stdout.write(f"communes : {said['origin']}")
        self.stdout.write(f"contours : {said['contours']}")
        self.stdout.write(f"licence : {said['licence']}")
        self.stdout.write(f"fichier : {serving()}")
        for kind, count in counts().items():
            self.stdout.write(f"{KINDS[kind]} : {count}")
        own = own_file()
        if own and own.exists() and serving() == PACKAGED:
            self.stdout.write(
                f"{own} est laissé de côté ({unfit(own)}) : relancer "
                "« notifier territory build » avec des contours de cette année."
            )

    def _build(self, polygons: Path) -> None:
        file = own_file()
        if file is None:
            raise CommandError("DATA_DIR n’est pas réglé.")
        try:
            found = renew(polygons, file)
        except (BadSourceError, OSError) as error:
            raise CommandError(
                f"{error}\nRien n’a changé : les contours précédents servent toujours."
            ) from error
        for line in found.lines():
            self.stdout.write(line)
        self.stdout.write(f"Écrit : {file}. Redémarrer le service pour qu’il s’en serve.")
