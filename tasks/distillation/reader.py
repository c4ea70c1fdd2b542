"""A student beside an environment: it hears every command and says what it reads."""

import torch
from torch import Tensor

from envs.manipulation import ManipulationEnv
from models.student import Student


class Reader:
    """One student for N environments, with a memory of each one's commands."""

    def __init__(self, student: Student, count: int) -> None:
        self.student = student
        self.memory = student.memory.empty(count)

    @torch.no_grad()
    def hear(self, env: ManipulationEnv, command: Tensor) -> Tensor:
        """Take in a control step's commands [N, n] and return the features [N, width].

        Where an episode begins, what was before is forgotten.
        """
        self.memory[env.started] = 0.0
        remembered = self.student.memory
        now = remembered.now(command, env.joint_target, env.joint_observation)
        self.memory = remembered.step(self.memory, now)
        return remembered.features(self.memory, now)

    @torch.no_grad()
    def read(self, env: ManipulationEnv, command: Tensor) -> Tensor:
        """Return what a control step's commands mean, as actions [N, n]."""
        return self.student.act(self.hear(env, command))
