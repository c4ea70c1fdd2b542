"""Statistics by hand, and no work without them."""

import numpy as np
import pytest
import torch

from configs.errors import UserError
from models.normalizer import Normalizer


@pytest.fixture
def fitted(body):
    """Feature 0 is 1 or 3 now and has changed by 2 in each step; the others never moved."""
    normalizer = Normalizer(body.layout)
    history = torch.zeros(4, body.layout.history, body.layout.step_size)
    newest = torch.tensor([1.0, 3.0, 1.0, 3.0])  # mean 2, std 1
    ago = torch.arange(body.layout.history - 1, -1, -1)
    history[:, :, 0] = newest[:, None] - 2 * ago
    motion = torch.zeros(4, *body.layout.motion_shape)
    motion[:2] = 0.002  # rms 0.002 / sqrt(2)
    normalizer.fit(history, motion, minimum_std=0.5)
    return normalizer


def test_history_is_standardised_feature_by_feature(body, fitted):
    assert body.layout.history == 4
    history = torch.zeros(1, 4, body.layout.step_size)
    history[0, :, 0] = torch.tensor([1.0, 1.0, 7.0, 4.0])
    history[0, -1, 1] = 3.0  # never moved in the data: the floor of 0.5 counts
    scaled = fitted.history(history)
    np.testing.assert_allclose(scaled[0, :, 0], [0 / 2, 6 / 2, -3 / 2, (4 - 2) / 1])
    np.testing.assert_allclose(scaled[0, :, 1], [0, 0, 3 / 0.5, 3 / 0.5])
    assert scaled[0, :, 2:].abs().max() == 0


def test_motion_has_one_scale_and_keeps_zero(body, fitted):
    motion = torch.zeros(1, *body.layout.motion_shape)
    motion[0, -1, -1, -1] = 0.002
    scaled = fitted.motion(motion)
    np.testing.assert_allclose(scaled[0, -1, -1, -1], 2**0.5, rtol=1e-6)
    assert (scaled != 0).sum() == 1
    np.testing.assert_allclose(fitted.metres(scaled), motion, rtol=1e-6)


def test_statistics_travel_with_the_weights(body, fitted):
    other = Normalizer(body.layout)
    with pytest.raises(UserError, match="statistics are missing"):
        other.require_fitted()
    other.load_state_dict(fitted.state_dict())
    other.require_fitted()
    assert torch.equal(other.std, fitted.std)


def test_an_incomplete_state_is_an_error(body, fitted):
    state = fitted.state_dict()
    del state["scale"]
    with pytest.raises(RuntimeError, match="scale"):
        Normalizer(body.layout).load_state_dict(state)


def test_useless_data_are_refused(body):
    normalizer = Normalizer(body.layout)
    history = torch.zeros(3, body.layout.history, body.layout.step_size)
    motion = torch.ones(3, *body.layout.motion_shape)
    with pytest.raises(UserError, match="no windows"):
        normalizer.fit(history[:0], motion[:0], 1e-4)
    with pytest.raises(UserError, match="no keypoint moves"):
        normalizer.fit(history, 0 * motion, 1e-4)
    with pytest.raises(UserError, match="not finite"):
        normalizer.fit(history * torch.nan, motion, 1e-4)


def test_a_history_of_one_step_has_no_changes(body):
    normalizer = Normalizer(body.layout)
    motion = torch.ones(3, *body.layout.motion_shape)
    normalizer.fit(torch.randn(3, 1, body.layout.step_size), motion, 1e-4)
    normalizer.require_fitted()
    assert normalizer.history(torch.zeros(2, 1, body.layout.step_size)).isfinite().all()
