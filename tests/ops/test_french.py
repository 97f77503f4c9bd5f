"""What somebody reads who types a command wrong, or wants to know what there is."""

import re
import subprocess
import tomllib
from ast import literal_eval
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.core.management import get_commands

from notifier.ops.french_cli import CATALOGUES, HELP
from notifier.ops.local.stack import notifier_command
from tests.harness.commands import Commands
from tests.ops.test_up import environment

OURS = sorted(name for name, app in get_commands().items() if app.startswith("notifier."))
ENGLISH = (
    "usage:",
    "positional",
    "show this",
    "error:",
    "required",
    "invalid",
    "Error",
    "Traceback",
)


def notifier(folder: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        notifier_command(*args),
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Commands where nothing is set and no table made."""
    with Commands(environment(tmp_path_factory.mktemp("french"))) as running:
        yield running


@pytest.mark.parametrize("args", [(), ("--help",), ("help",)])
def test_every_command_of_ours_is_in_the_help(args: tuple[str, ...], commands: Commands) -> None:
    done = commands.run(*args)
    assert (done.returncode, done.stdout) == (0, HELP + "\n")
    shown = [line.split()[0] for line in HELP.splitlines() if line.startswith("  ")]
    assert sorted(shown) == sorted(OURS)
    assert max(map(len, HELP.splitlines())) <= 100


@pytest.mark.parametrize("asked", ["--version", "version"])
def test_the_version_is_that_of_the_project(asked: str, commands: Commands) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert commands.run(asked).stdout == f"Alerte Maires {project['version']}\n"


@pytest.mark.parametrize("command", OURS)
def test_the_help_of_every_command_is_french(command: str, commands: Commands) -> None:
    done = commands.run(command, "--help")
    assert done.stdout.startswith(f"usage : notifier {command}") or "usage : " in done.stdout
    assert [word for word in ENGLISH if word in done.stdout + done.stderr] == []
    assert "--settings" not in done.stdout
    assert re.search(r"\w:$", done.stdout, re.MULTILINE) is None


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("timelin", "X"), 1, "la commande « timelin » n’existe pas. Peut-être « timeline » ?"),
        (("timeline",), 2, "il manque : REFERENCE"),
        (("review", "X", "--commune"), 2, "--commune : une valeur est attendue"),
        (("source", "zut"), 2, "'zut' n’existe pas ; au choix : "),
        (("source", "add"), 2, "il manque : NOM, --departement"),
        (("doctor", "zut"), 2, "en trop : zut"),
        (("contacts", "import", "absent.csv"), 1, "notifier : rien n’est importé"),
    ],
)
def test_a_wrong_argument_is_said_in_french(
    args: tuple[str, ...], code: int, says: str, commands: Commands
) -> None:
    done = commands.run(*args)
    assert done.returncode == code
    assert says in done.stderr
    assert [word for word in ENGLISH if word in done.stderr] == []


@pytest.mark.parametrize("languages", [{"LANGUAGE": "en"}, {"LANGUAGE": "", "LC_ALL": "C"}])
def test_commands_are_french_whatever_the_terminal_speaks(
    tmp_path: Path, languages: dict[str, str]
) -> None:
    done = notifier(tmp_path, "push", PYTHONIOENCODING="utf-8", **languages)
    assert done.stderr.startswith("usage : ")
    assert "il manque : FICHIER" in done.stderr


def test_the_compiled_catalogue_is_that_of_its_source() -> None:
    (source,) = CATALOGUES.rglob("*.po")
    with source.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    entries = re.findall(r'^msgid ("..*")\nmsgstr (".*")$', source.read_text("utf-8"), re.MULTILINE)
    assert len(entries) > 10
    for sentence, french in entries:
        assert compiled.gettext(literal_eval(sentence)) == literal_eval(french)


def test_a_setting_that_is_wrong_is_named_below_the_help(tmp_path: Path) -> None:
    done = notifier(tmp_path, "--help", SECRET_KEY="court")
    assert done.stdout.startswith(HELP)
    assert "SECRET_KEY" in done.stdout.removeprefix(HELP)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nobody can make another, root included."""
    file = tmp_path_factory.mktemp("closed") / "fichier"
    file.touch()
    return file / "var"


@pytest.fixture(scope="module")
def shut_out(closed: Path) -> Iterator[Commands]:
    """Commands that can write nothing."""
    with Commands(environment(closed)) as running:
        yield running


@pytest.mark.parametrize("args", [("--help",), ("timeline", "X"), ("source", "list"), ("doctor",)])
def test_where_nothing_can_be_written_no_command_breaks_down(
    args: tuple[str, ...], closed: Path, shut_out: Commands
) -> None:
    done = shut_out.run(*args)
    assert "Traceback" not in done.stderr
    if args != ("--help",):
        assert done.returncode == 1
        assert "unable to open database file" in done.stdout + done.stderr
    if args == ("doctor",):
        assert f"le dossier DATA_DIR ({closed}) doit pouvoir s’écrire" in done.stdout
        # What needs the tables is named once, and no broken check is.
        assert (
            "! Pas vérifiés : opérateurs de SMS, courriel, horloge, sources et contacts"
            in done.stdout
        )
        assert "vérification impossible" not in done.stdout


def test_tables_that_cannot_be_written_anywhere_are_said_in_one_line(shut_out: Commands) -> None:
    done = shut_out.run("migrate")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("notifier : le dossier DATA_DIR (")


def test_a_terminal_of_another_alphabet_stops_nothing(tmp_path: Path) -> None:
    done = notifier(tmp_path, "--help", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "jusqu?" in done.stdout
    assert "Traceback" not in done.stderr
