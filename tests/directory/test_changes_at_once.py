"""Two who change the directory at once follow each other; the second sees what the first did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection

from notifier.directory.imports import importer
from notifier.directory.models import Mandate
from notifier.directory.undoing.undo import UndoError, undo
from tests.directory.importing import import_contacts

pytestmark = pytest.mark.usefixtures("real_commits", "fiction")
HEADER = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
MAYOR = "90033;maire;1;Essai;Jeanne;06 39 98 00 0{};"


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Set when the first import writes; it goes on once the second event is set, or soon."""
    begun, go_on = Event(), Event()
    write = importer._write

    def waits(*args: Any) -> int:
        if not begun.is_set():
            begun.set()
            go_on.wait(0.5)
        return write(*args)

    monkeypatch.setattr(importer, "_write", waits)
    return begun, go_on


def listed(folder: Path, name: str, row: str) -> Path:
    path = folder / name
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    return path


def closing(work: Any) -> Any:
    try:
        return work()
    finally:
        connection.close()


def test_two_imports_of_one_list_store_it_once(
    tmp_path: Path, writing: tuple[Event, Event]
) -> None:
    begun, go_on = writing
    lists = [listed(tmp_path, f"{n}.csv", MAYOR.format(1)) for n in range(2)]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(closing, lambda: import_contacts(lists[0]))
        assert begun.wait(10)
        second = threads.submit(closing, lambda: import_contacts(lists[1]))
        second.add_done_callback(lambda _: go_on.set())
        assert (first.result().added, second.result().unchanged) == (1, 1)
    assert Mandate.objects.count() == 1


def test_what_is_undone_while_another_import_runs_is_seen_by_it(
    tmp_path: Path, writing: tuple[Event, Event]
) -> None:
    begun, go_on = writing
    begun.set()
    number = import_contacts(listed(tmp_path, "1.csv", MAYOR.format(1))).change
    assert number
    begun.clear()
    with ThreadPoolExecutor(2) as threads:
        changing = threads.submit(
            closing, lambda: import_contacts(listed(tmp_path, "2.csv", MAYOR.format(2)))
        )
        assert begun.wait(10)
        undoing = threads.submit(closing, lambda: undo(number, "essai"))
        undoing.add_done_callback(lambda _: go_on.set())
        changing.result()
        # What was changed since is kept.
        assert undoing.result().kept
    assert Mandate.objects.get().person.addresses.get().value == "+33639980002"


def test_two_undo_one_change_once(tmp_path: Path) -> None:
    number = import_contacts(listed(tmp_path, "1.csv", MAYOR.format(1))).change
    assert number

    def one() -> str:
        try:
            undo(number, "essai")
        except UndoError:
            return "refused"
        return "undone"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(lambda _: closing(one), range(2)))
    assert outcomes == ["refused", "undone"]
    assert not Mandate.objects.exists()
