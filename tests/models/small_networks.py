"""Tiny networks with statistics, and inputs that a hand at rest would give them."""

import torch
from torch import Tensor

from configs.load import load
from configs.schema.critic import CriticNetwork
from configs.schema.export import ActivityConfig, Sampling
from configs.schema.pipeline import Config
from configs.schema.student import MemoryConfig, StudentNetwork
from configs.schema.train import ControllerConfig
from models.assistance import Assistance
from models.controller import Controller
from models.critic import Critic
from models.state import start, state_step
from models.strength import KEYS
from models.student import Student

TINY = [
    "train.controller.denoiser.hidden=16",
    "train.controller.denoiser.blocks=1",
    "train.controller.denoiser.encoder_hidden=16",
    "train.controller.inverse_dynamics.hidden=16",
]
SAMPLING = Sampling(steps=4, spacing="trailing", rule="constant", clip=10.0)
NETWORK = CriticNetwork(hidden=8, layers=1, gains=(1.0, 0.5, 0.25, 0.0))
ACTIVITY = ActivityConfig(calm=0.2, busy=0.28)
MEMORY = MemoryConfig(
    command_s=(0.1, 0.5), target_s=(0.25,), error_s=(0.15,), power_s=(0.5,), activity_s=1.0
)
STUDENT = StudentNetwork(memory=MEMORY, hidden=(8,))
PAPER = {"share": 1.0, "caution": 1.0, "gain": 1.0, "reading": 0.0, "remainder": 0.0}
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


def make_student(layout, first: float = 0.0, last: float = 10.0) -> Student:
    """Return a student that is believed up to a distance of `first`, and from `last` on not at
    all, from lessons of mean 0 and variance 1."""
    torch.manual_seed(3)
    student = Student(layout, STUDENT)
    student.middle.zero_()
    student.whiten.copy_(torch.eye(student.memory.width))
    student.believed.copy_(torch.tensor([first, last]))
    return student.eval().requires_grad_(False)


def make_assistance(body, config: ControllerConfig, student: Student | None = None) -> Assistance:
    controller, critic = make_controller(body.layout, config), make_critic(body.layout)
    student = student or make_student(body.layout)
    return Assistance(controller, critic, student, body.kinematics, SAMPLING, ACTIVITY)


def make_inputs(body) -> dict[str, Tensor]:
    """Return inputs of an assistance: histories that stand still near the rest pose, at an
    episode's start, and the settings of the paper's method."""
    torch.manual_seed(1)
    layout = body.layout
    q = torch.tensor(body.hand.rest) + 0.05 * torch.randn(BATCH, layout.num_joints)
    inputs = {
        "history": start(state_step(body.kinematics, q, q + 0.1), layout.history),
        "motion": 0.001 * torch.randn(BATCH, *layout.motion_shape),
        "command": 2.0 * torch.rand(BATCH, layout.num_joints) - 1.0,
        "memory": make_student(layout).memory.empty(BATCH),
        "mode": torch.zeros(BATCH, dtype=torch.int64),
        "strength": torch.zeros(BATCH, len(KEYS)),
    }
    torch.manual_seed(4)
    inputs["noise"] = torch.randn(BATCH, *layout.motion_shape)
    return settings(inputs, guidance=0.3, **PAPER)


def settings(inputs: dict[str, Tensor], **values: float | Tensor) -> dict[str, Tensor]:
    """Return inputs with other settings, of all hands or of each."""
    strength = inputs["strength"].clone()
    for key, value in values.items():
        strength[:, KEYS.index(key)] = torch.as_tensor(value)
    return inputs | {"strength": strength}
