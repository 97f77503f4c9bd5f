"""What README and docs say is what there is: variables, commands, links, fields, files to copy."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import certifi
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from notifier.alerting.content.facts import Facts, mail_context, sms_context
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.content.template_names import TRIALS
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.current import categories, composer
from notifier.api.reports import REFUSALS
from notifier.delivery import intervals as schedule
from notifier.delivery.models import MessageState
from notifier.directory.imports.formats.contacts import COLUMNS
from notifier.environment import PLACEHOLDER, Environment
from notifier.intake.schema.report import NewReport, Place
from tests.harness.variables import environment_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = ROOT / "config" / "notifier.env.example"
DEPLOYMENT = ROOT / "config" / "deployment"

# Words in capitals or numbers in a variable's description that its French row says otherwise.
_OTHER_WORDS = {"URL", "SQL", "SMTP"}


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# --- the variables -------------------------------------------------------------------------------


def rows_of_variables() -> dict[str, tuple[str, str]]:
    """The table of docs/configuration.md: default and meaning by name, in its order."""
    page = text(ROOT / "docs/configuration.md")
    rows = re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\| (.+) \|$", page, re.MULTILINE)
    return {name: (default.strip().strip("`"), meaning) for name, default, meaning in rows}


def default_of(name: str) -> str:
    default = Environment.model_fields[name].default
    if isinstance(default, bool):
        return str(int(default))
    return "" if default is None else str(default)


def test_every_variable_stands_in_the_table_in_the_code_s_order() -> None:
    assert list(rows_of_variables()) == list(Environment.model_fields)


@pytest.mark.parametrize("name", Environment.model_fields)
def test_a_variable_s_row_says_its_default_and_what_the_code_says_of_it(name: str) -> None:
    default, meaning = rows_of_variables()[name]
    assert default == default_of(name)
    described = Environment.model_fields[name].description or ""
    # The languages differ; addresses, other variables and numbers do not.
    facts = set(re.findall(r"[a-z+]+://", described)) | set(re.findall(r"\b\d{2,}\b", described))
    facts |= set(re.findall(r"\b[A-Z]{3,}(?:_[A-Z]+)*\b", described)) - _OTHER_WORDS
    assert {fact for fact in facts if fact not in meaning} == set()


def test_what_the_table_calls_obligatory_is_what_a_start_misses() -> None:
    obligatory = [
        name for name, (_, meaning) in rows_of_variables().items() if "Obligatoire" in meaning
    ]
    missing = environment_of({}).missing()
    assert obligatory == [
        name
        for name in Environment.model_fields
        if any(re.match(rf"{name}\b", entry) for entry in missing)
    ]


# --- the example environment ---------------------------------------------------------------------


def settings_of_example() -> dict[str, str]:
    lines = [line for line in text(EXAMPLE).splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def filled_in() -> dict[str, str]:
    """The example once an operator has put values where it says so."""
    return {
        name: value.replace(PLACEHOLDER, "valeur") for name, value in settings_of_example().items()
    }


def test_the_example_environment_filled_in_is_accepted_and_complete() -> None:
    assert environment_of(filled_in()).missing() == []


def test_the_example_environment_as_it_is_is_refused_by_name() -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"ceux du modèle.* SECRET_KEY, .*TWILIO_AUTH_TOKEN, EMAIL_URL"
    ):
        environment_of(settings_of_example())


def test_the_example_environment_names_every_variable_but_the_simulator() -> None:
    named = re.findall(r"^#?([A-Z_]+)=", text(EXAMPLE), re.MULTILINE)
    assert sorted(named) == sorted(set(Environment.model_fields) - {"SIMULATOR"})


def test_what_is_commented_out_in_the_example_is_accepted_too() -> None:
    optional = dict(re.findall(r"^#([A-Z_]+)=(.+)$", text(EXAMPLE), re.MULTILINE))
    # A file of authorities is read at once, unlike the other files: any that exists here will do.
    optional["CA_FILE"] = certifi.where()
    assert environment_of(filled_in() | optional).missing() == []


def test_a_shell_reads_the_example_as_systemd_does() -> None:
    """systemd expands nothing: a value in which a shell sees something to expand would differ."""
    names = " ".join(settings_of_example())
    script = (
        f'set -a; . "$0"; set +a; for name in {names}; do eval "echo \\"$name=\\$$name\\""; done'
    )
    done = subprocess.run(
        ["sh", "-c", script, str(EXAMPLE)], capture_output=True, text=True, check=True, env={}
    )
    assert dict(line.split("=", 1) for line in done.stdout.splitlines()) == settings_of_example()


# --- the links -----------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual viewers of Markdown make them."""
    prose = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        kept = [
            sign
            for sign in heading.lower()
            if sign in " -_" or unicodedata.category(sign)[0] in "LN"
        ]
        found.add("".join(kept).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)]+)\)", text(page)):
        if link.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_and_folder_that_a_page_names_is_there(page: Path) -> None:
    """The map is held to the house: whoever moves a file moves its name in the pages too."""
    named = re.findall(r"`((?:notifier|tests|templates|config)/[\w./-]+)`", text(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").iterdir()), ids=lambda p: p.name)
def test_a_picture_is_shown_somewhere_and_small(picture: Path) -> None:
    assert any(f"images/{picture.name})" in text(page) for page in PAGES)
    assert picture.stat().st_size < 200_000


# --- the commands --------------------------------------------------------------------------------


def commands_in_blocks(page: Path) -> Iterator[list[str]]:
    """Each `notifier …` of the page's shell blocks, as words, up to a pipe and the like."""
    for block in re.findall(r"^```sh\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL):
        yield from commands_in(block.replace("\\\n", " "))


def commands_in(script: str) -> Iterator[list[str]]:
    for line in script.splitlines():
        said = line.partition("# ")[0]
        for match in re.finditer(r"(?:(?:^|[\s(/])notifier|^alerte-maires) (?=[a-z])", said):
            lexer = shlex.shlex(line[match.end() :], posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            lexer.commenters = "#"
            words: list[str] = []
            for word in lexer:
                if word[0] in "|;&<>()":
                    break
                words.append(word)
            yield words


def parser_of(command: str) -> argparse.ArgumentParser:
    known = get_commands()
    assert command in known, f"notifier {command}: no such command"
    app = known[command]
    loaded: Any = app if isinstance(app, BaseCommand) else load_command_class(app, command)
    parser: argparse.ArgumentParser = loaded.create_parser("notifier", command)
    return parser


def faults(commands: Iterator[list[str]]) -> list[str]:
    found = []
    for words in commands:
        try:
            parser_of(words[0]).parse_args(words[1:])
        except CommandError as error:
            found.append(f"notifier {shlex.join(words)}: {error}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_a_shell_block_exists_with_its_options(page: Path) -> None:
    assert faults(commands_in_blocks(page)) == []


def test_the_readme_shows_the_commands_of_the_first_hour() -> None:
    shown = {words[0] for words in commands_in_blocks(ROOT / "README.md")}
    assert shown >= {"up", "contacts", "source", "timeline", "migrate", "doctor"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_in_prose_exists_with_its_options(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    for named in re.findall(r"`(?:notifier|alerte-maires) ([a-z][^`]*)`", prose):
        words = shlex.split(named)
        usage = usage_of(words)
        for option in [word for word in words if word.startswith("--")]:
            assert option in usage, f"notifier {named}: no such option"


def usage_of(words: list[str]) -> str:
    """The help of the command, or of its action where the words name one."""
    parser = parser_of(words[0])
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and len(words) > 1:
            assert words[1] in action.choices, f"notifier {words[0]}: no {words[1]}"
            return str(action.choices[words[1]].format_help())
    return parser.format_help()


def test_a_wrong_option_or_command_would_be_found() -> None:
    assert faults(commands_in("notifier source add X --departement 90 --nowhere\n")) != []
    assert faults(commands_in("CLE=$(notifier source add X --departement 90 | tail -1)\n")) == []
    with pytest.raises(AssertionError, match="no such command"):
        faults(commands_in("sudo -u x /opt/notifier nosuch"))


def production_blocks() -> list[str]:
    readme = text(ROOT / "README.md").partition("## En production")[2].partition("\n## ")[0]
    pages = [readme, text(ROOT / "docs/deploiement.md")]
    return [
        block
        for page in pages
        for block in re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ]


def test_in_production_every_command_has_the_settings_and_the_account_of_the_service() -> None:
    blocks = production_blocks()
    assert [block for block in blocks if re.search(r"^\s*notifier ", block, re.MULTILINE)] == []
    assert sum("alerte-maires " in block for block in blocks) > 4


def test_in_production_nothing_goes_on_after_an_error() -> None:
    """Pasted, each line of a block runs whatever became of the one before, but in a subshell."""
    for block in production_blocks():
        stops = re.search(r"systemctl stop.*", block)
        if stops:
            assert block.startswith("( set -e")
            # The target alone would be stopped before its services are.
            assert {"alerte-maires-web", "alerte-maires-worker", "alerte-maires-beat"} <= set(
                stops[0].split()
            )


def test_the_production_command_reads_the_settings_and_hands_everything_on(tmp_path: Path) -> None:
    """The very script, with the folders of this test; as the service's own account."""
    account = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/notifier"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$SECRET_KEY" "$HOME" "$#" "$@"\nexit 3\n')
    program.chmod(0o755)
    script = (
        text(DEPLOYMENT / "alerte-maires")
        .replace("/etc/alerte-maires", str(tmp_path))
        .replace("/opt/alerte-maires/.venv", str(tmp_path))
        .replace("= alerte-maires ]", f"= {account.stdout.strip()} ]")
    )
    command = ["sh", "-c", script, "alerte-maires", "timeline", "deux mots", "$HOME"]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "lancer en root" in refused.stderr
    (tmp_path / "notifier.env").write_text("SECRET_KEY=la-clé\n", encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        "la-clé", "/var/lib/alerte-maires", "3", "timeline", "deux mots", "$HOME",
    ]  # fmt: skip


@pytest.mark.parametrize("known", [{}, {"SUDO_USER": "merisier"}])
def test_the_production_command_says_for_the_journal_who_is_at_the_keyboard(
    tmp_path: Path, known: dict[str, str]
) -> None:
    """The very script as root runs it, but that the account is not changed."""
    (tmp_path / "notifier.env").touch()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/notifier"
    program.write_text('#!/bin/sh\necho "$SUDO_USER"\n')
    program.chmod(0o755)
    script = (
        text(DEPLOYMENT / "alerte-maires")
        .replace("/etc/alerte-maires", str(tmp_path))
        .replace("/opt/alerte-maires/.venv", str(tmp_path))
        .replace("exec runuser -u alerte-maires --", "exec")
    )
    outside = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["sh", "-c", script], env=outside | known, capture_output=True, text=True, check=True
    )
    login = subprocess.run(["logname"], capture_output=True, text=True).stdout
    account = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout
    assert done.stdout.strip() == known.get("SUDO_USER", (login or account).strip())


def test_a_value_between_apostrophes_is_read_by_a_shell_as_it_is_meant(tmp_path: Path) -> None:
    (shown,) = re.findall(r"EMAIL_FROM='[^']+'", text(EXAMPLE))
    file = tmp_path / "notifier.env"
    file.write_text(shown)
    done = subprocess.run(
        ["sh", "-c", 'set -a; . "$0"; printenv EMAIL_FROM', str(file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == shown.partition("=")[2].strip("'")
    assert environment_of(filled_in() | {"EMAIL_FROM": done.stdout.strip()}).missing() == []


def test_procfile_and_units_start_what_exists() -> None:
    procfile = text(ROOT / "config" / "Procfile")
    units = {unit.name: text(unit) for unit in DEPLOYMENT.glob("*.service")}
    for script in [procfile, *units.values()]:
        assert faults(commands_in(script.replace("ExecStart=", " "))) == []
    started = [words[0] for words in commands_in(procfile)]
    assert started == ["web", "worker", "beat"]
    target = text(DEPLOYMENT / "alerte-maires.target")
    wanted = re.findall(r"alerte-maires-\w+\.service", target)
    assert (
        sorted(wanted)
        == sorted(units)
        == sorted(f"alerte-maires-{name}.service" for name in started)
    )


# --- the guarantees ------------------------------------------------------------------------------


def test_every_state_of_a_message_is_explained_with_its_french_name() -> None:
    page = text(ROOT / "docs/garanties.md")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert dict(rows) == dict(MessageState.choices)


def test_the_guarantees_name_the_delays_that_the_schedule_has() -> None:
    page = text(ROOT / "docs/garanties.md")
    seconds = [delay for delay in schedule.DELAYS_S if delay < 60]
    minutes = [delay // 60 for delay in schedule.DELAYS_S if delay >= 60]
    assert f"après {', '.join(map(str, seconds))} s" in page
    *most, last = minutes
    assert f"{', '.join(map(str, most))} et {last} minutes" in page
    assert f"pour {schedule.LEASE.seconds} s au plus" in page
    assert f"{schedule.LISTED_WITHIN.seconds} s après au plus tôt" in page


# --- the text that a mayor reads -----------------------------------------------------------------


def test_the_sms_in_the_readme_is_the_one_that_would_be_sent() -> None:
    category = categories().get("C01.01.00")
    assert category is not None
    at = datetime(2026, 11, 22, 8, 15, tzinfo=ZoneInfo("Europe/Paris"))
    facts = Facts(
        commune="Delle",
        category_label=category.written_label,
        status="engaged",
        severity="severe",
        occurred_at=at,
        composed_at=at,
        time_zone="Europe/Paris",
        place="12 bis rue de Déridé",
        reference="CORG90-2026-004217",
        service="Gendarmerie",
        legal_basis=category.legal_basis,
        exercise=False,
        duty_phone="03 53 01 00 90",
    )
    sms = composer().compose(Kind.FIRST, facts).sms
    assert f"> {sms}" in text(ROOT / "README.md").splitlines()


def test_every_word_that_a_template_sees_is_documented() -> None:
    section = text(ROOT / "docs/configuration.md").partition("\n## Textes\n")[2]
    described = set(re.findall(r"`([a-z_]+)`", section))
    known = {*sms_context(SAMPLE), *mail_context(SAMPLE)}
    known |= {word for samples in TRIALS.values() for sample in samples for word in sample}
    assert known - described == set()


# --- the API and the contacts' file --------------------------------------------------------------


def test_every_field_and_every_answer_of_the_api_is_documented() -> None:
    page = text(ROOT / "docs/api.md")
    fields = [*NewReport.model_fields, *(f"location.{name}" for name in Place.model_fields)]
    assert [field for field in fields if f"`{field}`" not in page] == []
    answers = re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE)
    assert {str(code) for code in REFUSALS} | {"200", "202", "404"} == set(answers)


def test_the_readme_shows_the_header_of_the_contacts_file() -> None:
    assert ";".join(COLUMNS.needed) in text(ROOT / "README.md").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_example_in_python_compiles(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL):
        compile(block, name_of(page), "exec")
