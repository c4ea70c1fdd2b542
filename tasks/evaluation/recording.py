"""Recordings of a few environments, for the report's clips."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from configs.layout import Layout
from configs.schema.hand import Hand
from envs.manipulation import ManipulationEnv
from models.kinematics import Kinematics


class Recorder:
    """Keep what a clip shows of chosen environments, step by step, up to a length."""

    def __init__(self, rows: Sequence[int], ticks: int) -> None:
        self.rows, self.ticks = list(rows), ticks
        self.joints: list[np.ndarray] = []  # [R, n] [rad]
        self.pose: list[np.ndarray] = []  # [R, 7]
        self.goal: list[np.ndarray] = []  # [R, 7]
        self.dropped: list[np.ndarray] = []  # [R] bool

    def step(self, env: ManipulationEnv, dropped: np.ndarray) -> None:
        """Note the moment after a control step; after a drop it is the next episode's first."""
        if len(self.joints) == self.ticks:
            return
        rows = self.rows
        self.joints.append(env.physics.joint_position[rows].numpy())
        self.pose.append(env.physics.object_pose[rows].numpy())
        self.goal.append(env.table.object_pose[env.goals.goal[rows]].numpy())
        self.dropped.append(dropped[rows])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return joints [T, R, n], pose and goal [T, R, 7] and dropped [T, R]."""
        return {
            "joints": np.stack(self.joints).astype(np.float32),
            "pose": np.stack(self.pose).astype(np.float32),
            "goal": np.stack(self.goal).astype(np.float32),
            "dropped": np.stack(self.dropped).astype(np.uint8),
        }


def skeleton(hand: Hand) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int, float]]]:
    """Return what a clip draws of a hand: points fixed to links, and capsules between them.

    Returns:
        the points' links [N] and places in them [N, 3] [m], link origins and tips finger by
        finger, and (point, point, radius [m]) of each link.
    """
    links, local, capsules, first = [], [], [], 0
    for finger in hand.fingers:
        count = len(finger.links)
        for depth, link in enumerate(finger.links):
            links.append(first + depth)
            local.append((0.0, 0.0, 0.0))
            radius = min(link.box.half_size[:2])
            capsules.append((len(links) - 1, len(links), radius))
        capsules[-1] = (*capsules[-1][:2], finger.tip.capsule.radius)
        links.append(first + count - 1)
        local.append(finger.tip.capsule.centre)
        first += count
    return np.array(links), np.array(local), capsules


def draw_runs(
    recorded: dict[str, np.ndarray], names: Sequence[str], hand: Hand, layout: Layout
) -> dict[str, Any]:
    """Return a clip's runs as plain JSON values; recording r is the run `names[r]`."""
    links, local, _ = skeleton(hand)
    joints = recorded["joints"].astype(float)
    points = Kinematics(hand).points(
        joints, links, np.broadcast_to(local, (*joints.shape[:2], *local.shape))
    )
    return {
        name: {
            "points": np.round(1000 * points[:, r]).astype(int).tolist(),
            "pose": np.round(recorded["pose"][:, r].astype(float), 4).tolist(),
            "goal": np.round(recorded["goal"][:, r].astype(float), 4).tolist(),
            "dropped": recorded["dropped"][:, r].tolist(),
        }
        for r, name in enumerate(names)
    }
