"""Drop trimming and its counts, against cases worked by hand."""

import numpy as np
import pytest

from configs.schema.rollouts import Filter
from tasks.rollouts.filters import Counts, keep

HZ = 10.0
FILTER = Filter(drop_trim_s=2.0, min_episode_s=1.0)


def episode(length: int) -> dict[str, np.ndarray]:
    return {
        "step": np.arange(length, dtype=np.int32),
        "drop": np.zeros(length, dtype=np.uint8),
        "action": np.arange(2 * length, dtype=np.float32).reshape(length, 2),
    }


def test_the_last_two_seconds_before_a_drop_are_cut():
    counts = Counts()
    kept = keep(episode(50), True, FILTER, HZ, counts)
    assert kept["step"].tolist() == list(range(30))
    assert kept["action"].shape == (30, 2)
    assert kept["drop"].tolist() == [0] * 29 + [1]
    assert counts == Counts(1, 1, 0, 30, 20, 0)


@pytest.mark.parametrize(
    ("length", "dropped", "counted"),
    [
        (29, True, Counts(1, 1, 1, 0, 20, 9)),  # 0.9 s are left
        (30, True, Counts(1, 1, 0, 10, 20, 0)),
        (7, True, Counts(1, 1, 1, 0, 7, 0)),  # nothing is left
        (9, False, Counts(1, 0, 1, 0, 0, 9)),
        (10, False, Counts(1, 0, 0, 10, 0, 0)),
        (50, False, Counts(1, 0, 0, 50, 0, 0)),
    ],
)
def test_short_episodes_are_left_out_and_every_frame_is_counted_once(length, dropped, counted):
    counts = Counts()
    kept = keep(episode(length), dropped, FILTER, HZ, counts)
    assert counts == counted
    assert (kept is None) == bool(counts.too_short)
    assert kept is None or kept["drop"].sum() == dropped
    assert counts.frames_kept + counts.frames_trimmed + counts.frames_too_short == length
