import pytest

from tasks.report.charts import Axis, Row, chart, curve, linear_axis, log_axis, thinned


def row(value, low, high):
    return Row("paper", 2, value, low, high)


def test_log_places_decades_evenly():
    axis = Axis(1.0, 100.0, True, ())
    assert [axis.place(v) for v in (1, 10, 100)] == pytest.approx([0, 50, 100])
    assert axis.place(0.1) == 0.0  # outside values stay at the border
    assert axis.place(1e9) == 100.0


def test_log_axis_holds_every_interval():
    axis = log_axis([row(2.5, 1.9, 3.4), row(24, 10.3, 73.9), row(120, 32, None)])
    assert (axis.start, axis.stop) == (1.0, 200.0)


def test_linear_axis_starts_at_zero_with_few_even_ticks():
    axis = linear_axis([row(5, 2.4, 9.2), row(15, 10, 21.4)])
    assert axis.ticks == (0.0, 10.0, 20.0, 30.0)
    assert linear_axis([row(0, 0, 0)]).stop > 0


def test_ticks_are_thinned_to_decades():
    assert thinned([1, 2, 5, 10, 20, 50, 100]) == (1, 10, 100)


def test_a_missing_upper_bound_is_drawn_open_to_the_border():
    html = chart({"g": [row(10, 1, None)]}, Axis(1, 100, True, (1, 10, 100)), "s", False)
    assert 'class="whisker open" style="left:0.00%;width:100.00%"' in html
    assert "no upper bound" in html
    assert 'class="dot"' not in html  # what was watched without a drop is no estimate
    assert "<span>≥\u00a01.00</span>" in html


def test_an_estimate_is_a_dot_with_its_value():
    html = chart({"g": [row(10, 1, 100)]}, Axis(1, 100, True, (1, 10, 100)), "s", False)
    assert 'class="dot" style="left:50.00%"' in html
    assert "<span>10.0</span>" in html


def test_labels_are_escaped():
    html = chart({"<g>": [row(1, 1, 2)]}, Axis(1, 2, True, (1, 2)), "s", True)
    assert "<g>" not in html


def test_a_curve_runs_from_corner_to_corner():
    assert 'points="0.00,100.00 50.00,50.00 100.00,0.00"' in curve("c", [0, 5, 10], [1, 2, 3], "x")
    assert "0.00,100.00 100.00,100.00" in curve("flat", [0, 1], [2, 2], "x")
