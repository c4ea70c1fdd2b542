"""Grasps that are laid out by hand: of one joint, they differ in the object's height only."""

import numpy as np

from envs.grasp_set import Contacts, GraspSet

IDENTITY = [1.0, 0.0, 0.0, 0.0]


def grasp_set(name: str, heights: list[float], neighbours: list[list[int]]) -> GraspSet:
    count = len(heights)
    poses = np.array([[0.0, 0.0, height, *IDENTITY] for height in heights], dtype=np.float32)
    joints = np.arange(count, dtype=np.float32)[:, None]
    return GraspSet(
        object=name,
        joint_position=joints,
        joint_target=joints + 0.1,
        object_pose=poses,
        contacts=Contacts(
            finger=np.zeros((count, 1), dtype=np.int8),
            link=np.zeros((count, 1), dtype=np.int8),
            point=np.zeros((count, 1, 3), dtype=np.float32),
            normal=np.zeros((count, 1, 3), dtype=np.float32),
            force=np.zeros((count, 1), dtype=np.float32),
        ),
        quality=np.zeros(count, dtype=np.float32),
        parent=np.full(count, -1, dtype=np.int32),
        neighbours=np.array(neighbours, dtype=np.int32),
    )
