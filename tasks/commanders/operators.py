"""An operator with absolute commands, as in teleoperation: joint targets, late and inexact."""

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema
from models.motion import action_towards
from tasks.commanders.perturbations import Command, OrnsteinUhlenbeck, Situation, decay


class AbsoluteOperator:
    """Command the goal grasp's joint targets through a lag, a constant bias and slow noise.

    A new episode starts from the hand's present target, as an operator does who takes over.
    The clean command is the way that the lagged target, free of bias and noise, goes in a step:
    where the operator's own hand moves, wherever the robot's is.
    """

    def __init__(
        self,
        config: schema.Absolute,
        layout: Layout,
        shape: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        self.layout = layout
        self.keep = decay(layout, config.lag_s)
        self.bias = config.bias * rng.standard_normal(shape)
        ratio = decay(layout, config.noise_time_s)
        self.noise = OrnsteinUhlenbeck(config.noise, ratio, shape, rng)
        self.meant: np.ndarray | None = None  # [V, M, n] [rad]

    def command(self, situation: Situation) -> Command:
        before = situation.target if self.meant is None else self.meant
        before = np.where(situation.started[..., None], situation.target, before)
        meant = situation.goal_target + self.keep * (before - situation.goal_target)
        self.meant = meant
        desired = (meant + self.bias + self.noise.step()).astype(np.float32)
        clean = action_towards(self.layout, before, meant).astype(np.float32)
        action = action_towards(self.layout, situation.target, desired)
        return Command(action=action, clean=clean, desired=desired)
