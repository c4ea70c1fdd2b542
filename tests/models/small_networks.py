"""Tiny networks with statistics, and inputs that a hand at rest would give them."""

import torch
from torch import Tensor

from configs.load import load
from configs.schema.critic import CriticNetwork
from configs.schema.export import Sampling
from configs.schema.pipeline import Config
from configs.schema.train import ControllerConfig
from models.assistance import Assistance
from models.controller import Controller
from models.critic import Critic
from models.state import start, state_step

TINY = [
    "train.controller.denoiser.hidden=16",
    "train.controller.denoiser.blocks=1",
    "train.controller.denoiser.encoder_hidden=16",
    "train.controller.inverse_dynamics.hidden=16",
]
SAMPLING = Sampling(steps=4, spacing="trailing", rule="constant", clip=10.0)
NETWORK = CriticNetwork(hidden=8, layers=1, gains=(1.0, 0.5, 0.25, 0.0))
BATCH = 5


def controller_config() -> ControllerConfig:
    return load(Config, TINY).train.controller


def fitted(network, layout):
    """Give a network statistics of random windows."""
    network.normalizer.fit(
        torch.randn(50, layout.history, layout.step_size),
        0.001 * torch.randn(50, *layout.motion_shape),
        1e-4,
    )
    return network.eval().requires_grad_(False)


def make_controller(layout, config: ControllerConfig) -> Controller:
    torch.manual_seed(0)
    controller = Controller(layout, config)
    torch.nn.init.normal_(controller.denoiser.output.weight, std=0.1)  # it starts from 0
    return fitted(controller, layout)


def make_critic(layout) -> Critic:
    torch.manual_seed(2)
    return fitted(Critic(layout, NETWORK), layout)


def make_assistance(layout, config: ControllerConfig) -> Assistance:
    return Assistance(make_controller(layout, config), make_critic(layout), SAMPLING)


def make_inputs(body) -> dict[str, Tensor]:
    """Return inputs of an assistance: histories that stand still near the rest pose."""
    torch.manual_seed(1)
    layout = body.layout
    q = torch.tensor(body.hand.rest) + 0.05 * torch.randn(BATCH, layout.num_joints)
    return {
        "history": start(state_step(body.kinematics, q, q + 0.1), layout.history),
        "motion": 0.001 * torch.randn(BATCH, *layout.motion_shape),
        "command": 2.0 * torch.rand(BATCH, layout.num_joints) - 1.0,
        "mode": torch.zeros(BATCH, dtype=torch.int64),
        "guidance": torch.full((BATCH,), 0.3),
        "caution": torch.ones(BATCH),
        "remainder": torch.zeros(BATCH),
        "noise": torch.randn(BATCH, *layout.motion_shape),
    }
