"""A simulated hand with an object, behind the interface of a real hand."""

from dataclasses import dataclass

import mujoco
import numpy as np

from configs.layout import Layout
from configs.schema.hand import Hand
from configs.schema.physics import Physics
from configs.schema.robot import TwinWorld
from envs.scene import build_scene, count_substeps
from envs.shapes.objects import OBJECT, ObjectModel
from models.rotations import from_rotation_vector, rotate
from robot.interfaces import HandReading


@dataclass(frozen=True)
class Wrist:
    """Motion of the wrist, as gravity in the hand frame: a direction that turns about an axis."""

    gravity: np.ndarray  # [3] unit vector at time 0
    axis: np.ndarray  # [3] unit vector
    speed: float  # [rad/s]

    def direction(self, seconds: float) -> np.ndarray:
        """Return gravity's direction [3] in the hand frame."""
        return rotate(from_rotation_vector(self.axis * self.speed * seconds), self.gravity)


class Twin:
    """Hand and object in one MjData; writing targets advances it by one control step.

    Time is simulated: the targets act at once, so a tick's latency is measured beside the
    physics and does not delay it.
    """

    def __init__(
        self, hand: Hand, layout: Layout, physics: Physics, world: TwinWorld, item: ObjectModel
    ) -> None:
        """Compile the scene at nominal mass and friction.

        Raises:
            UserError: the control period is not a whole number of physics steps.
        """
        self._substeps = count_substeps(physics.timestep, layout.control_hz)
        spec = build_scene(
            hand, item, physics, mass=physics.object_mass, scale=1.0, friction=physics.friction
        )
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._gravity, self._world = physics.gravity, world
        joints = [self.model.joint(name) for name in layout.joint_names]
        self._joints = np.array([joint.qposadr[0] for joint in joints])
        self._actuators = np.array([self.model.actuator(name).id for name in layout.joint_names])
        free = self.model.joint(OBJECT).qposadr[0]
        self._object = slice(free, free + 7)
        self._rng = np.random.default_rng(0)
        self._wrist = Wrist(np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0]), 0.0)
        self.closed = False

    def reset(
        self,
        joint_position: np.ndarray,
        joint_target: np.ndarray,
        object_pose: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """Start from a grasp: joints [n] [rad], targets [n] [rad], the object's pose [7].

        `rng` draws the wrist's motion now and the readings' noise later.
        """
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._joints] = joint_position
        self.data.qpos[self._object] = object_pose
        self.data.ctrl[self._actuators] = joint_target
        down, axis = rng.standard_normal((2, 3))
        axis -= axis @ down * down / (down @ down)  # turning about gravity itself does nothing
        self._wrist = Wrist(
            gravity=down / np.linalg.norm(down),
            axis=axis / np.linalg.norm(axis),
            speed=float(rng.uniform(*self._world.wrist_speed)),
        )
        self._rng = rng
        mujoco.mj_forward(self.model, self.data)

    def read(self) -> HandReading:
        """Return the joint positions, with the observation noise."""
        position = self.data.qpos[self._joints].astype(np.float32)
        noise = self._rng.standard_normal(len(position), dtype=np.float32)
        return HandReading(position + np.float32(self._world.observation_noise) * noise)

    def write(self, target: np.ndarray) -> None:
        """Put joint targets [n] [rad] in force and simulate one control step."""
        if self.closed:
            raise RuntimeError("the twin was closed; its last targets stay in force")
        self.data.ctrl[self._actuators] = target
        self.model.opt.gravity = self._gravity * self._wrist.direction(self.seconds)
        mujoco.mj_step(self.model, self.data, nstep=self._substeps)

    def close(self) -> None:
        """Take no more targets; the last ones stay in force."""
        self.closed = True

    @property
    def seconds(self) -> float:
        """Simulated time since the reset [s]."""
        return float(self.data.time)

    def object_pose(self) -> np.ndarray:
        """Return the object's pose [7] in the hand frame."""
        return self.data.qpos[self._object].copy()

    def diverged(self) -> bool:
        """Return whether MuJoCo gave up on this state (a blow-up counts as a drop)."""
        bad = (mujoco.mjtWarning.mjWARN_BADQACC, mujoco.mjtWarning.mjWARN_BADQVEL)
        warned = any(self.data.warning[int(kind)].number for kind in bad)
        return warned or not np.isfinite(self.data.qpos).all()

    def dropped(self, goal_pose: np.ndarray) -> bool:
        """Return whether the object is lost: too far from its goal's pose [7], or diverged."""
        distance = np.linalg.norm(self.object_pose()[:3] - goal_pose[:3])
        return self.diverged() or bool(distance > self._world.drop_distance)
