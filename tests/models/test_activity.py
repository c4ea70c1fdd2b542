"""How busy a command is, against averages worked by hand."""

import numpy as np
import pytest

from configs.schema.export import ActivityConfig
from models.activity import Activity

# exp(-1 / (1 Hz x 1 / ln 2 s)) = 1/2: an average takes half of what is new
HALF = ActivityConfig(time_s=float(1 / np.log(2)), calm=0.2, busy=0.6)


def steps(meter: Activity, *values: float) -> list[float]:
    """Return the activity after each command of two joints, one of which rests."""
    return [
        float(meter.step(np.array([[value, 0.0]]), np.array([i == 0]))[0])
        for i, value in enumerate(values)
    ]


def test_averages_worked_by_hand():
    """Mean squares over the joints are 1/2, 1/2, 0; before the first it was busy, 0.6."""
    found = steps(Activity(HALF, 1.0), 1.0, -1.0, 0.0)
    assert found == pytest.approx([0.55, 0.525, 0.2625])


def test_direction_does_not_count_and_strength_does():
    assert steps(Activity(HALF, 1.0), *[1.0] * 20)[-1] == pytest.approx(0.5, abs=1e-5)
    assert steps(Activity(HALF, 1.0), *[-1.0, 1.0] * 10)[-1] == pytest.approx(0.5, abs=1e-5)
    assert steps(Activity(HALF, 1.0), *[0.1] * 20)[-1] == pytest.approx(0.005, abs=1e-5)


def test_an_episode_starts_afresh_and_another_goes_on():
    meter = Activity(HALF, 1.0)
    for _ in range(20):
        meter.step(np.ones((2, 1)), np.zeros(2, bool))
    found = meter.step(np.ones((2, 1)), np.array([True, False]))
    np.testing.assert_allclose(found, [0.8, 1.0], atol=1e-5)


def test_strengths_go_from_calm_to_busy():
    activity = np.array([0.0, 0.2, 0.3, 0.4, 0.6, 1.0])
    found = Activity(HALF, 1.0).between(activity, np.array(0.7), np.array(0.1))
    np.testing.assert_allclose(found, [0.7, 0.7, 0.55, 0.4, 0.1, 0.1])


def test_calm_must_be_below_busy():
    with pytest.raises(ValueError, match=r"calm 0\.6 is not below busy 0\.6"):
        ActivityConfig(time_s=1.0, calm=0.6, busy=0.6)
