"""The layout: sizes follow from the hand, the fingerprint from everything that has meaning."""

import dataclasses

import pytest

from configs.layout import LayoutMismatch
from configs.load import load, plain, validate
from configs.schema.pipeline import Config
from configs.schema.world import Embodiment


def layout_with(*overrides: str):
    return load(Config, list(overrides)).embodiment.make_layout()


def test_allegro_state_is_the_papers_240_numbers():
    layout = layout_with("hand=allegro")
    assert (layout.num_joints, layout.num_keypoints, layout.num_tips) == (16, 8, 4)
    assert layout.step_size == 12 + 16 + 16 + 16
    assert layout.state_size == 240
    assert layout.motion_shape == (2, 8, 3)


def test_another_hand_gives_other_sizes():
    layout = layout_with("hand=trident")
    assert (layout.num_joints, layout.num_keypoints, layout.num_tips) == (12, 6, 3)
    assert layout.step_size == 9 + 3 * 12


def test_tips_are_each_fingers_last_keypoint():
    layout = layout_with("hand=allegro")
    assert [layout.keypoint_names[i] for i in layout.tip_indices] == [
        "index_tip",
        "middle_tip",
        "ring_tip",
        "thumb_tip",
    ]


@pytest.mark.parametrize(
    "change",
    ["control.hz=10", "control.action_scale=0.05", "layout.history=3", "hand=trident"],
)
def test_fingerprint_changes_with_meaning(change):
    assert layout_with().fingerprint() != layout_with(change).fingerprint()


def test_fingerprint_is_stable_and_ignores_what_has_no_meaning():
    same = layout_with("seed=7", "physics.iterations=9")
    assert layout_with().fingerprint() == same.fingerprint()


def layout_with_finger(change):
    """The layout of the Allegro hand after `change` of its index finger's plain values."""
    values = plain(load(Config, ["hand=allegro"]).embodiment)
    change(values["hand"]["fingers"][0])
    return validate(Embodiment, values, "test").make_layout()


def of_link(key, value):
    return lambda finger: finger["links"][2].__setitem__(key, value)


@pytest.mark.parametrize(
    "change",
    [
        of_link("offset", [0.0, 0.0, 0.09]),
        of_link("axis", [1.0, 0.0, 0.0]),
        of_link("limits", [-0.174, 1.7]),
        lambda finger: finger.update(root_position=[0.0, 0.0435, 0.0]),
        lambda finger: finger.update(root_quaternion=[1.0, 0.0, 0.0, 0.0]),
        lambda finger: finger["keypoints"][0].update(position=[0.0, 0.0, 0.001]),
        lambda finger: finger["keypoints"][0].update(link="distal"),
    ],
)
def test_fingerprint_changes_with_the_hands_geometry(change):
    assert layout_with_finger(change).fingerprint() != layout_with().fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        of_link("mass", 0.5),
        of_link("box", {"half_size": [0.01, 0.01, 0.01], "centre": [0.0, 0.0, 0.0]}),
        lambda finger: finger["tip"].update(mass=0.5),
    ],
)
def test_fingerprint_ignores_masses_and_collision_shapes(change):
    assert layout_with_finger(change) == layout_with()


def test_mismatch_shows_both_values():
    here, there = layout_with(), layout_with("control.hz=10")
    with pytest.raises(LayoutMismatch) as caught:
        here.require(there.fingerprint(), "dataset.json")
    text = str(caught.value)
    assert "dataset.json" in text
    assert here.fingerprint()[:12] in text
    assert there.fingerprint()[:12] in text


def test_layout_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        layout_with().history = 5  # type: ignore[misc]
