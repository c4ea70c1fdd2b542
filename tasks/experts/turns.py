"""How often an expert turns an object by an angle, how long that takes, how often it drops it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from envs.turning import Turning
from models.rotations import angle

DWELL_S = 0.5  # [s] as task.goals.dwell_s

Expert = Callable[[np.ndarray], Tensor]  # poses to go to [N, 7] -> actions [N, n]


@dataclass(frozen=True)
class FirstTries:
    """First tries of N hands, each until it is met, the object is dropped or time is up.

    A turn is met when the object has stayed within the tolerance for DWELL_S.
    """

    met_s: np.ndarray  # [N] s, inf: never
    dropped_s: np.ndarray  # [N] s, before it was met; inf: never
    seconds: float  # given to each

    @property
    def success(self) -> np.ndarray:
        return np.isfinite(self.met_s)

    @property
    def minutes(self) -> float:
        """Minutes in which something could have been dropped, over all hands."""
        ends = np.minimum(np.minimum(self.met_s, self.dropped_s), self.seconds)
        return float(ends.sum()) / 60.0

    @property
    def drops(self) -> int:
        return int(np.isfinite(self.dropped_s).sum())


def turn(
    env: Turning,
    expert: Expert,
    goal: np.ndarray,
    *,
    seconds: float,
    tolerance: float,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> FirstTries:
    """Let an expert bring objects to poses `goal` [N, 7], within `tolerance` [rad] of rotation."""
    met, dropped = np.full(env.num_envs, np.inf), np.full(env.num_envs, np.inf)
    stayed = np.zeros(env.num_envs, dtype=int)  # [control steps]
    dwell = round(DWELL_S / env.dt)
    steps = round(seconds / env.dt)
    for step in range(steps):
        env.act(expert(goal))
        on = np.isinf(met) & np.isinf(dropped)
        off = angle(env.physics.object_pose.numpy()[:, 3:].astype(float), goal[:, 3:])
        dropped = np.where(on & env.gone, (step + 1) * env.dt, dropped)
        stayed = np.where(~env.gone & (off < tolerance), stayed + 1, 0)
        met = np.where(on & (stayed >= dwell), (step + 1) * env.dt, met)
        progress(step + 1, steps)
        if not on.any():
            break
    return FirstTries(met, dropped, seconds)
