"""An environment's present moment: as a frame of an episode, and whole, to continue from."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import NO_OBJECT

if TYPE_CHECKING:
    from envs.simulation import Simulation

# Where the tensors live that change from step to step, beside the engine's own and the goals'.
CHANGING: Mapping[str, tuple[str, ...]] = {
    "": (
        "joint_target",
        "joint_observation",
        "applied_action",
        "stacked",
        "keypoints",
        "observed_tips",
        "gravity",
        "started",
        "episode",
        "episode_length_buf",
    ),
    "force": ("force",),
    "readings": ("bias",),
    "wrist": ("along", "across", "normal", "speed", "time"),
    "streams": ("keys",),
}
RECORDS = ("parameters", "physics")  # dataclasses of tensors, all of which change


def frame(env: "Simulation") -> dict[str, np.ndarray]:
    """Return the layout's fields [N, ...] before this step's action.

    `episode` counts each environment's own episodes from 0. The caller fills in what only it
    knows: `command`, `action`, `clean`, `mode` (here the first) and `drop` (here 0). The object of
    an empty hand is NO_OBJECT.
    """
    count, n = env.num_envs, env.num_actions
    zero = torch.zeros(count, n)
    values = {
        "episode": env.episode - 1,
        "step": env.episode_length_buf,
        "object": torch.where(env.goals.weight[:, 0] > 0.0, env.object_index, NO_OBJECT),
        "style": torch.full((count,), env.style_index),
        "mode": torch.zeros(count),
        "joint_position": env.physics.joint_position,
        "joint_observation": env.joint_observation,
        "joint_target": env.joint_target,
        "keypoints": env.keypoints,
        "command": zero,
        "action": zero,
        "clean": torch.zeros(count),
        "object_pose": env.physics.object_pose,
        "goal_pose": env.goals.pose,
        "gravity": env.gravity,
        "drop": torch.zeros(count),
    }
    rows = env.layout.fields
    # astype copies: a frame does not change with the environment
    return {name: values[name].numpy().astype(row.dtype) for name, row in rows.items()}


def state_dict(env: "Simulation") -> dict[str, Tensor]:
    """Return everything that changes; with it the environment goes on bit by bit as it would."""
    state = {f"engine.{name}": value for name, value in env.engine.state_dict().items()}
    state |= {name: getattr(owner, key).clone() for name, owner, key in _places(env)}
    return state | {"clock": torch.tensor(env.clock)}


def load_state_dict(env: "Simulation", state: Mapping[str, Tensor]) -> None:
    """Continue where `state_dict` was taken, in an environment made with equal arguments.

    Raises:
        UserError: a tensor is missing or has another shape.
    """
    for name, owner, key in _places(env):
        present = getattr(owner, key)
        if name not in state or state[name].shape != present.shape:
            shape = list(state[name].shape) if name in state else "nothing"
            raise UserError(
                f"environment state: {name}: {shape} saved, {list(present.shape)} wanted; "
                "it was saved by another configuration, remove it"
            )
        setattr(owner, key, state[name].clone())
    prefix = "engine."
    engine = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    env.engine.load_state_dict(engine)
    env.clock = int(state["clock"])


def _places(env: "Simulation") -> Iterator[tuple[str, Any, str]]:
    """Yield (name, owner, attribute) of every changing tensor."""
    for part, keys in {**CHANGING, "goals": env.goals.changing}.items():
        owner = getattr(env, part) if part else env
        yield from ((f"{part}.{key}" if part else key, owner, key) for key in keys)
    for part in RECORDS:
        owner = getattr(env, part)
        assert is_dataclass(owner)
        yield from ((f"{part}.{field.name}", owner, field.name) for field in fields(owner))
