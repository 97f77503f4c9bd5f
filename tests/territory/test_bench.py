"""The benchmark runs and prints every figure; how fast a machine is decides no test."""

import pytest

from notifier.territory.build import bench


def test_every_figure_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "LOOKUPS", 60)
    assert bench.main([]) == 0
    printed = capsys.readouterr().out
    for figure in (
        "file:",
        "first question",
        "communes_within(point",
        "resolve(point)",
        "nearest_commune(",
        "a star of",
        "memory",
    ):
        assert figure in printed
