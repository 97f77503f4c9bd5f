"""A service with a faulty text or categories file does not start, and says where to look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

REPOSITORY = Path(__file__).parents[2]


def start(program: str, folder: Path, **wrong: Path) -> subprocess.CompletedProcess[str]:
    """`notifier web` or `notifier worker` as an operator starts it; it must end by itself."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    env |= {"DATA_DIR": str(folder / "data"), **{name: str(path) for name, path in wrong.items()}}
    return subprocess.run(
        [sys.executable, "-m", "notifier", *program.split()],
        capture_output=True,
        text=True,
        env=env,
        cwd=REPOSITORY,
        timeout=60,
        check=False,
    )


def copy_of(folder: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY / folder, tmp_path / Path(folder).name))


@pytest.mark.parametrize("program", ["web --bind 127.0.0.1:0", "worker"])
def test_a_wrong_template_and_a_wrong_categories_file_refuse_the_start(
    program: str, tmp_path: Path
) -> None:
    texts = copy_of("templates/alerts", tmp_path)
    text = texts / "end.sms.j2"
    text.write_text("{{ commune }} : fini.\n{{ telephone }} {{ reference }}\n", encoding="utf-8")
    categories = copy_of("config", tmp_path) / "categories.toml"
    lines = categories.read_text(encoding="utf-8").splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("lane ="))
    lines[place] = 'lane = "vite"'
    categories.write_text("\n".join(lines), encoding="utf-8")
    ended = start(program, tmp_path, TEMPLATES_DIR=texts, CATEGORIES_FILE=categories)
    assert ended.returncode != 0
    assert f"{text}:2 : 'telephone' n’est pas connu ici" in ended.stderr
    assert f"{categories}:{place + 1} : families.C01.lane vaut 'vite'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_categories_file_that_is_not_there_refuses_the_start(tmp_path: Path) -> None:
    ended = start("worker", tmp_path, CATEGORIES_FILE=tmp_path / "none.toml")
    assert ended.returncode != 0
    assert f"{tmp_path / 'none.toml'} n’existe pas" in ended.stderr


def test_what_ships_is_accepted(tmp_path: Path) -> None:
    from django.core.checks import run_checks

    import notifier.urls  # noqa: F401 - the administration's pages come with the others

    assert settings.ENVIRONMENT.CATEGORIES_FILE is None
    assert [fault for fault in run_checks() if fault.is_serious()] == []


def test_every_check_of_ours_is_made_where_no_page_is_served_too() -> None:
    from django.core.checks.registry import registry

    from notifier.readiness import CHECK_TAG

    ours = [check for check in registry.get_checks() if check.__module__.startswith("notifier.")]
    assert ours
    assert [check for check in ours if CHECK_TAG not in check.tags] == []
