"""The build script: what it refuses, what wins, and that the same input gives the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from notifier.territory.build import communes as build
from notifier.territory.reference.database import PACKAGED_FILE


def record(code: str, name: str, kind: str = "commune-actuelle", **more: Any) -> dict[str, Any]:
    return {"code": code, "nom": name, "type": kind, "departement": code[:2], **more}


TODAY = [
    record("90001", "Hautmont-Neuf", codesPostaux=["90900"], anciensCodes=["90002", "90003"]),
    record("90003", "Basmont", codesPostaux=["90900"]),
    record("90004", "Splitmont", "commune-deleguee", chefLieu="90001"),
    record("97701", "Saint-Barthélemy", codesPostaux=["97133"]),
    record("97801", "Saint-Martin", codesPostaux=["97150"]),
]
COUNTS = {"actuelle": 4, "deleguee": 1, "associee": 0, "arrondissement": 0}


@pytest.fixture
def small_country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "EXPECTED", COUNTS)


def test_another_vintage_is_refused_with_its_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "communes.json").write_text(json.dumps(TODAY), encoding="utf-8")
    before = PACKAGED_FILE.stat().st_mtime_ns
    assert build.main([str(tmp_path / "polygons"), str(tmp_path)]) == 1
    assert "expected the COG 2026" in capsys.readouterr().err
    assert PACKAGED_FILE.stat().st_mtime_ns == before


def test_a_folder_without_the_list_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main([str(tmp_path / "polygons"), str(tmp_path)]) == 1
    assert str(tmp_path / "data" / "communes.json") in capsys.readouterr().err


@pytest.mark.usefixtures("small_country")
def test_a_current_code_wins_over_an_old_one() -> None:
    territory = build.to_territory(TODAY)
    assert "90003" not in territory.former
    assert territory.former["90002"] == ("90001", "ancien", "")
    assert territory.former["90004"] == ("90001", "deleguee", "Splitmont")


@pytest.mark.usefixtures("small_country")
def test_a_name_from_before_a_split_names_every_part() -> None:
    territory = build.to_territory(TODAY)
    older = [
        record("90001", "Grandmont"),
        record("90003", "Basmont", "commune-deleguee", chefLieu="90001"),
        record("90002", "Petitmont"),
    ]
    build.add_older_names(territory, older)
    assert ("grandmont", "90001", "90001") in territory.names
    assert ("grandmont", "90003", "90001") in territory.names
    assert ("petitmont", "90001", "90002") in territory.names
    assert ("basmont", "90001", "90003") not in territory.names


@pytest.mark.usefixtures("small_country")
def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, records in (("a", TODAY), ("b", TODAY[::-1])):
        build.write(build.to_territory(records), records, ["6.0.0"], tmp_path / f"{name}.sqlite")
    assert (tmp_path / "a.sqlite").read_bytes() == (tmp_path / "b.sqlite").read_bytes()
    assert not list(tmp_path.glob("*.unfinished"))
