"""What the doctor says of settings that work and are not fit, and of processes that do not run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from notifier.intake.access.api_keys import add_source, revoke
from notifier.intake.models import Source
from notifier.ops.doctor import fitness
from notifier.ops.doctor import infrastructure as surroundings
from notifier.ops.doctor.findings import Finding, Level
from notifier.ops.local.stack import Bind, free_port
from tests.harness.heartbeats import all_running, running
from tests.harness.https import server
from tests.harness.live import Live
from tests.harness.variables import changed

GOOD_KEY = "kJ3-vQ9zX_2mLrT7bNcW5yHsDfGqPaRuEoIiYxCvBnMtKjLhZs"


@pytest.fixture
def said(settings: Settings) -> Any:
    """What one check finds with these variables changed: (mark, what), without what is well."""

    def ask(check: Any, **variables: object) -> list[tuple[Level, str]]:
        fit = {
            "SECRET_KEY": GOOD_KEY,
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
            "DATABASE_URL": "",
            "BROKER_URL": "",
            "SIMULATOR": False,
        }
        settings.ENVIRONMENT = changed(settings.ENVIRONMENT, **(fit | variables))
        found: Iterator[Finding] = check()
        return [(one.mark, one.what) for one in found if one.mark is not Level.GOOD]

    return ask


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({}, "aucun numéro d’appelant"),
        ({"TWILIO_VOICE_FROM": "+33612345678"}, "d’un 06 ou d’un 07"),
        ({"TWILIO_VOICE_FROM": "+33353010090"}, None),
        ({"TWILIO_FROM": "+33353010090"}, None),
        ({"TWILIO_VOICE_FROM": "+33353010090", "TWILIO_ACCOUNT_SID": ""}, "aucun numéro"),
    ],
)
def test_from_which_number_people_are_called(
    said: Any, variables: dict[str, str], what: str | None
) -> None:
    found = said(fitness.check_calls, **variables)
    assert [mark for mark, _ in found] == ([Level.WARNING] if what else [])
    assert all(what in text for _, text in found if what)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", "postgresql://u:p@db.example/alertes"),
        ("DATABASE_URL", "postgresql://u:p@10.0.0.4/alertes?sslmode=disable"),
        ("DATABASE_URL", "postgresql://u:p@db.example/alertes?sslmode=prefer"),
        ("BROKER_URL", "redis://:p@broker.example:6379/0"),
    ],
)
def test_plain_text_off_this_machine_is_named(said: Any, variable: str, url: str) -> None:
    ((mark, what),) = said(fitness.check_network, **{variable: url})
    assert mark is Level.WARNING
    assert variable in what
    assert "p@" not in what


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1/alertes"),
        ("DATABASE_URL", "postgresql://u:p@localhost/alertes"),
        ("DATABASE_URL", "postgresql:///alertes"),
        ("DATABASE_URL", "postgresql://u@/alertes?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://u:p@db.example/alertes?sslmode=verify-full"),
        ("DATABASE_URL", "sqlite:////var/lib/x.sqlite3"),
        ("BROKER_URL", "rediss://:p@broker.example:6379/0"),
        ("BROKER_URL", "redis://[::1]:6379/0"),
        ("BROKER_URL", "redis+socket:///run/redis.sock"),
    ],
)
def test_what_stays_on_this_machine_or_is_encrypted_is_fit(
    said: Any, variable: str, url: str
) -> None:
    assert said(fitness.check_network, **{variable: url}) == []


@pytest.mark.parametrize("hosts", ["*", "alertes.example.fr, *"])
def test_a_host_that_may_be_any_is_named(said: Any, hosts: str) -> None:
    ((mark, what),) = said(fitness.check_network, ALLOWED_HOSTS=hosts)
    assert mark is Level.WARNING
    assert "ALLOWED_HOSTS" in what


@pytest.mark.parametrize(
    "key", ["a" * 60, "abcabc" * 10, "0123456789" * 6, "changez-moi " * 6, "secret" * 10]
)
def test_a_key_that_can_be_guessed_is_named(said: Any, key: str) -> None:
    ((mark, what),) = said(fitness.check_secrets_and_senders, SECRET_KEY=key)
    assert mark is Level.BAD
    assert "SECRET_KEY" in what
    assert key not in what


def test_an_account_of_zeros_is_named(said: Any) -> None:
    ((mark, what),) = said(fitness.check_secrets_and_senders, TWILIO_ACCOUNT_SID="AC" + "0" * 32)
    assert mark is Level.BAD
    assert "TWILIO_ACCOUNT_SID" in what


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("Mairie Info", "espace"),
        ("AB", "3 à 11"),
        ("+33639980001", "06"),
        ("+33700000000", "07"),
        ("INFO", "générique"),
        ("Alerte", "générique"),
        ("SMS", "générique"),
    ],
)
def test_a_sender_that_french_operators_refuse_is_named(said: Any, sender: str, why: str) -> None:
    ((mark, what),) = said(fitness.check_secrets_and_senders, TWILIO_FROM=sender)
    assert mark is Level.WARNING
    assert why in what


@pytest.mark.parametrize("sender", ["Gendarmerie", "ALERTE90", "Gend90", ""])
def test_a_sender_that_they_take_is_fit(said: Any, sender: str) -> None:
    assert said(fitness.check_secrets_and_senders, TWILIO_FROM=sender) == []


@pytest.mark.django_db
def test_a_source_without_anybody_to_call_back_is_named(said: Any) -> None:
    add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False)
    found = said(fitness.check_sources)
    assert [mark for mark, _ in found] == [Level.WARNING, Level.WARNING]
    assert all("CORG 90" in what for _, what in found)
    assert "téléphone" in found[0][1]
    assert "permanence" in found[1][1]
    revoke(Source.objects.get())
    assert said(fitness.check_sources) == []


def test_a_database_file_that_others_may_read_is_named(
    said: Any, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "base.sqlite3"
    file.touch(mode=0o600)
    settings.SQLITE_FILE = file
    assert said(fitness.check_files) == []
    file.chmod(0o644)
    ((mark, what),) = said(fitness.check_files)
    assert mark is Level.WARNING
    assert str(file) in what


def test_a_file_that_the_service_cannot_read_is_named(said: Any, tmp_path: Path) -> None:
    """Root reads everything: what counts is whether the folder's owner could."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    file = tmp_path / "categories.toml"
    file.touch(mode=0o600)
    if os.geteuid() != 0:
        file.chmod(0o000)
    else:
        os.chown(data, 65534, 65534)
    ((mark, what),) = said(fitness.check_files, CATEGORIES_FILE=file, DATA_DIR=data)
    assert mark is Level.BAD
    assert str(file) in what


@pytest.mark.django_db
def test_processes_that_do_not_run_are_named(said: Any) -> None:
    marks = said(fitness.check_processes)
    assert [mark for mark, _ in marks] == [Level.BAD, Level.BAD]
    assert "urgent, routine, upkeep" in marks[0][1]
    running("worker", "urgent", process="a")
    assert "routine, upkeep" in said(fitness.check_processes)[0][1]
    all_running()
    assert said(fitness.check_processes) == []


def test_whether_the_web_server_answers_is_asked_at_its_public_address(
    live: Live, said: Any
) -> None:
    assert said(surroundings.check_public_url, PUBLIC_URL=live.service.url, SIMULATOR=True) == []
    nowhere = Bind("127.0.0.1", free_port()).url
    ((mark, what),) = said(surroundings.check_public_url, PUBLIC_URL=nowhere, SIMULATOR=True)
    assert mark is Level.BAD
    assert nowhere in what


@pytest.mark.parametrize("code", [502, 504])
def test_a_web_server_that_does_not_answer_nginx_is_told_from_another_program(
    said: Any, code: int
) -> None:
    with server(code, b"Bad Gateway") as (url, _):
        ((mark, what),) = said(surroundings.check_public_url, PUBLIC_URL=url, SIMULATOR=True)
    assert mark is Level.BAD
    assert f"{code} à {url}, le service ne lui répond pas" in what


def test_another_program_at_the_public_address_is_not_taken_for_ours(live: Live, said: Any) -> None:
    """The simulator's own page answers there, and is not the service."""
    other = live.simulator.http
    ((mark, what),) = said(surroundings.check_public_url, PUBLIC_URL=other, SIMULATOR=True)
    assert mark is Level.BAD
    assert "autre chose" in what
