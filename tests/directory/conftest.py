"""The directory's tests: sample numbers allowed, and a file to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = "code_commune;fonction;rang;nom;prenom;mobile;courriel"


@pytest.fixture
def fiction(settings):
    """The provider is the simulator: ARCEP's numbers for fiction are accepted."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def real_provider(settings):
    """The provider is a real one: numbers for fiction are refused."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": False})


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a contact file: the rows as given below the usual header."""

    def write(*rows: str, header: str = HEADER, encoding: str = "utf-8", end: str = "\n") -> Path:
        path = tmp_path / "contacts.csv"
        path.write_bytes(end.join([header, *rows, ""]).encode(encoding))
        return path

    return write
