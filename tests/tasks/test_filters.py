"""Drop trimming and its counts, and noise bursts, against cases worked by hand."""

import numpy as np
import pytest

from configs.schema.rollouts import Bursts, Filter
from tasks.bursts import NoiseBursts, deal_levels
from tasks.filters import Counts, keep

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


def test_an_episode_without_a_drop_is_kept_whole():
    counts = Counts()
    kept = keep(episode(50), False, FILTER, HZ, counts)
    assert len(kept["step"]) == 50
    assert not kept["drop"].any()
    assert counts == Counts(1, 0, 0, 50, 0, 0)


@pytest.mark.parametrize(
    ("length", "dropped", "counted"),
    [
        (29, True, Counts(1, 1, 1, 0, 20, 9)),  # 0.9 s are left
        (30, True, Counts(1, 1, 0, 10, 20, 0)),
        (7, True, Counts(1, 1, 1, 0, 7, 0)),  # nothing is left
        (9, False, Counts(1, 0, 1, 0, 0, 9)),
        (10, False, Counts(1, 0, 0, 10, 0, 0)),
    ],
)
def test_short_episodes_are_left_out_and_every_frame_is_counted_once(length, dropped, counted):
    counts = Counts()
    kept = keep(episode(length), dropped, FILTER, HZ, counts)
    assert counts == counted
    assert (kept is None) == bool(counts.too_short)
    assert counts.frames_kept + counts.frames_trimmed + counts.frames_too_short == length


def test_every_object_meets_every_level():
    levels = deal_levels((0.0, 0.5, 1.0, 2.0), 2, 16)
    objects = np.arange(16) % 2
    pairs = set(zip(objects.tolist(), levels.tolist(), strict=True))
    assert len(pairs) == 8


BURSTS = Bursts(noisy_s=(0.5, 0.5), calm_s=(1.0, 1.0), held_share=0.0)


def rolled(config: Bursts, levels: np.ndarray, steps: int) -> np.ndarray:
    bursts = NoiseBursts(config, levels, 3, HZ, np.random.default_rng(0))
    return np.stack([bursts.step() for _ in range(steps)])


def test_bursts_and_calm_take_turns():
    noise = rolled(BURSTS, np.array([1.0]), 30)
    noisy = noise.any(axis=(1, 2)).tolist()
    assert noisy == ([False] * 10 + [True] * 5) * 2


def test_noise_is_uniform_within_its_level_and_fresh_each_step():
    levels = np.array([0.0, 0.5, 2.0])
    noise = rolled(BURSTS, levels, 3000)
    assert not noise[:, 0].any()
    for row in (1, 2):
        drawn = noise[:, row][noise[:, row].any(axis=1)]  # [draws, joints]
        assert np.abs(drawn).max() <= levels[row]
        assert drawn.std() == pytest.approx(levels[row] / 3**0.5, rel=0.05)
        assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.1


def test_a_held_burst_keeps_one_draw_to_its_end():
    held = Bursts(noisy_s=(0.5, 0.5), calm_s=(1.0, 1.0), held_share=1.0)
    noise = rolled(held, np.array([1.0]), 30)
    assert (noise[10:15] == noise[10]).all()
    assert (noise[25:30] == noise[25]).all()
    assert (noise[10] != noise[25]).all()
