"""The alerting tests: a small set of categories, a dispatch centre, and an honest flush."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.harness.variables import changed

# pytest reads this file before Django is set up when the folder is named on its command line.
if TYPE_CHECKING:
    from notifier.intake.models import Source
    from notifier.simulator.client import Simulator

FAMILY = """
[families.{code}]
label = "{label}"
disclosure = "{disclosure}"
lane = "{lane}"
channels = [{channels}]
lifetime_minutes = 180
place = {place}
tell = ["maire", "astreinte", "police_municipale"]
legal_basis = "article L132-3 du code de la sécurité intérieure"
"""
FAMILIES = [
    # code, label, disclosure, lane, channels, place, further keys
    ("C01", "accidents", "notify", "urgent", '"sms", "email"', "true", ""),
    ("C02", "atteintes aux personnes", "withhold", "urgent", '"sms", "email"', "false", ""),
    ("C03", "atteintes aux biens", "notify", "routine", '"email"', "false", ""),
    ("C04", "incendies", "notify", "urgent", '"sms"', "true", 'edge = "all"\n'),
    ("C07", "ordre public", "threshold", "urgent", '"sms"', "true", 'threshold = "severe"\n'),
    ("C10", "disparitions", "notify", "urgent", '"sms"', "false", "neighbours = true\n"),
]
CATEGORIES = """
[categories]
"C01.01.01" = { label = "accident de la route" }
"C02.01.01" = { label = "agression sexuelle" }
"C03.01.01" = { label = "vol" }
"C04.01.01" = { label = "feu de forêt" }
"C07.01.01" = { label = "attroupement" }
"C10.01.05" = { label = "recherche d’une personne disparue" }
"""


def written(families: list[tuple[str, ...]], entries: str = CATEGORIES) -> str:
    """A categories file as an operator would write it."""
    names = ("code", "label", "disclosure", "lane", "channels", "place")
    sections = [
        FAMILY.format(**dict(zip(names, family, strict=False))) + family[6] for family in families
    ]
    return "".join(sections) + entries


@pytest.fixture
def operator(settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Puts a categories file in force, as a restart with another file would.

    The same words are the same file for all tests: a process reads each file once.
    """

    def put(text: str) -> None:
        folder = tmp_path_factory.getbasetemp() / sha256(text.encode()).hexdigest()
        path = folder / "categories.toml"
        if not path.exists():
            folder.mkdir()
            path.write_text(text, encoding="utf-8")
        settings.ENVIRONMENT = changed(settings.ENVIRONMENT, CATEGORIES_FILE=path)

    return put


@pytest.fixture
def rules(operator: Callable[[str], None]) -> None:
    """The categories of these tests in force."""
    operator(written(FAMILIES))


@pytest.fixture
def asking_rules(operator: Callable[[str], None]) -> None:
    """Those where a fire asks for one answer, and a search for each's."""
    asked = {"C04": 'edge = "all"\nanswer = "one"\n', "C10": 'answer = "each"\n'}
    operator(written([(*family[:6], asked.get(family[0], family[6])) for family in FAMILIES]))


@pytest.fixture
def asking(asking_rules, db) -> Source:
    """That dispatch centre where a fire asks for an answer."""
    from tests.alerting.house import dispatch_centre

    return dispatch_centre()


@pytest.fixture
def calling(settings) -> None:
    """The service has a number to call from."""
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="+33353010090")


@pytest.fixture
def source(rules, db) -> Source:
    """A dispatch centre of the Territoire de Belfort, with a duty address."""
    from tests.alerting.house import dispatch_centre

    return dispatch_centre()


@pytest.fixture
def border(source) -> Source:
    """That centre, and the mayors on both sides of a border: Delle and Joncherey, nobody else."""
    from tests.alerting.house import mayors

    mayors("90033", "90056")
    return source


@pytest.fixture
def two_communes(source) -> None:
    """The mayors of Delle and Giromagny."""
    from tests.alerting.house import mayors

    mayors("90033", "90052")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One process for all tests that send: each start takes 0.4 s of processor."""
    from django.conf import settings

    from notifier.simulator.client import Simulator

    env = settings.ENVIRONMENT
    token = env.TWILIO_AUTH_TOKEN.get_secret_value()
    with Simulator.start(env.TWILIO_ACCOUNT_SID, token) as running:
        yield running


@pytest.fixture
def provider(settings, simulator: Simulator) -> Iterator[Simulator]:
    """A simulator that this process sends to, empty and without faults."""
    from notifier.delivery.providers.registry import provider_named

    simulator.reset()
    addresses = {"TWILIO_API_URL": simulator.http, "EMAIL_URL": simulator.smtp}
    before = settings.ENVIRONMENT
    settings.ENVIRONMENT = changed(before, **addresses)
    provider_named.cache_clear()
    yield simulator
    # First the settings: a thread that still records must not keep this provider for other tests.
    settings.ENVIRONMENT = before
    provider_named.cache_clear()
