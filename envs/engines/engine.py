"""What every physics engine offers; nothing above this file knows which one runs.

Frames: the palm is fixed at the world's origin, so the world frame is the hand frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import torch


@dataclass
class PhysicsState:
    """The world after a control step, for N environments, n joints and F fingers.

    Torques and contact forces are those of the control step's last physics step; right after a
    reset, those of the state that was set. `diverged` stays set until the next reset.
    """

    joint_position: torch.Tensor  # [N, n] float32 [rad]
    joint_velocity: torch.Tensor  # [N, n] float32 [rad/s]
    joint_torque: torch.Tensor  # [N, n] float32 [N m], of the actuators
    object_position: torch.Tensor  # [N, 3] float32 [m], origin of the object's frame
    object_quaternion: torch.Tensor  # [N, 4] float32, (w, x, y, z)
    object_linear_velocity: torch.Tensor  # [N, 3] float32 [m/s], of the frame's origin
    object_angular_velocity: torch.Tensor  # [N, 3] float32 [rad/s], hand frame
    contact_force: torch.Tensor  # [N, F] float32 [N], of each finger's net force on the object
    diverged: torch.Tensor  # [N] bool, the solver blew up: whatever is read here is junk

    @property
    def object_pose(self) -> torch.Tensor:
        """Position and quaternion, [N, 7]."""
        return torch.cat([self.object_position, self.object_quaternion], dim=-1)

    def tensors(self) -> dict[str, torch.Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass
class PhysicsParameters:
    """What randomisation may change in M environments without a new model."""

    object_mass: torch.Tensor  # [M] [kg]; the inertia follows
    friction: torch.Tensor  # [M] sliding friction of each contact: the mean of hand and object
    kp_factor: torch.Tensor  # [M] or [M, n], factor on the hand's kp
    kd_factor: torch.Tensor  # [M] or [M, n], factor on the hand's kd


class Engine(Protocol):
    """N environments stepped together.

    `ids` is an integer tensor [M] of distinct environments; arrays beside it have M rows.
    """

    num_envs: int
    control_dt: float  # [s]
    engine_seconds: float  # [s] wall time spent in `step` so far

    def reset(
        self,
        ids: torch.Tensor,
        joint_position: torch.Tensor,
        joint_target: torch.Tensor,
        object_pose: torch.Tensor,
    ) -> None:
        """Set joints [M, n], targets [M, n] and object poses [M, 7], everything at rest."""
        ...

    def step(self, targets: torch.Tensor, gravity: torch.Tensor, force: torch.Tensor) -> None:
        """Advance one control step under constant inputs.

        Args:
            targets: of the joint PD [N, n] [rad].
            gravity: acceleration of the object, hand frame [N, 3] [m/s^2].
            force: push on the object at its centre of mass, hand frame [N, 3] [N].
        """
        ...

    def state(self) -> PhysicsState:
        """Return the state; its tensors are the caller's."""
        ...

    def randomize(self, ids: torch.Tensor, parameters: PhysicsParameters) -> None:
        """Give environments other masses, frictions and gains from the next step on.

        Before `reset`: torques and forces of a state that was set are those of the models when
        somebody looks.
        """
        ...

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return everything that changes, for an exact continuation."""
        ...

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue where `state_dict` was taken, in an engine made with the same arguments."""
        ...

    def close(self) -> None:
        """End the engine's threads."""
        ...
