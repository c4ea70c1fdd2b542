"""Compiled MuJoCo models of a hand with an object, one for each environment."""

import copy
from collections.abc import Sequence

import mujoco
import numpy as np

from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, ObjectModel

# Sizes of assets and names, which MjData does not hold.
ASSETS = ("nmesh", "ntex", "nmat", "nskin", "nhfield", "nnames", "npaths", "ntext", "nbuffer")


def compile_models(
    hand: Hand,
    physics: Physics,
    objects: Sequence[ObjectModel],
    object_index: np.ndarray,
    scales: np.ndarray,
) -> list[mujoco.MjModel]:
    """Return a model of its own for each environment; each (object, scale) is compiled once."""
    compiled: dict[tuple[int, float], mujoco.MjModel] = {}
    models = []
    for index, scale in zip(object_index.tolist(), scales.tolist(), strict=True):
        if (index, scale) not in compiled:
            compiled[index, scale] = nominal_scene(hand, physics, objects[index], scale).compile()
        models.append(copy.copy(compiled[index, scale]))
    return models


def nominal_scene(
    hand: Hand, physics: Physics, object_model: ObjectModel, scale: float
) -> mujoco.MjSpec:
    """Describe a hand with an object of some scale, at the nominal mass and friction."""
    return build_scene(
        hand,
        object_model,
        physics,
        mass=physics.object_mass,
        scale=scale,
        friction=physics.friction,
    )


def structure(model: mujoco.MjModel) -> tuple[int, ...]:
    """Return all of the model's sizes that an MjData depends on."""
    names = sorted(name for name in dir(model) if name.startswith("n"))
    values = [getattr(model, name) for name in names if not name.startswith(ASSETS)]
    return tuple(value for value in values if isinstance(value, int))


def object_bodies(model: mujoco.MjModel) -> slice:
    """Return the numbers of the object's body and of what slides within it, which follows it."""
    root = model.body(OBJECT).id
    return slice(root, root + int((model.body_rootid == root).sum()))


def object_columns(model: mujoco.MjModel) -> tuple[int, int]:
    """Return how many numbers of qpos and of qvel end with the object's pose and twist; what
    slides within it follows them."""
    joint = model.joint(OBJECT)
    return joint.qposadr[0] + 7, joint.dofadr[0] + 6
