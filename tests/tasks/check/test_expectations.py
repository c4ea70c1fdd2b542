"""Names and ranges of columns, against the hand's own numbers."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from tasks.check.expectations import column_values, expected_columns, violating_rows
from tests.tiny_episodes import make_episode


@pytest.mark.parametrize(("hand", "joints", "keypoints"), [("allegro", 16, 8), ("trident", 12, 6)])
def test_every_number_of_a_frame_has_a_column(hand: str, joints: int, keypoints: int) -> None:
    config = load(Config, [f"hand={hand}"])
    layout = config.embodiment.make_layout()
    columns = expected_columns(layout, config.check.margins, tuple(layout.fields))
    # 7 scalars, 5 joint fields, keypoints, two poses, gravity, two norms, a jump, an early drop
    assert len(columns) == 7 + 5 * joints + 3 * keypoints + 2 * 7 + 3 + 2 + 2
    assert len({column.name for column in columns}) == len(columns)
    episode = make_episode(layout, 0)
    for column in columns:
        values = column_values(column, episode, layout)
        assert values.shape == (40,)
        assert len(violating_rows(column, values)) == 0


def test_ranges_follow_from_hand_and_margins() -> None:
    config = load(Config, ["hand=trident", "check.margins.joint_position=0.25"])
    layout = config.embodiment.make_layout()
    held = {c.name: c for c in expected_columns(layout, config.check.margins, tuple(layout.fields))}
    base = held["joint_position.right_base"]  # limits [-0.4, 0.4]
    assert (base.lower, base.upper) == (-0.65, 0.65)
    assert (held["mode"].lower, held["mode"].upper) == (0, len(config.layout.modes) - 1)
    assert held["keypoints.thumb_tip.z"].index == 3 * layout.num_keypoints - 1
    assert held["object_pose.qw"].index == 3
    assert held["step.jump"].upper == 0
    assert held["step"].upper == np.inf


def test_absent_privileged_fields_have_no_columns() -> None:
    config = load(Config, [])
    layout = config.embodiment.make_layout()
    fields = tuple(name for name, field in layout.fields.items() if not field.privileged)
    names = {c.name for c in expected_columns(layout, config.check.margins, fields)}
    assert not any(
        name.startswith(("object_pose", "goal_pose", "gravity", "drop")) for name in names
    )
    assert "step.jump" in names


def test_values_outside_or_not_finite_are_found() -> None:
    config = load(Config, [])
    layout = config.embodiment.make_layout()
    columns = expected_columns(layout, config.check.margins, ("clean",))
    values = np.array([0.0, 1.0, 2.0, np.nan, np.inf, -1.0])
    assert violating_rows(columns[0], values).tolist() == [2, 3, 4, 5]
