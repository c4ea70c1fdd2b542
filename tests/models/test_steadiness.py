"""How steady a command is, against averages worked by hand."""

import numpy as np
import pytest

from configs.schema.export import SteadinessConfig
from models.steadiness import Steadiness

# exp(-1 / (1 Hz x 1 / ln 2 s)) = 1/2: an average takes half of what is new
HALF = SteadinessConfig(time_s=float(1 / np.log(2)), low=0.2, high=0.6)
NO, YES = np.array([False]), np.array([True])


def commands(*values: float) -> list[np.ndarray]:
    return [np.array([[value, 0.0]]) for value in values]


def steps(meter: Steadiness, *values: float, started: int = 0) -> list[float]:
    return [
        float(meter.step(command, YES if i == started else NO)[0])
        for i, command in enumerate(commands(*values))
    ]


def test_averages_worked_by_hand():
    """E[c] is 1/2, -1/4, 3/8; E[c^2] is 1, 1, 1: the first command begins it."""
    found = steps(Steadiness(HALF, 1.0), 1.0, -1.0, 1.0)
    assert found == pytest.approx([1 / 4, 1 / 16, 9 / 64])


def test_a_command_that_stays_becomes_steady_however_small():
    for size in (1.0, 0.01):
        assert steps(Steadiness(HALF, 1.0), *[size] * 20)[-1] == pytest.approx(1.0, abs=1e-5)


def test_independent_noise_has_what_its_docstring_says():
    """dt / (2 time_s) = 1 / 12 at 20 Hz and 0.3 s, strong or weak."""
    rng, config = np.random.default_rng(0), SteadinessConfig(time_s=0.3, low=0.2, high=0.6)
    meter = Steadiness(config, 20.0)
    strength = np.array([0.1, 2.0])[:, None, None]
    started, found = np.zeros((2, 400), bool), []
    for step in range(60):
        noise = strength * rng.uniform(-1, 1, (2, 400, 12))
        found.append(meter.step(noise, started | (step == 0)))
    assert found[-1].mean(axis=1) == pytest.approx([1 / 12, 1 / 12], rel=0.1)


def test_an_episode_starts_afresh_and_another_goes_on():
    meter = Steadiness(HALF, 1.0)
    for _ in range(20):
        meter.step(np.ones((2, 1)), np.zeros(2, bool))
    found = meter.step(np.ones((2, 1)), np.array([True, False]))
    np.testing.assert_allclose(found, [0.25, 1.0], atol=1e-5)


def test_no_command_is_not_steady():
    assert steps(Steadiness(HALF, 1.0), 0.0, 0.0) == [0.0, 0.0]


def test_guidance_goes_from_weak_to_strong():
    steadiness = np.array([0.0, 0.2, 0.3, 0.4, 0.6, 1.0])
    found = Steadiness(HALF, 1.0).guidance(steadiness, np.array(0.1), np.array(0.7))
    np.testing.assert_allclose(found, [0.1, 0.1, 0.25, 0.4, 0.7, 0.7])
