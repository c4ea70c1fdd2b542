"""The controller's networks on two hands: losses, weights, statistics."""

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from models.controller import Controller, Windows
from tests.models.small_networks import BATCH, controller_config, make_controller


@pytest.fixture(scope="module")
def config():
    return controller_config()


@pytest.fixture
def controller(body, config):
    return make_controller(body.layout, config)


def test_jitter_is_added_to_the_standardised_history(body, controller):
    """Jitter that turns one history into another gives the other's losses."""
    layout = body.layout
    histories = torch.randn(2, BATCH, layout.history, layout.step_size)
    motion = 0.001 * torch.randn(BATCH, *layout.motion_shape)
    action, mode = torch.rand(BATCH, layout.num_joints), torch.zeros(BATCH, dtype=torch.int64)
    one, other = (Windows(history, motion, action, mode) for history in histories)
    noise, level = torch.randn(BATCH, *layout.motion_shape), torch.arange(BATCH) * 20
    standardised = [controller.normalizer.history(history) for history in histories]
    jitter, none = standardised[1] - standardised[0], torch.zeros(1)

    def losses(windows, jitter):
        prior = controller.prior_loss(windows, noise, level, jitter)
        return [float(loss) for loss in (prior, *controller.inverse_losses(windows, jitter))]

    np.testing.assert_allclose(losses(one, jitter), losses(other, none), rtol=1e-4)
    still, moved = losses(one, none), losses(one, jitter)
    assert all(abs(a - b) > 1e-3 for a, b in zip(still, moved, strict=True))


def test_widths_must_fit_the_groups(body):
    config = load(Config, ["train.controller.denoiser.hidden=20"]).train.controller
    with pytest.raises(UserError, match=r"denoiser\.hidden: 20 is no multiple of groups 8"):
        Controller(body.layout, config)
