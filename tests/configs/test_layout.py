"""The layout: sizes follow from the hand, the fingerprint from everything that has meaning."""

import dataclasses

import pytest

from configs.layout import LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config


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
