"""Grasps of made-up numbers, linked as a test wants them."""

from collections.abc import Sequence

import numpy as np

from envs.grasp_set import Contacts, GraspSet


def make_grasps(
    joints: int, fingers: int, neighbours: Sequence[Sequence[int]] | np.ndarray, name: str = "box"
) -> GraspSet:
    """Return as many grasps as there are rows of `neighbours` [G, k]."""
    count = len(neighbours)
    rng = np.random.default_rng(count)

    def draw(*shape: int) -> np.ndarray:
        return rng.random((count, *shape)).astype(np.float32)

    return GraspSet(
        object=name,
        joint_position=draw(joints),
        joint_target=draw(joints),
        object_pose=draw(7),
        contacts=Contacts(
            finger=np.zeros((count, fingers), np.int8),
            link=np.zeros((count, fingers), np.int8),
            point=draw(fingers, 3),
            normal=draw(fingers, 3),
            force=draw(fingers),
        ),
        quality=draw(),
        parent=np.full(count, -1, np.int32),
        neighbours=np.asarray(neighbours, dtype=np.int32),
    )


def chain(count: int) -> list[list[int]]:
    """Return the links of grasps in a row, each leading to the ones beside it."""
    return [[i - 1, i + 1 if i + 1 < count else -1] for i in range(count)]
