import numpy as np
import pytest

from tasks.evaluation.intention import IntentionMeter

K = 2
X = np.array([1.0, 0.0, 0.0])
Y = np.array([0.0, 1.0, 0.0])


def run(realised, intended, dropped=None, steps=2, min_motion=1e-6):
    """Feed [ticks, N, K, 3] steps; positions accumulate from zero."""
    realised, intended = np.asarray(realised, float), np.asarray(intended, float)
    ticks, count = realised.shape[:2]
    dropped = np.zeros((ticks, count), bool) if dropped is None else np.asarray(dropped)
    meter = IntentionMeter(count, K, steps, min_motion)
    position = np.zeros((count, K, 3))
    for tick in range(ticks):
        after = position + realised[tick]
        meter.step(position, intended[tick], after, dropped[tick])
        position = after
    return meter


def motion(direction, ticks, length=0.01):
    return np.tile(length * direction, (ticks, 1, K, 1))


def test_following_at_half_gain():
    meter = run(motion(X, 4, 0.005), motion(X, 4, 0.01))
    assert meter.segments == 2
    assert meter.cosine == pytest.approx(2.0)
    assert meter.dot / meter.square == pytest.approx(0.5)


def test_motion_across_and_against_the_command():
    across = run(motion(Y, 2), motion(X, 2))
    against = run(motion(-X, 2), motion(X, 2))
    diagonal = run(motion(X + Y, 2), motion(X, 2))
    assert across.cosine == pytest.approx(0.0)
    assert against.cosine == pytest.approx(-1.0)
    assert diagonal.cosine == pytest.approx(np.sqrt(0.5))


def test_a_segment_is_compared_as_a_whole():
    # forth and back cancel within a segment: nothing was realised of what was meant
    realised = np.concatenate([motion(X, 1), motion(-X, 1)])
    meter = run(realised, motion(X, 2))
    assert meter.segments == 1
    assert meter.cosine == pytest.approx(0.0)


def test_time_after_a_drop_counts_as_zero():
    dropped = np.zeros((6, 1), bool)
    dropped[3] = True  # in the second of three segments
    meter = run(motion(X, 6), motion(X, 6), dropped)
    assert meter.segments == 3
    assert meter.cosine == pytest.approx(1.0)  # the first segment only
    assert meter.dot / meter.square == pytest.approx(1 / 3)


def test_a_drop_touches_its_own_environment_only():
    both = np.repeat(motion(X, 2), 2, axis=1)
    meter = run(both, both, np.array([[True, False], [False, False]]))
    np.testing.assert_allclose(meter.cosine, [0.0, 1.0])


def test_segments_without_intended_motion_are_left_out():
    meter = run(motion(X, 4), np.concatenate([motion(X, 2, 1e-5), motion(X, 2)]), min_motion=1e-3)
    assert meter.segments == 1
    assert meter.cosine == pytest.approx(1.0)


def test_an_unfinished_segment_does_not_count():
    assert run(motion(X, 3), motion(X, 3), steps=2).segments == 1
