"""The regression's losses, by hand."""

import math

import numpy as np
import torch

from configs.schema.train import InverseDynamicsConfig
from models.inverse_dynamics import InverseDynamics, regression_losses


def test_losses_by_hand():
    mean = torch.tensor([[0.5, -1.0]], requires_grad=True)
    log_std = torch.tensor([[math.log(0.5), 0.0]], requires_grad=True)
    action = torch.tensor([[1.0, 1.0]])  # errors 0.5 and 2
    error, likelihood = regression_losses(mean, log_std, action)
    np.testing.assert_allclose(error.item(), (0.25 + 4) / 2)
    np.testing.assert_allclose(likelihood.item(), (0.5 + math.log(0.5) + 2) / 2, rtol=1e-6)
    likelihood.backward()
    assert mean.grad is None  # the spread's loss leaves the mean alone
    assert log_std.grad is not None
    # d/ds (e^2 exp(-2s) / 2 + s) = 1 - e^2 exp(-2s): zero where the spread equals the error
    np.testing.assert_allclose(log_std.grad, [[0.0, (1 - 4) / 2]], atol=1e-6)


def test_the_spread_does_not_shape_the_features(body):
    layout = body.layout
    network = InverseDynamics(layout, InverseDynamicsConfig(hidden=16, blocks=2, groups=8))
    history = torch.randn(3, layout.history, layout.step_size)
    mean, log_std = network(history, torch.randn(3, *layout.motion_shape))
    assert mean.shape == log_std.shape == (3, layout.num_joints)
    log_std.sum().backward()
    assert {name for name, p in network.named_parameters() if p.grad is not None} == {
        "log_std.weight",
        "log_std.bias",
    }
