"""What to do at once: short sheets by category, an operator's own in the place of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.alerting.content.reflexes import MAX_LENGTH, Reflexes, ReflexesError
from notifier.alerting.policy.current import categories
from notifier.settings import packaged

OURS = packaged("templates") / "reflexes"
THREE = "Appelez {{ service }}.\nOuvrez une salle.\n! N’y allez pas.\n"


def own(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def texts(sheets: Reflexes, code: str) -> list[str]:
    return [reflex.text for reflex in sheets.of(code, "Delle", "Gendarmerie")]


def test_every_category_that_wants_an_answer_has_a_sheet_of_its_family() -> None:
    sheets = Reflexes(OURS)
    general = texts(sheets, "L01.00.00")
    wanted = [code for code in categories().codes() if categories().get(code).answer != "none"]  # type: ignore[union-attr]
    assert wanted
    assert [code for code in wanted if texts(sheets, code) == general] == []


def test_each_sheet_says_what_to_do_and_what_not() -> None:
    sheets = Reflexes(OURS)
    for path in OURS.glob("*.j2"):
        said = sheets.of(path.name.removesuffix(".j2"), "Delle", "Gendarmerie")
        assert {reflex.is_warning for reflex in said} == {True, False}, path
        assert not any("{{" in reflex.text or "!" in reflex.text[:2] for reflex in said), path


def test_the_finest_sheet_is_taken_and_an_operator_s_in_the_place_of_ours(tmp_path: Path) -> None:
    sheets = Reflexes(OURS, own(tmp_path, "C04.02.j2", THREE))
    assert texts(sheets, "C04.02.01") == [
        "Appelez Gendarmerie.",
        "Ouvrez une salle.",
        "N’y allez pas.",
    ]
    assert texts(sheets, "C04.01.01") == texts(Reflexes(OURS), "C04.00.00")
    assert texts(sheets, "C04.05.00") != texts(sheets, "C04.01.01")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("C04.j2", "Une ligne.\n", "il en faut de 3 à 6"),
        ("C04.j2", THREE + "{{ telephone }}\n", "n’employer que commune et service"),
        ("C04.j2", THREE + "{% if %}\n", "C04.j2:4"),
        ("C04.j2", THREE + "x" * (MAX_LENGTH + 1), "raccourcir"),
        ("C4.j2", THREE, "nommer la fiche par un code"),
        ("incendie.j2", THREE, "nommer la fiche par un code"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(ReflexesError) as refused:
        Reflexes(OURS, own(tmp_path, name, text))
    assert str(tmp_path / name) in str(refused.value)
    assert said in str(refused.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReflexesError, match="REFLEXES_DIR"):
        Reflexes(OURS, tmp_path / "none")
