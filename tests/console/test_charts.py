"""Charts: every value has its place, and stands in the table beside."""

import pytest

from notifier.console.charts import Chart, Series


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 1), (1, 1), (7, 8), (10, 10), (1340, 2000), (0.7, 0.8), (99, 100)]
)
def test_the_scale_ends_at_a_round_number(largest: float, top: float) -> None:
    assert Chart("x", ("a",), (Series("s", (largest,)),)).top == pytest.approx(top)


def test_bars_stand_on_the_base_and_reach_their_value() -> None:
    chart = Chart("x", ("a", "b"), (Series("s", (50, 100)), Series("t", (0, None))))
    first, second, none = chart.bars()
    assert first.y + first.height == second.y + second.height == chart.base
    assert second.height == pytest.approx(2 * first.height)
    assert none.height == 0
    assert first.text == "50"


def test_a_missing_value_breaks_a_line_and_is_a_dash_in_the_table() -> None:
    chart = Chart("x", ("a", "b", "c"), (Series("s", (1, None, 3)),), decimals=1)
    assert [len(one.dots) for one in chart.lines()] == [1, 1]
    assert chart.rows() == [("a", ["1,0"]), ("b", ["–"]), ("c", ["3,0"])]
    assert chart.legend() == []


def test_nothing_to_show_is_still_a_chart() -> None:
    chart = Chart("x", (), (Series("s", ()),))
    assert list(chart.bars()) == [] and list(chart.lines()) == [] and chart.marks() == []


def test_labels_are_left_out_where_there_is_no_room() -> None:
    days = [str(day) for day in range(60)]
    marks = Chart("x", days, (Series("s", range(60)),)).marks()
    assert 5 <= len(marks) <= 15
