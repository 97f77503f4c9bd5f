"""The alarms and the dashboard that are shipped ask for what there is, and ring when due."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "config/monitoring/alerte-maires.rules.yml"
DASHBOARD = ROOT / "config/monitoring/grafana.json"
NAME = re.compile(r"\bnotifier_[a-z_]+")
PROMTOOL = shutil.which("promtool")
with_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not here (Debian: apt install prometheus)"
)


WEBHOOK_GAUGES = {
    "notifier_webhook_events_waiting",
    "notifier_webhook_events_failing",
    "notifier_webhook_events_given_up",
    "notifier_webhook_oldest_seconds",
}


def _promtool(*args: str) -> None:
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.django_db
def test_what_alarms_and_dashboard_ask_for_exists() -> None:
    shown = {
        line.split("{")[0].split(" ")[0]
        for line in Client().get("/metrics").content.decode().splitlines()
        if not line.startswith("#")
    }
    # A source's series appears with the source, and with its webhook.
    shown |= {"notifier_reports_accepted_total", *WEBHOOK_GAUGES}
    asked = set(NAME.findall(RULES.read_text(encoding="utf-8") + " ".join(_expressions())))
    assert len(asked) > 10
    assert asked - shown == set()


def test_every_alarm_of_the_page_is_a_rule() -> None:
    page = (ROOT / "docs/deploiement.md").read_text(encoding="utf-8")
    table = page.partition("## Surveiller")[2].partition("\n## ")[0]
    rules = RULES.read_text(encoding="utf-8")
    named = set(re.findall(r"`(notifier_[a-z_]+)", table))
    assert len(named) > 5
    assert named - set(NAME.findall(rules)) == set()


@with_promtool
def test_the_rules_are_valid() -> None:
    _promtool("check", "rules", str(RULES))


@with_promtool
def test_the_dashboard_asks_in_words_that_prometheus_knows(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(_expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    _promtool("check", "rules", str(file))


CASES: list[tuple[str, dict[str, str], str]] = [
    ("AlerteMairesAbsent", {'up{job="alerte-maires"}': "0x20"}, "3m"),
    ("AlerteMairesProcessusArrete", {"notifier_workers_missing": "1x20"}, "2m"),
    ("AlerteMairesProcessusArrete", {"notifier_beat_running": "0x20"}, "2m"),
    ("AlerteMairesRienNEnvoie", {"notifier_oldest_due_seconds": "31+15x20"}, "2m"),
    ("AlerteMairesRienNePart", {"notifier_oldest_unsent_seconds": "61+15x20"}, "2m"),
    ("AlerteMairesEssaiPerdu", {"notifier_canary_lost": "1x20"}, "1m"),
    ("AlerteMairesEssaiLent", {"notifier_canary_seconds": "61x40"}, "6m"),
    (
        "AlerteMairesOperateurDeCote",
        {'notifier_sms_provider_set_aside{provider="twilio"}': "1x80"},
        "12m",
    ),
    ("AlerteMairesNonDecidee", {"notifier_oldest_undecided_seconds": "31+15x20"}, "2m"),
    (
        "AlerteMairesCommuneATrancher",
        {'notifier_interventions_waiting{state="review"}': "1x20"},
        "1m",
    ),
    ("AlerteMairesPersonneNeTranche", {"notifier_oldest_review_seconds": "301x20"}, "1m"),
    ("AlerteMairesPlafond", {"notifier_sms_caps_reached": "1x20"}, "1m"),
    ("AlerteMairesPlafondAbsolu", {"notifier_hard_caps_reached": "1x20"}, "1m"),
    ("AlerteMairesDiffusionInhabituelle", {"notifier_urgent_fan_outs": "1x20"}, "1m"),
    (
        "AlerteMairesSuspensionOubliee",
        {"notifier_pauses": "1x20", "notifier_oldest_paused_seconds": "901x20"},
        "1m",
    ),
    (
        "AlerteMairesRetoursEnRetard",
        {'notifier_webhook_oldest_seconds{source="CORG 90"}': "301+15x40"},
        "2m",
    ),
    (
        "AlerteMairesRetoursAbandonnes",
        {'notifier_webhook_events_given_up{source="CORG 90"}': "1x20"},
        "1m",
    ),
    (
        "AlerteMairesEchecs",
        {
            'notifier_messages_failed_total{channel="sms",code="30008"}': "0+5x80",
            'notifier_messages_sent_total{channel="sms"}': "0+5x80",
        },
        "15m",
    ),
    (
        "AlerteMairesLent",
        {
            'notifier_report_to_provider_seconds_bucket{channel="sms",le="5.0"}': "0+1x100",
            'notifier_report_to_provider_seconds_bucket{channel="sms",le="60.0"}': "0+10x100",
            'notifier_report_to_provider_seconds_bucket{channel="sms",le="+Inf"}': "0+10x100",
        },
        "20m",
    ),
]
# A night on which all is well: no alarm at all.
QUIET = {
    'up{job="alerte-maires"}': "1x100",
    "notifier_workers_missing": "0x100",
    "notifier_beat_running": "1x100",
    "notifier_oldest_due_seconds": "0x100",
    "notifier_oldest_unsent_seconds": "0 0 20 0x100",
    "notifier_canary_lost": "0x100",
    "notifier_canary_seconds": "4x50 70x10 3x40",
    'notifier_sms_provider_set_aside{provider="twilio"}': "0 1x20 0x80",
    "notifier_oldest_undecided_seconds": "0x100",
    'notifier_interventions_waiting{state="review"}': "0x100",
    "notifier_oldest_review_seconds": "0x100",
    "notifier_sms_caps_reached": "0x100",
    "notifier_hard_caps_reached": "0x100",
    "notifier_urgent_fan_outs": "0x100",
    "notifier_pauses": "0x100",
    "notifier_oldest_paused_seconds": "0x100",
    # One that fails twice, and is taken after half a minute.
    'notifier_webhook_events_waiting{source="CORG 90"}': "0x50 1x2 0x48",
    'notifier_webhook_events_failing{source="CORG 90"}': "0x100",
    'notifier_webhook_events_given_up{source="CORG 90"}': "0x100",
    'notifier_webhook_oldest_seconds{source="CORG 90"}': "0x50 15 30 0x48",
    'notifier_messages_failed_total{channel="sms",code="30008"}': "0x50 1x50",
    'notifier_messages_sent_total{channel="sms"}': "0+1x100",
    'notifier_report_to_provider_seconds_bucket{channel="sms",le="5.0"}': "0+1x100",
    'notifier_report_to_provider_seconds_bucket{channel="sms",le="+Inf"}': "0+1x100",
}


def _named() -> set[str]:
    return set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))


def test_every_rule_has_its_case() -> None:
    assert {name for name, _, _ in CASES} == _named()


@with_promtool
def test_each_alarm_rings_alone_when_it_should_and_none_on_a_quiet_night(tmp_path: Path) -> None:
    """What promtool would say of each rule, by its own unit tests."""
    tests: list[dict[str, Any]] = []
    for name, series, at in [*CASES, ("", {}, "20m")]:
        given = QUIET | series
        tests.append(
            {
                "interval": "15s",
                "input_series": [{"series": k, "values": v} for k, v in given.items()],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": at,
                        "exp_samples": (
                            [{"labels": f'{{alertname="{name}"}}', "value": 1}] if name else []
                        ),
                    }
                ],
            }
        )
    file = tmp_path / "rules.test.yml"
    content = {"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": tests}
    file.write_text(json.dumps(content), encoding="utf-8")
    _promtool("test", "rules", str(file))
