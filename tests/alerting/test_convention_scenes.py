"""The demonstration's scenes of conventions, decided as the API's dry run decides them.

People, territories and agreements are the samples, read and stored as an operator has them read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from notifier.alerting.policy.current import categories
from notifier.alerting.service import try_out
from notifier.delivery.address import mask
from notifier.intake.models import Source
from notifier.intake.schema.report import NewReport
from notifier.ops.demo.conventions import SCENES, STORY
from notifier.ops.demo.inboxes import AddressBook
from notifier.ops.demo.scenario import Command, Scene
from notifier.settings import packaged

pytestmark = pytest.mark.django_db
CONFIG = packaged("config")
BOOK = AddressBook([CONFIG / file for file in STORY.contacts])


def notifier(command: Command) -> None:
    call_command(*(str(CONFIG / p) if isinstance(p, Path) else p for p in command), verbosity=0)


@pytest.fixture
def source(settings, db) -> Source:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})
    categories.cache_clear()
    for file in STORY.contacts:
        notifier(("contacts", "import", file))
    for command in STORY.setup:
        notifier(command)
    return Source.objects.create(
        name=STORY.source, departements=list(STORY.departements), duty_phone="+33353010090"
    )


def tried(source: Source, scene: Scene) -> dict[str, Any]:
    report = {
        "reference": scene.reference,
        "occurred_at": timezone.now().isoformat(),
        **(scene.body or {}),
    }
    return try_out(source, NewReport.model_validate(report))


def told(tellings: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter(
        (message["channel"], message["address"])
        for telling in tellings
        for message in telling["messages"]
    )


def expected(scene: Scene) -> Counter[tuple[str, str]]:
    return Counter((one.channel, mask(one.address)) for one in BOOK.expected(scene))


def of_quarter(telling: dict[str, Any]) -> bool:
    return telling.get("organisation", {}).get("kind") == "quartier"


def test_each_scene_tells_those_whom_the_agreements_name_once_each(source: Source) -> None:
    waiting = dict[str, list[dict[str, Any]]]()
    for scene in SCENES:
        if scene.command:
            notifier(scene.command)
        if scene.body is None:
            assert told(waiting[scene.reference]) == expected(scene), scene.title
            continue
        tellings = tried(source, scene)["tellings"]
        waiting[scene.reference] = [one for one in tellings if of_quarter(one)]
        at_once = [one for one in tellings if not of_quarter(one)]
        assert told(at_once) == expected(scene), scene.title


def test_the_landlord_reads_his_residence_and_the_mayor_does_not(source: Source) -> None:
    (scene,) = (one for one in SCENES if "résidence du bailleur" in one.title)
    texts = {
        telling.get("organisation", telling["commune"])["code"]: telling["sms"]
        for telling in tried(source, scene)["tellings"]
    }
    assert "Résidence des Acacias" in texts["habitat-exemple"]
    assert "Acacias" not in texts["90033"]


def test_in_a_commune_outside_the_territory_the_same_tells_the_mayor_alone(source: Source) -> None:
    """Issoire is of the Puy-de-Dôme, not of the métropole, and has nobody in the samples."""
    scene = replace(SCENES[0], body={**(SCENES[0].body or {}), "location": {"insee": "63178"}})
    (telling,) = tried(source, scene)["tellings"]
    assert telling["commune"]["code"] == "63178"
    assert "organisation" not in telling
