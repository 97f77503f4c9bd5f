"""The committed file: its counts, its look-ups, time zones, regions, threads and forks."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from notifier.territory.reference import communes as reference
from notifier.territory.reference import database
from notifier.territory.resolve import all_communes, commune_by_code, communes_in, departement_of


def test_it_holds_the_cog_2026_and_says_where_it_comes_from() -> None:
    assert sum(1 for _ in all_communes()) == 34_875 + 94
    assert reference.metadata()["vintage"] == "COG 2026"
    assert "@etalab/decoupage-administratif" in reference.metadata()["origin"]
    assert "Licence Ouverte" in (database.PACKAGED_FILE.parent / "LICENCE.md").read_text(
        encoding="utf-8"
    )
    assert database.PACKAGED_FILE.stat().st_size < 10_000_000


def test_territoire_de_belfort_is_whole_and_in_order() -> None:
    codes = [one.code for one in communes_in("90")]
    assert codes == sorted(codes)
    assert {"90010", "90033"} <= set(codes)
    assert all(code.startswith("90") for code in codes)


@pytest.mark.parametrize(
    ("code", "departement"),
    [
        ("90033", "90"),
        ("2A004", "2A"),
        ("2b033", "2B"),
        ("97105", "971"),
        ("97701", "977"),
        ("1033", "01"),
        ("01033", "01"),
        ("02285", "59"),  # Escaufourt, associated to Saint-Souplet, in the Nord
        ("44060", "49"),  # Le Fresne-sur-Loire, merged across the border of the département
        ("20004", "2A"),  # Ajaccio before 1976
        ("20999", "2B"),
        ("75012", "75"),  # Boulogne-Billancourt until 1968, the east of Paris in any address
        ("90999", "90"),
        ("Delle", ""),
        ("", ""),
    ],
)
def test_departement_of_a_code(code: str, departement: str) -> None:
    assert departement_of(code) == departement


def test_commune_knows_current_codes_only() -> None:
    delle = commune_by_code("90033")
    assert delle is not None
    assert (delle.name, delle.departement, delle.label) == ("Delle", "90", "Delle (90033)")
    assert commune_by_code("75112") is None
    assert commune_by_code("38302") is None
    assert commune_by_code("90999") is None


@pytest.mark.parametrize(
    ("code", "zone", "region"),
    [
        ("90033", "Europe/Paris", "FR"),
        ("2A004", "Europe/Paris", "FR"),
        ("97105", "America/Guadeloupe", "GP"),
        ("97209", "America/Martinique", "MQ"),
        ("97302", "America/Cayenne", "GF"),
        ("97411", "Indian/Reunion", "RE"),
        ("97502", "America/Miquelon", "PM"),
        ("97608", "Indian/Mayotte", "YT"),
        ("97701", "America/St_Barthelemy", "BL"),
        ("97801", "America/Marigot", "MF"),
        ("98412", "Indian/Kerguelen", "RE"),
        ("98613", "Pacific/Wallis", "WF"),
        ("98735", "Pacific/Tahiti", "PF"),
        ("98731", "Pacific/Marquesas", "PF"),
        ("98719", "Pacific/Gambier", "PF"),
        ("98818", "Pacific/Noumea", "NC"),
    ],
)
def test_overseas_time_and_telephone(code: str, zone: str, region: str) -> None:
    found = commune_by_code(code)
    assert found is not None
    assert (found.time_zone, found.phone_region) == (zone, region)


def test_every_zone_and_region_exists() -> None:
    communes = list(all_communes())
    for zone in {one.time_zone for one in communes}:
        ZoneInfo(zone)
    assert {one.phone_region for one in communes} <= phonenumbers.SUPPORTED_REGIONS


def test_many_threads_ask_at_once() -> None:
    departements = ["90", "2A", "971", "59"] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(communes_in, departements))
    assert answers == [communes_in(departement) for departement in departements]


def test_a_forked_worker_asks_on_its_own_connection() -> None:
    before = communes_in("90")
    child = os.fork()
    if child == 0:
        os._exit(0 if communes_in("90") == before else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert communes_in("90") == before


def test_nothing_is_opened_at_import() -> None:
    program = (
        "import sqlite3\n"
        "def refuse(*a, **k): raise SystemExit('opened at import')\n"
        "sqlite3.connect = refuse\n"
        "import notifier.territory.resolve\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_file_is_opened_without_the_right_to_write() -> None:
    before = database.PACKAGED_FILE.stat()
    commune_by_code("90033")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.connection().execute("DELETE FROM commune")
    after = database.PACKAGED_FILE.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
