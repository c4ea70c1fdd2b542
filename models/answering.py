"""One way to answer a command: what the gates judge, and what a robot asks with a batch of one."""

import numpy as np

from configs.layout import Layout
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import Answer, Assisting, Question


class Answering:
    """A controller that remembers the commands of B hands, each with settings of its own."""

    def __init__(self, session: Assisting, mode: np.ndarray, strength: np.ndarray) -> None:
        """Begin with empty memories.

        Args:
            mode: [B] index in the layout's modes. strength: [B, 6] (models/strength.py).
        """
        self.session, self.mode, self.strength = session, mode, strength
        self.memory = np.zeros((len(mode), session.memory_size), np.float32)

    def answer(
        self,
        history: np.ndarray,
        motion: np.ndarray,
        command: np.ndarray,
        started: np.ndarray,
        noise: np.ndarray,
    ) -> Answer:
        """Answer one control step's commands.

        Args:
            history: [B, H, S]. motion: [B, T, K, 3] (`commanded_motion`). command: [B, n] the
            same as an action. started: [B] bool, an episode begins: what was before is forgotten.
            noise: [B, T, K, 3] standard normal.
        """
        memory = np.where(started[:, None], np.float32(0.0), self.memory)
        question = Question(history, motion, command, memory, self.mode, self.strength, noise)
        found = self.session.assist(question)
        self.memory = found.memory
        return found


def commanded_motion(
    kinematics: Kinematics,
    layout: Layout,
    position: np.ndarray,
    target: np.ndarray,
    action: np.ndarray,
    desired: np.ndarray | None,
) -> np.ndarray:
    """Return the keypoint motion [..., T, K, 3] [m] that a command means.

    Args:
        position, target: [..., n] [rad] readings and present joint targets.
        action: [..., n] in [-1, 1]. desired: [..., n] [rad] joint targets of an absolute command,
        of which `action` is one step; None: the command is incremental.
    """
    if desired is None:
        return incremental_motion(kinematics, layout, position, action)
    return absolute_motion(kinematics, layout, position, target, desired)
