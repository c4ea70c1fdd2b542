"""The engine of MuJoCo's models, on a CPU's cores or on a GPU: environments in pools.

A pool (`Pool`) steps environments whose models may stand side by side; which kind of pool it is,
`physics.engine` says: MuJoCo itself, the reference (mujoco_cpu.py), or MuJoCo Warp (mujoco_gpu.py).
Every environment has a model of its own, compiled, because a shape's scale reaches into inertia and
bounding radii; mass, friction and gains are then changed in place.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Protocol

import numpy as np
import torch

from configs.errors import UserError
from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.engines.engine import PhysicsParameters, PhysicsState
from envs.engines.mujoco_cpu import make_pools
from envs.engines.mujoco_models import compile_models
from envs.scene import count_substeps
from envs.shapes.objects import ObjectModel
from models.rotations import rotate

PARAMETERS = tuple(field.name for field in fields(PhysicsParameters))


class Pool(Protocol):
    """M environments stepped together; `places` are distinct rows of it, in rising order."""

    index: np.ndarray  # [M] which of the engine's environments these are
    reading_size: int

    def reset(
        self, places: np.ndarray, position: np.ndarray, target: np.ndarray, pose: np.ndarray
    ) -> None:
        """Set joints [P, n], targets [P, n] and object poses [P, 7], everything at rest."""
        ...

    def sense(self, places: np.ndarray) -> None:
        """Compute what sensors read of states that were set; a step does so itself."""
        ...

    def step(self, target: np.ndarray, acceleration: np.ndarray, force: np.ndarray) -> None:
        """Advance a control step under targets [M, n], the object's acceleration by gravity [M, 3]
        and a force at its centre of mass [M, 3]."""
        ...

    def reading(self, places: np.ndarray | slice) -> np.ndarray:
        """Return (qpos, qvel, sensors) side by side [P, reading_size] float32. What slides within
        an object is nobody's reading: so all objects' have one size."""
        ...

    def diverged(self, places: np.ndarray | slice) -> np.ndarray:
        """Return which environments [P] blew up since they were reset."""
        ...

    def randomize(self, places: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        """Change models as a new compilation would; `values` has PhysicsParameters' fields [P, ..]
        by name."""
        ...

    def state(self) -> np.ndarray:
        """Return a copy of all that changes [M, ...] but the models."""
        ...

    def restore(self, state: np.ndarray) -> None:
        """Continue where `state` was taken."""
        ...


class MujocoEngine:
    """N environments, each one hand and one object (the Engine protocol)."""

    def __init__(
        self,
        hand: Hand,
        physics: Physics,
        control_hz: float,
        objects: Sequence[ObjectModel],
        object_index: np.ndarray,
        scales: np.ndarray,
        threads: int | None = None,
    ) -> None:
        """Compile the environments' models, about a millisecond each.

        Args:
            control_hz: control steps a second, a whole number of physics steps each.
            object_index: which of `objects` each environment holds [N].
            scales: factor on that object's lengths [N].
            threads: that step environments side by side; None: one for each core. A GPU has none.
        """
        self.num_envs = len(object_index)
        self.substeps = count_substeps(physics.timestep, control_hz)
        self.control_dt = self.substeps * physics.timestep
        self.engine_seconds = 0.0
        self._joints = sum(len(finger.links) for finger in hand.fingers)
        self._object_index = np.asarray(object_index, dtype=np.int64)
        self._scales = np.asarray(scales, dtype=np.float64)
        things = (hand, physics, objects, self._object_index, self._scales)
        self.pools: Sequence[Pool]
        if physics.engine == "mujoco_warp":
            require_warp(physics)
            from envs.engines import mujoco_gpu

            self.pools = mujoco_gpu.make_pools(*things, self.substeps)
        else:
            cores = threads or len(os.sched_getaffinity(0))
            models = compile_models(*things)
            self.pools = make_pools(models, hand.actuation, self.substeps, cores)
        self._pool_of = np.empty(self.num_envs, dtype=np.int64)
        self._place_of = np.empty(self.num_envs, dtype=np.int64)
        for number, pool in enumerate(self.pools):
            self._pool_of[pool.index] = number
            self._place_of[pool.index] = np.arange(len(pool.index))
        self._parameters = nominal_parameters(physics, self.num_envs, self._joints)
        self._readings = torch.zeros(self.num_envs, self.pools[0].reading_size)
        self._diverged = torch.zeros(self.num_envs, dtype=torch.bool)
        self._unread = torch.ones(self.num_envs, dtype=torch.bool)  # set since they were read

    def reset(
        self,
        ids: torch.Tensor,
        joint_position: torch.Tensor,
        joint_target: torch.Tensor,
        object_pose: torch.Tensor,
    ) -> None:
        """Set joints, targets and object poses, everything at rest (see Engine)."""
        position, target, pose = map(as_array, (joint_position, joint_target, object_pose))
        for pool, places, rows in self._select(as_array(ids)):
            pool.reset(places, position[rows], target[rows], pose[rows])
        self._diverged[ids], self._unread[ids] = False, True

    def step(self, targets: torch.Tensor, gravity: torch.Tensor, force: torch.Tensor) -> None:
        """Advance one control step under constant inputs (see Engine)."""
        started = time.perf_counter()
        target, acceleration, push = map(as_array, (targets, gravity, force))
        for pool in self.pools:
            pool.step(target[pool.index], acceleration[pool.index], push[pool.index])
            self._read(pool, slice(None))
        self._unread[:] = False
        self.engine_seconds += time.perf_counter() - started

    def state(self) -> PhysicsState:
        """Return a copy of the state (see Engine)."""
        self._sense()
        n, readings = self._joints, self._readings.clone()
        parts = readings.split((n, 3, 4, n, 3, 3, n, readings.shape[1] - 3 * n - 13), dim=1)
        quaternion, spin, net_force = parts[2], parts[5], parts[7].unflatten(1, (-1, 3))
        return PhysicsState(
            joint_position=parts[0],
            joint_velocity=parts[3],
            joint_torque=parts[6],
            object_position=parts[1],
            object_quaternion=quaternion,
            object_linear_velocity=parts[4],
            # MuJoCo keeps a free body's angular velocity in the body's own frame.
            object_angular_velocity=rotate(quaternion, spin),
            contact_force=torch.linalg.vector_norm(net_force, dim=-1),
            diverged=self._diverged.clone(),
        )

    def randomize(self, ids: torch.Tensor, parameters: PhysicsParameters) -> None:
        """Change masses, frictions and gains in place (see Engine)."""
        rows = as_array(ids)
        for name, kept in self._parameters.items():
            given = as_array(getattr(parameters, name))
            kept[rows] = given[:, None] if given.ndim < kept.ndim else given
        for pool, places, chosen in self._select(rows):
            values = {name: kept[rows[chosen]] for name, kept in self._parameters.items()}
            pool.randomize(places, values)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return everything that changes (see Engine)."""
        self._sense()
        state = {"readings": self._readings.clone(), "diverged": self._diverged.clone()}
        arrays = {f"parameters.{name}": kept for name, kept in self._parameters.items()}
        arrays |= {f"pool.{number}": pool.state() for number, pool in enumerate(self.pools)}
        arrays |= {"object_index": self._object_index, "scales": self._scales}
        return state | {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue where `state_dict` was taken (see Engine).

        Raises:
            UserError: it was taken with other objects or scales.
        """
        for name, own in (("object_index", self._object_index), ("scales", self._scales)):
            if not np.array_equal(as_array(state[name]), own):
                raise UserError(f"physics state: its {name} differ from this engine's")
        kept = {name: state[f"parameters.{name}"] for name in PARAMETERS}
        self.randomize(torch.arange(self.num_envs), PhysicsParameters(**kept))
        for number, pool in enumerate(self.pools):
            pool.restore(as_array(state[f"pool.{number}"]))  # what they said is in `diverged`
        self._readings.copy_(state["readings"])
        self._diverged.copy_(state["diverged"])
        self._unread[:] = False

    def close(self) -> None:
        """End the threads; the engine cannot be used afterwards."""
        self.pools = []

    def _sense(self) -> None:
        """Read what was set and not yet stepped: many are not looked at before they are."""
        if self._unread.any():
            for pool, places, _ in self._select(np.flatnonzero(self._unread.numpy())):
                pool.sense(places)
                self._read(pool, places)
            self._unread[:] = False

    def _select(self, ids: np.ndarray) -> Iterator[tuple[Pool, np.ndarray, np.ndarray]]:
        """Yield each pool concerned, places in it in rising order, and their rows in `ids`."""
        for number, pool in enumerate(self.pools):
            rows = np.flatnonzero(self._pool_of[ids] == number)
            places = self._place_of[ids[rows]]
            order = np.argsort(places)
            if len(rows):
                yield pool, places[order], rows[order]

    def _read(self, pool: Pool, places: np.ndarray | slice) -> None:
        """Copy some of a pool's environments into the readings."""
        rows = torch.from_numpy(pool.index[places])
        self._readings[rows] = torch.from_numpy(pool.reading(places))
        self._diverged[rows] |= torch.from_numpy(pool.diverged(places))


def require_warp(physics: Physics) -> None:
    """Refuse MuJoCo Warp, an extra that is slow to import, where it cannot run.

    Raises:
        UserError: it is not installed, or its device is not there.
    """
    try:
        from envs.engines.mujoco_gpu import open_device
    except ModuleNotFoundError as error:
        raise UserError(
            f"physics.engine: mujoco_warp needs {error.name}, which is not installed; "
            "install the extra `gpu` (pip install -e '.[gpu]') or set physics.engine=mujoco"
        ) from None
    open_device(physics.device)


def nominal_parameters(physics: Physics, count: int, joints: int) -> dict[str, np.ndarray]:
    """Return what the models are compiled with, by name of PhysicsParameters' fields."""
    return {
        "object_mass": np.full(count, physics.object_mass),
        "friction": np.full(count, physics.friction),
        "kp_factor": np.ones((count, joints)),
        "kd_factor": np.ones((count, joints)),
    }


def as_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
