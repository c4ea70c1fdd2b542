"""What the report says of the data."""

from tasks.report import data
from tests.tasks.report.made_up import summary


def test_a_styles_figures_stand_beside_those_of_the_version_before():
    table = data.coverage(summary()["data"])
    assert table.head == ["style", "episodes", "frames", "goals", "orientations", "fingers in use"]
    assert table.rows == [
        ["fast", "12 (10)", "4,800 (4,000)", "31", "96 (88)", ""],
        ["fine_rotation", "3", "1,200", "7", "", "3.25"],
    ]


def test_orientations_are_drawn_where_they_are_known():
    (picture,) = data.orientations(summary()["data"])
    assert 'aria-label="fast: 96 (88)"' in picture.svg
    assert data.orientations({"now": {"robot": {"frames": 5}}, "before": {}}) == []
