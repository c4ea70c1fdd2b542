"""Where motions landed: by hand, three draws of one motion."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.regrasps import Playing
from models.rotations import from_rotation_vector
from tasks.regrasps.playing import Played


@pytest.fixture(scope="module")
def playing() -> Playing:
    return load(Config, ["profile=smoke"]).regrasps.playing


def played(places_mm: list[float], turns: list[float], touching: list[bool]) -> Played:
    """Return one motion whose draws ended with the object so far along x, turned so about z."""
    count = len(places_mm)
    turn = from_rotation_vector(np.array(turns)[:, None] * np.array([0.0, 0.0, 1.0]))
    place = 1e-3 * np.array(places_mm)[:, None] * np.array([1.0, 0.0, 0.0])
    return Played(
        sound=np.ones((1, count), bool),
        joint_position=np.array(places_mm)[None, :, None] * np.ones(2),
        joint_target=np.array(places_mm)[None, :, None] * 2.0 * np.ones(2),
        object_pose=np.concatenate([place, turn], axis=1)[None],
        touching=np.array(touching)[None, :, None],
    )


ORIGIN = np.array([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])
FINGER = np.array([[True]])


def test_a_draw_lands_within_both_tolerances_and_in_touch(playing: Playing):
    """Tolerances are 10 mm and 0.25 rad."""
    ends = played([0.0, 9.0, 11.0, 0.0, 0.0], [0.0, 0.24, 0.0, 0.26, 0.0], [True] * 4 + [False])
    assert ends.near(ORIGIN, FINGER, playing)[0].tolist() == [True, True, False, False, False]
    assert ends.near(ORIGIN, FINGER, playing, 2.0)[0].tolist() == [True] * 4 + [False]
    assert ends.near(ORIGIN, ~FINGER, playing)[0, 4]


def test_the_mean_is_over_the_chosen_draws_whatever_the_quaternions_sign():
    ends = played([0.0, 4.0, 90.0], [0.0, 0.2, 1.0], [True] * 3)
    ends.object_pose[0, 1, 3:] *= -1.0
    joints, targets, pose = ends.mean(np.array([[True, True, False]]))
    assert joints[0] == pytest.approx([2.0, 2.0])
    assert targets[0] == pytest.approx([4.0, 4.0])
    assert pose[0, :3] == pytest.approx([0.002, 0.0, 0.0])
    assert np.abs(pose[0, 3:]) == pytest.approx([np.cos(0.05), 0.0, 0.0, np.sin(0.05)], abs=1e-6)


def test_what_diverged_never_lands(playing: Playing):
    ends = played([0.0], [0.0], [True])
    ends.sound[:] = False
    assert not ends.near(ORIGIN, FINGER, playing).any()
