"""What episodes show, against events that were put there."""

import numpy as np
import pytest

from configs.layout import NO_OBJECT
from tasks.rollouts.counting import count_shown, recoveries, regrasps

HZ = 20.0  # a quarter of a second is 5 frames


def touched(*spells: tuple[int, int]) -> np.ndarray:
    """Return one finger's contact [T, 1]: spells of (flag, frames)."""
    return np.concatenate([np.full(frames, flag, bool) for flag, frames in spells])[:, None]


@pytest.mark.parametrize(
    ("spells", "found"),
    [
        (((1, 20), (0, 5), (1, 5)), 1),
        (((0, 9), (1, 9), (0, 9), (1, 9)), 2),
        (((1, 20), (0, 4), (1, 20)), 0),  # it was hardly away
        (((1, 20), (0, 20), (1, 4), (0, 20)), 0),  # and only knocked
        (((1, 9),), 0),
    ],
)
def test_a_regrasp_is_a_finger_that_was_away_and_stays(spells, found):
    assert regrasps(touched(*spells), 5) == found


def test_a_recovery_is_a_bad_spell_that_the_episode_outlives():
    clean = np.ones(60, bool)
    clean[10:20] = clean[30:45] = False
    assert recoveries(clean, 15) == 2
    assert recoveries(clean, 16) == 1
    assert recoveries(np.zeros(60, bool), 5) == 0


def test_fingers_are_counted_frame_by_frame_but_not_in_an_empty_hand():
    touching = np.zeros((30, 3), bool)
    touching[:, 0] = True
    touching[:10, 2] = True
    episode = {"object": np.zeros(30, np.int16), "clean": np.ones(30, np.uint8)}
    shown = count_shown(episode, touching, HZ)
    assert [shown[f"fingers_{n}"] for n in range(4)] == [0, 20, 10, 0]
    assert [shown[f"touches_{n}"] for n in range(3)] == [30, 0, 10]
    assert shown["regrasps"] == shown["recoveries"] == 0
    empty = episode | {"object": np.full(30, NO_OBJECT, np.int16)}
    assert not any(count_shown(empty, np.zeros((30, 3), bool), HZ).values())
