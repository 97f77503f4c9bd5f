"""Wrong settings are refused at start, each by its name; without its secrets nothing starts."""

import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured

from notifier.environment import PLACEHOLDER, SECRETS
from tests.conftest import outside_key
from tests.harness.commands import Commands
from tests.harness.variables import environment_of

PRODUCTION = {
    "SECRET_KEY": "x" * 50,
    "PUBLIC_URL": "https://alertes.example",
    "TWILIO_ACCOUNT_SID": "AC" + "a" * 32,
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_FROM": "Gendarmerie",
    "EMAIL_URL": "smtps://user:password@smtp.example:465",
    "EMAIL_FROM": "alertes@gendarmerie.example",
}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("DATABASE_URL", "mysql://localhost/alertes"),
        ("DATABASE_URL", "alertes.sqlite3"),
        ("BROKER_URL", "amqp://localhost"),
        ("BROKER_URL", "localhost:6379"),
        ("SECRET_KEY", "court"),
        ("SECRET_KEY_FALLBACKS", "x" * 50 + ",court"),
        ("SECRET_KEY_FALLBACKS", "x" * 50 + ","),
        ("PUBLIC_URL", "alertes.example"),
        ("PUBLIC_URL", "http://alertes.example"),
        ("PUBLIC_URL", "http://192.168.1.10:8000"),
        ("PUBLIC_URL", "http://127.0.0.1.alertes.example"),
        ("PUBLIC_URL", "ftp://alertes.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "http://[::1"),
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", "SK" + "a" * 32),
        ("TWILIO_FROM", "06 39 98 00 01"),
        ("TWILIO_FROM", "Gendarmerie nationale"),
        ("TWILIO_MESSAGING_SERVICE_SID", "MG"),
        ("TWILIO_API_URL", "http://api.example"),
        ("TWILIO_API_URL", "http://127.0.0.1:4010"),
        ("OVH_API_URL", "http://127.0.0.1:4010"),
        ("OVH_API_URL", "http://api.example"),
        ("OVH_SENDER", "la gendarmerie"),
        ("OVH_SENDER", "GN"),
        ("OVH_SENDER", "36111"),
        ("OVH_SENDER", "+33639980001"),
        ("OVH_SERVICE_NAME", "sms/../me"),
        ("SMS_PROVIDERS", "fax"),
        ("SMS_PROVIDERS", "twilio,twilio"),
        ("SMS_PROVIDERS", "twilio,"),
        ("EMAIL_URL", "smtp.example:25"),
        ("EMAIL_URL", "imap://smtp.example"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_FROM", "alertes"),
        ("EMAIL_FROM", "a@b.fr, c@d.fr"),
        ("EMAIL_FROM", "A <a@b.fr>, B <c@d.fr>"),
        ("EMAIL_FROM", "A <a@b@c.fr>"),
        ("EMAIL_FROM", "A <a b@c.fr>"),
        ("EMAIL_FROM", "é@c.fr"),
        ("EMAIL_FROM", "a@é..fr"),
        ("EMAIL_FROM", "A\nBcc: x@y.fr <a@b.fr>"),
        ("CA_FILE", "/n/existe/pas.pem"),
        ("CA_FILE", "/etc/passwd"),
        ("LOG_LEVEL", "LOUD"),
        ("SIMULATOR", "peut-être"),
        ("SIMULATOR", "1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, wrong: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        environment_of(PRODUCTION | {name: wrong})
    (line,) = str(refused.value).splitlines()[1:]
    assert line.strip().startswith(f"{name} : ")
    assert [word for word in ("must", "hould", "cannot", "nput", "Errno") if word in line] == []


def test_no_secret_is_repeated_in_a_refusal() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        environment_of(
            PRODUCTION
            | {"SECRET_KEY": "tropcourt", "EMAIL_URL": "imap://u:motdepasse@smtp.example"}
        )
    assert "tropcourt" not in str(refused.value)
    assert "motdepasse" not in str(refused.value)


# Each a secret of its own, in a value that is accepted.
HIDDEN = {name: f"caché-{number}-" + "k" * 50 for number, name in enumerate(SECRETS)} | {
    "DATABASE_URL": "postgresql://u:caché-base@127.0.0.1:1/x",
    "BROKER_URL": "redis://:caché-courtier@127.0.0.1:1/0",
    "EMAIL_URL": "smtp://u:caché-courriel@127.0.0.1:1",
    "HEARTBEAT_URL": "https://surveillance.example/caché-surveillance",
}


def _secrets_in_files(folder: Path, secrets: dict[str, str]) -> dict[str, str]:
    """The same variables with these secrets in files."""
    for name, value in secrets.items():
        (folder / name).write_text(f" {value}\n\n", encoding="utf-8")
    others = {name: value for name, value in PRODUCTION.items() if name not in secrets}
    return others | {f"{name}_FILE": f"{folder / name} " for name in secrets}


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    environment = environment_of(_secrets_in_files(tmp_path, HIDDEN))
    assert {name: getattr(environment, name).get_secret_value() for name in SECRETS} == HIDDEN
    assert environment.missing() == []


def test_an_empty_variable_beside_its_file_counts_as_not_set(tmp_path: Path) -> None:
    given = _secrets_in_files(tmp_path, HIDDEN) | dict.fromkeys(SECRETS, " ")
    environment = environment_of(given)
    assert {name: getattr(environment, name).get_secret_value() for name in SECRETS} == HIDDEN


def test_a_secret_in_a_file_is_held_to_the_same_rules(tmp_path: Path) -> None:
    wrong = {"SECRET_KEY": "tropcourt", "EMAIL_URL": "imap://u:motdepasse@smtp.example"}
    with pytest.raises(ImproperlyConfigured) as refused:
        environment_of(_secrets_in_files(tmp_path, wrong))
    assert [line.split(" : ")[0].strip() for line in str(refused.value).splitlines()[1:]] == [
        "SECRET_KEY",
        "EMAIL_URL",
    ]
    with pytest.raises(ImproperlyConfigured, match=r"ceux du modèle.* TWILIO_AUTH_TOKEN"):
        environment_of(_secrets_in_files(tmp_path, {"TWILIO_AUTH_TOKEN": "REMPLACER"}))


def test_a_file_that_does_not_give_its_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "latin").write_bytes(b"secr\xe9t")
    (tmp_path / "fit").write_text(HIDDEN["EMAIL_URL"])
    files = {"SECRET_KEY": "absent", "TWILIO_AUTH_TOKEN": "empty", "DATABASE_URL": ""}
    files |= {"BROKER_URL": "latin", "EMAIL_URL": "fit"}
    named = {f"{name}_FILE": str(tmp_path / file) for name, file in files.items()}
    rest = {name: value for name, value in PRODUCTION.items() if name not in files}
    with pytest.raises(ImproperlyConfigured) as refused:
        environment_of(rest | named | {"EMAIL_URL": PRODUCTION["EMAIL_URL"]})
    assert str(refused.value).splitlines()[1:] == [
        f"  DATABASE_URL_FILE : « {tmp_path} » est un dossier",
        f"  BROKER_URL_FILE : « {tmp_path / 'latin'} » n’est pas un texte en UTF-8",
        f"  SECRET_KEY_FILE : « {tmp_path / 'absent'} » n’existe pas",
        f"  TWILIO_AUTH_TOKEN_FILE : « {tmp_path / 'empty'} » est vide",
        "  EMAIL_URL_FILE : EMAIL_URL est donnée aussi, n’en garder qu’une des deux",
    ]


def test_only_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "address").write_text("https://ailleurs.example")
    given = PRODUCTION | {"PUBLIC_URL_FILE": str(tmp_path / "address")}
    assert PRODUCTION["PUBLIC_URL"] == environment_of(given).PUBLIC_URL


def test_no_secret_shows_where_the_settings_are_printed(tmp_path: Path) -> None:
    environment = environment_of(_secrets_in_files(tmp_path, HIDDEN))
    shown = [repr(environment), str(environment), f"{environment.model_dump()}"]
    shown += [environment.model_dump_json(), f"{environment.EMAIL_URL}"]
    assert [text for text in shown if "caché" in text] == []


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_shows_in_the_trace_of_a_refusal(name: str) -> None:
    # The second is one that Python itself refuses, quoting it.
    for wrong in (f"x://u:caché@h/{PLACEHOLDER}", "x://u:caché℀@h", "x://u:caché@h"):
        with pytest.raises(ImproperlyConfigured) as refused:
            environment_of(PRODUCTION | {name: wrong, "LOG_LEVEL": "LOUD"})
        assert "caché" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("database", ["ready", "unreachable"])
def test_no_secret_shows_in_what_the_doctor_says(
    pytestconfig: pytest.Config, tmp_path: Path, database: str
) -> None:
    hidden = {n: v for n, v in HIDDEN.items() if database == "unreachable" or n != "DATABASE_URL"}
    given = dict(pytestconfig.stash[outside_key]) | _secrets_in_files(tmp_path, hidden)
    given |= {"TWILIO_API_URL": "http://127.0.0.1:1", "PUBLIC_URL": "http://127.0.0.1:1"}
    with Commands(given | {"DATA_DIR": str(tmp_path), "SIMULATOR": "1"}) as commands:
        migrated = commands.run("migrate", "--no-input", "--verbosity", "0")
        done = commands.run("doctor")
    assert (migrated.returncode == 0) == (database == "ready")
    assert ("Courriel : " in done.stdout) == (database == "ready")
    assert "Twilio : injoignable" in done.stdout
    assert "caché" not in done.stdout + done.stderr + migrated.stderr


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        environment_of(PRODUCTION | {"SECRET_KEY": "x", "LOG_LEVEL": "x", "BROKER_URL": "x"})
    assert len(str(refused.value).splitlines()) == 4


def test_a_complete_production_environment() -> None:
    environment = environment_of(PRODUCTION)
    assert environment.missing() == []
    assert environment.SIMULATOR is False
    assert environment.TWILIO_API_URL == ""


def test_an_empty_variable_counts_as_not_set() -> None:
    assert environment_of({"PUBLIC_URL": "", "LOG_LEVEL": " "}).LOG_LEVEL == "INFO"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
def test_a_loopback_address_may_be_http(url: str) -> None:
    assert url == environment_of({"PUBLIC_URL": url}).PUBLIC_URL


@pytest.mark.parametrize("name", PRODUCTION)
def test_what_nothing_can_be_sent_without(name: str) -> None:
    missing = environment_of({n: v for n, v in PRODUCTION.items() if n != name}).missing()
    assert any(name in said for said in missing)


def test_a_messaging_service_stands_for_a_sender() -> None:
    chosen = PRODUCTION | {"TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG" + "a" * 32}
    assert environment_of(chosen).missing() == []


@pytest.mark.parametrize("name", ["PUBLIC_URL", "TWILIO_API_URL", "OVH_API_URL", "EMAIL_URL"])
def test_the_simulator_only_where_everything_is_on_loopback(name: str) -> None:
    home = {
        "SIMULATOR": "1",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "TWILIO_API_URL": "http://127.0.0.1:4010",
        "EMAIL_URL": "smtp://127.0.0.1:2525",
    }
    assert environment_of(home).SIMULATOR
    abroad = "smtp://smtp.example:25" if name == "EMAIL_URL" else "https://ailleurs.example"
    with pytest.raises(ImproperlyConfigured, match="SIMULATOR"):
        environment_of(home | {name: abroad})


OVH = {
    "OVH_APPLICATION_KEY": "key",
    "OVH_APPLICATION_SECRET": "secret",
    "OVH_CONSUMER_KEY": "consumer",
    "OVH_SERVICE_NAME": "sms-ab12345-1",
    "OVH_SENDER": "Gendarmerie",
}


@pytest.mark.parametrize("name", OVH)
def test_a_provider_of_the_order_needs_all_of_its_own(name: str) -> None:
    given = PRODUCTION | OVH | {"SMS_PROVIDERS": "twilio, ovh"}
    environment = environment_of(given)
    assert environment.missing() == []
    assert environment.sms_providers == environment.configured_sms_providers == ["twilio", "ovh"]
    without = environment_of({key: value for key, value in given.items() if key != name})
    assert without.missing() == [name]
    assert without.configured_sms_providers == ["twilio"]


def test_without_twilio_in_the_order_nothing_of_twilio_is_needed() -> None:
    given = {key: value for key, value in PRODUCTION.items() if "TWILIO" not in key}
    assert environment_of(given | OVH | {"SMS_PROVIDERS": "ovh"}).missing() == []


def test_the_simulator_never_stands_in_for_the_provider_in_silence() -> None:
    assert "TWILIO_API_URL" in environment_of({"SIMULATOR": "1"}).missing()


@pytest.mark.parametrize("program", ["web", "worker", "beat", "check"])
def test_no_program_starts_with_a_wrong_value(
    program: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    wrong = {"DATA_DIR": str(tmp_path), "BROKER_URL": "amqp://localhost"}
    done = subprocess.run(
        [sys.executable, "-m", "notifier", program],
        env=dict(pytestconfig.stash[outside_key]) | PRODUCTION | wrong,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "BROKER_URL : doit commencer par redis://" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module", params=["there", "to be made"])
def asking(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Commands, Path]]:
    """Commands, and the folder in which they run; their DATA_DIR is it, or would be within it."""
    folder = tmp_path_factory.mktemp("asking")
    environment = dict(pytestconfig.stash[outside_key]) | {"SIMULATOR": "1"}
    if request.param == "there":
        environment["DATA_DIR"] = "."
    with Commands(environment, folder) as commands:
        yield commands, folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["doctor"], ["timeline", "X"], ["check"]]
)
def test_who_only_asks_leaves_nothing_behind(
    args: list[str], asking: tuple[Commands, Path]
) -> None:
    commands, folder = asking
    commands.run(*args)
    assert list(folder.iterdir()) == []


def test_nobody_else_reads_what_migrate_makes_and_a_wrong_text_does_not_hold_it_up(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    _migrate(pytestconfig, tmp_path / "var", TEMPLATES_DIR=str(tmp_path))
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var/alertes.sqlite3").stat().st_mode & 0o777 == 0o600


def test_nobody_else_reads_a_database_that_is_named_whoever_made_its_folder(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "base d’essai 100 %.sqlite3"
    _migrate(pytestconfig, tmp_path / "var", DATABASE_URL=f"sqlite:///{quote(str(file))}")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_only_asks_makes_no_database_that_is_named(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    outside = dict(pytestconfig.stash[outside_key])
    environment = outside | {"DATABASE_URL": f"sqlite:///{tmp_path / 'base.sqlite3'}"}
    with Commands(environment) as commands:
        commands.run("timeline", "X")
    assert list(tmp_path.iterdir()) == []


def _migrate(pytestconfig: pytest.Config, data_dir: Path, **more: str) -> None:
    outside = dict(pytestconfig.stash[outside_key])
    migrate = [sys.executable, "-m", "notifier", "migrate", "--no-input", "--verbosity", "0"]
    environment = outside | {"DATA_DIR": str(data_dir), "SIMULATOR": "1"} | more
    subprocess.run([*migrate, "journal"], env=environment, check=True, timeout=60)
