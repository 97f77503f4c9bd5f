"""Lists shaped as the State publishes them, of invented people: nothing of them is real."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

from notifier.territory.resolve import Commune, all_communes

MAYORS_HEADER = (
    "Code du département;Libellé du département;Code de la collectivité à statut particulier;"
    "Libellé de la collectivité à statut particulier;Code de la commune;Libellé de la commune;"
    "Nom de l'élu;Prénom de l'élu;Code sexe;Date de naissance;"
    "Code de la catégorie socio-professionnelle;Libellé de la catégorie socio-professionnelle;"
    "Date de début du mandat;Date de début de la fonction"
)
COUNCILLORS_HEADER = MAYORS_HEADER.replace(
    "Date de début de la fonction", "Libellé de la fonction;Date de début de la fonction"
)
EPCI_HEADER = (
    "Code du département;Libellé du département;N° SIREN;Libellé de l'EPCI;"
    "Code de la commune de rattachement;Libellé de la commune de rattachement;Nom de l'élu;"
    "Prénom de l'élu;Code sexe;Date de naissance;Code de la catégorie socio-professionnelle;"
    "Libellé de la catégorie socio-professionnelle;Date de début du mandat;Libellé de la fonction;"
    "Date de début de la fonction"
)
_TREES = ("ALISIER", "BOULEAU", "CHARME", "ÉRABLE", "FRÊNE", "HÊTRE", "MÉLÈZE", "NOYER", "SORBIER")
_PREFIXES = ("", "LE ", "DU ", "DE LA ", "SAINT-", "D'")
_FIRST_NAMES = ("Anne", "Bérénice", "Camille", "Jean-pierre", "Hélène", "Luc", "Noël", "Zoé")


def mayor(commune: Commune, last: str, first: str, since: date, sex: str = "F") -> str:
    """Return a row of the mayors' file; the birth date and the profession are there to be lost."""
    return (
        f"{commune.departement};;;;{commune.code};{commune.name};{last};{first};{sex};1901-02-03;"
        f"21;Artisan inventé;{since - timedelta(days=6)};{since}"
    )


def mayors(count: int, seed: int, since: date = date(2020, 5, 26)) -> list[str]:
    """Return rows for the first communes of France, in the order of their codes."""
    chance = random.Random(seed)  # noqa: S311 - invented names, no secret
    rows = []
    for commune in list(all_communes())[:count]:
        last = chance.choice(_PREFIXES) + chance.choice(_TREES)
        rows.append(mayor(commune, last, chance.choice(_FIRST_NAMES), since, chance.choice("MF")))
    return rows


def write(path: Path, header: str, rows: Iterable[str], encoding: str = "utf-8") -> Path:
    """Write a file with its header."""
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def cells(rows: Sequence[str]) -> list[list[str]]:
    """Return the rows as a spreadsheet has them."""
    return [row.split(";") for row in rows]


def ods(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a sheet in the format of LibreOffice, in its barest form."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(
        f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows
    )
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{oasis}:{name}:1.0"' for name in ("office", "table", "text"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="F">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return content.getvalue()
