"""Chaos in short, in every run of CI: a seeded mix of faults over forty pushes."""

from __future__ import annotations

from pytest import Config

from tests.chaos.fault import play
from tests.chaos.mixed import SHORT
from tests.chaos.stage import set_stage
from tests.harness.service import Service

EVENTS = 40
SEED = "suite"


def test_a_mix_of_faults_loses_nothing_and_doubles_nothing(
    service: Service, pytestconfig: Config
) -> None:
    service.simulator.reset()
    stage = set_stage(service, pytestconfig.getoption("database"))
    verdict, _ = play(SHORT, stage, "KXX", EVENTS, SEED)
    service.simulator.reset()
    assert verdict.events == EVENTS
    assert verdict.lost == []
    assert verdict.doubled == []
    assert verdict.unexplained == []
