"""Environments on a GPU: MuJoCo Warp steps the same models, all at once.

Its CPU device runs the same code, at a fifth of the rate of MuJoCo on two cores: it is what shows
the two to agree where there is no GPU. Numbers are float32. On a GPU two equal runs differ in the
last digits, and then in more: contacts come in the order in which threads find them. (Warp 1.19 can
fix the order of sums, but not yet that of contacts, and sorts whole buffers for it.)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import mujoco
import mujoco_warp as mjw
import numpy as np
import torch
import warp as wp

from configs.errors import UserError
from configs.schema.hand import Actuation, Hand
from configs.schema.physics import Physics
from envs.engines.mujoco_models import compile_models, object_bodies, object_columns
from envs.engines.mujoco_shared import OWN_FIELDS, Shared, share
from envs.shapes.objects import ObjectModel

# Buffers of all environments that were too small, and of one: contacts or constraints were dropped.
POOL_FULL = mjw.OverflowType.BROADPHASE | mjw.OverflowType.NARROWPHASE | mjw.OverflowType.CCD
FULL = mjw.OverflowType.NEFC | mjw.OverflowType.NJMAX_NNZ | mjw.OverflowType.CONTACT_MATCH
WORST = 2  # times the mean number of contacts that one environment has room for
BAD = 1e10  # beyond it MuJoCo calls a position or velocity bad


class WarpPool:
    """Environments that share what Warp keeps once for all of them (a Pool)."""

    def __init__(
        self,
        group: Shared,
        models: Sequence[mujoco.MjModel],
        actuation: Actuation,
        physics: Physics,
        substeps: int,
    ) -> None:
        """Put a group of the engine's models on the device."""
        self.index, self.actuation, self.contacts = group.rows, actuation, physics.contacts
        self.device = open_device(physics.device)
        self.bodies = object_bodies(group.model)
        self.positions, self.velocities = object_columns(group.model)
        self._make(group.model, len(group.rows), physics)
        with self._stream():
            self._fill([models[row] for row in group.rows], group.mesh)
            self._bind()
            self._step, self._forward = self._record(substeps)

    def _make(self, shared: mujoco.MjModel, count: int, physics: Physics) -> None:
        """Make model and data, and step once: what is compiled or allocated is so before anything
        is recorded. On Warp's own queue, since Warp frees memory without regard to others."""
        rows = WORST * physics.contacts * physics.contact_dimensions + 2 * int(shared.nv)
        with wp.ScopedDevice(self.device):
            self.model = mjw.put_model(shared, dict.fromkeys(OWN_FIELDS, count))
            self.model.opt.warn_overflow = int(mjw.OverflowType.NONE)  # it is raised, not printed
            self.data = mjw.make_data(shared, count, nconmax=physics.contacts, njmax=rows)
            mjw.step(self.model, self.data)
            mjw.reset_data(self.model, self.data)
            wp.synchronize_device(self.device)

    def _fill(self, models: Sequence[mujoco.MjModel], mesh: np.ndarray) -> None:
        """Give every environment the fields of its own model."""
        self.fields = {name: wp.to_torch(getattr(self.model, name)) for name in OWN_FIELDS}
        for name, field in self.fields.items():
            own = mesh if name == "geom_dataid" else np.array([getattr(m, name) for m in models])
            field.flatten(1).copy_(torch.from_numpy(own.reshape(len(own), -1)))
        dofs = slice(self.velocities - 6, int(self.model.nv))
        self.compiled = Masses.of(self.fields, self.bodies, dofs)

    def _bind(self) -> None:
        names = ("qpos", "qvel", "ctrl", "qacc_warmstart", "xfrc_applied")
        self.arrays = {name: wp.to_torch(getattr(self.data, name)) for name in names}
        self.qpos, self.qvel, self.ctrl, self.warmstart, push = self.arrays.values()
        self.push = push[:, self.bodies, :3]  # at centres of mass
        self.sensors = wp.to_torch(self.data.sensordata)
        self.overflow = wp.to_torch(self.data.overflow)
        self.reading_size = self.positions + self.velocities + self.sensors.shape[1]

    def _record(self, substeps: int) -> tuple["Launch", "Launch"]:
        """Return a control step and a forward pass, as CUDA graphs where there is CUDA."""

        def step() -> None:
            for _ in range(substeps):
                mjw.step(self.model, self.data)

        def forward() -> None:
            mjw.forward(self.model, self.data)

        return Launch(step, self.device), Launch(forward, self.device)

    @contextmanager
    def _stream(self) -> Iterator[None]:
        """Let Warp and torch put their work into one queue, in the order of the code."""
        if not self.device.is_cuda:
            with wp.ScopedDevice(self.device):
                yield
            return
        queue, same = streams(wp.device_to_torch(self.device))
        with torch.cuda.stream(queue), wp.ScopedStream(same):
            yield

    def reset(
        self, places: np.ndarray, position: np.ndarray, target: np.ndarray, pose: np.ndarray
    ) -> None:
        with self._stream():
            rows, joints = self._put(places), position.shape[1]
            self.qpos[rows, :joints] = self._put(position)
            self.qpos[rows, joints : self.positions] = self._put(pose)
            self.qpos[rows, self.positions :] = 0.0  # what slides is in its middle
            self.ctrl[rows] = self._put(target)
            for array in (self.qvel, self.warmstart, self.arrays["xfrc_applied"]):
                array[rows] = 0.0
            self.overflow[rows] = 0

    def sense(self, places: np.ndarray) -> None:
        with self._stream():
            self._forward()  # of all, but the others' readings stay those of their last step

    def step(self, target: np.ndarray, acceleration: np.ndarray, force: np.ndarray) -> None:
        with self._stream():
            self.ctrl.copy_(self._put(target))
            mass = self.fields["body_mass"][:, self.bodies, None]
            self.push.copy_(mass * self._put(acceleration)[:, None])
            self.push[:, 0] += self._put(force)
            self._step()
            self._check()

    def reading(self, places: np.ndarray | slice) -> np.ndarray:
        with self._stream():
            rows = self._rows(places)
            state = (self.qpos[rows, : self.positions], self.qvel[rows, : self.velocities])
            return torch.cat([*state, self.sensors[rows]], dim=1).cpu().numpy()

    def diverged(self, places: np.ndarray | slice) -> np.ndarray:
        with self._stream():
            rows = self._rows(places)
            qpos, qvel = self.qpos[rows], self.qvel[rows]
            fine = (qpos.abs() < BAD).all(dim=1) & (qvel.abs() < BAD).all(dim=1)  # NaN is not
            fine &= (self.overflow[rows] & int(FULL)) == 0
            return (~fine).cpu().numpy()

    def randomize(self, places: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        with self._stream():
            rows, own = self._put(places), self.fields
            mass, friction, kp, kd = (
                self._put(values[name])
                for name in ("object_mass", "friction", "kp_factor", "kd_factor")
            )
            self.compiled.put(own, rows, mass)
            own["geom_friction"][rows, :, 0] = friction[:, None]
            own["actuator_gainprm"][rows, :, 0] = self.actuation.kp * kp
            own["actuator_biasprm"][rows, :, 1] = -self.actuation.kp * kp
            own["actuator_biasprm"][rows, :, 2] = -self.actuation.kd * kd

    def state(self) -> np.ndarray:
        with self._stream():
            parts = [array.flatten(1) for array in self.arrays.values()]
            return torch.cat(parts, dim=1).cpu().numpy().copy()

    def restore(self, state: np.ndarray) -> None:
        with self._stream():
            widths = [array[0].numel() for array in self.arrays.values()]
            parts = self._put(state).split(widths, dim=1)
            for array, part in zip(self.arrays.values(), parts, strict=True):
                array.copy_(part.reshape(array.shape))
            self.overflow.zero_()

    def _put(self, array: np.ndarray) -> torch.Tensor:
        """Return indices, or numbers as float32, on the device."""
        tensor = torch.from_numpy(array)
        return tensor.to(self.qpos.device, None if array.dtype.kind == "i" else torch.float32)

    def _rows(self, places: np.ndarray | slice) -> torch.Tensor | slice:
        return places if isinstance(places, slice) else self._put(places)

    def _check(self) -> None:
        """Raise what was lost of the contacts that all environments share room for."""
        full = int(self.overflow[:1].item()) & int(POOL_FULL)  # said to every environment
        if full:
            raise UserError(
                f"physics.contacts: room for {self.contacts} contacts an environment, on average "
                f"over {len(self.index)}, is too little ({mjw.OverflowType(full).name} overflow), "
                "and contacts were lost; raise it"
            )


@dataclass(frozen=True)
class Masses:
    """What of the compiled models follows the object's mass, which is a tree of its own: masses and
    inertias grow with it, the inverse weights that the solver derives from them shrink.

    Not by `mujoco_warp.set_const`, which gives the first link of a finger another inverse weight
    than MuJoCo does.
    """

    bodies: slice
    dofs: slice
    whole: torch.Tensor  # [M] kg
    fields: dict[str, torch.Tensor]  # [M, ...] of the object's bodies or degrees of freedom
    hand: torch.Tensor  # [M] kg

    @staticmethod
    def of(fields: Mapping[str, torch.Tensor], bodies: slice, dofs: slice) -> "Masses":
        places = dict.fromkeys(("body_mass", "body_inertia", "body_subtreemass"), bodies)
        places |= {"body_invweight0": bodies, "dof_invweight0": dofs}
        kept = {name: fields[name][:, place].clone() for name, place in places.items()}
        whole = kept["body_mass"].sum(dim=1)
        return Masses(bodies, dofs, whole, kept, fields["body_subtreemass"][:, 0] - whole)

    def put(
        self, fields: Mapping[str, torch.Tensor], rows: torch.Tensor, mass: torch.Tensor
    ) -> None:
        """Give the objects of some environments [P] another mass [P] [kg]."""
        factor = mass / self.whole[rows]
        for name, kept in self.fields.items():
            place = self.dofs if name.startswith("dof") else self.bodies
            times = 1.0 / factor if name.endswith("invweight0") else factor
            shape = (-1, *[1] * (kept.ndim - 1))
            fields[name][rows, place] = times.reshape(shape) * kept[rows]
        fields["body_subtreemass"][rows, 0] = self.hand[rows] + mass  # of the world


class Launch:
    """Work that is done again and again: a CUDA graph on a GPU, a plain call elsewhere."""

    def __init__(self, work: Callable[[], None], device: wp.Device) -> None:
        self.work, self.graph = work, None
        if device.is_cuda:
            with wp.ScopedCapture() as capture:
                work()
            self.graph = capture.graph

    def __call__(self) -> None:
        if self.graph is None:
            self.work()
        else:
            wp.capture_launch(self.graph)


def make_pools(
    hand: Hand,
    physics: Physics,
    objects: Sequence[ObjectModel],
    object_index: np.ndarray,
    scales: np.ndarray,
    substeps: int,
) -> list[WarpPool]:
    """Put environments into pools of what Warp can step at once, in order of first appearance."""
    models = compile_models(hand, physics, objects, object_index, scales)
    return [
        WarpPool(group, models, hand.actuation, physics, substeps)
        for group in share(hand, physics, objects, object_index, scales, models)
    ]


def open_device(name: str) -> wp.Device:
    """Return a device of Warp.

    Raises:
        UserError: there is no such device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "physics.device: cuda, but torch finds no CUDA device; set physics.engine=mujoco "
            "physics.device=cpu, or install a torch with CUDA"
        )
    wp.config.log_level = wp.LOG_ERROR
    wp.init()
    if name == "cuda" and not (wp.is_cuda_available() and wp.is_conditional_graph_supported()):
        raise UserError(
            "physics.device: cuda, but Warp finds no CUDA driver of 12.4 or newer; renew it or set "
            "physics.engine=mujoco physics.device=cpu"
        )
    return wp.get_device(name)


@cache
def streams(device: str) -> tuple[torch.cuda.Stream, wp.Stream]:
    """Return torch's and Warp's side of the queue that all pools of a device share: one of its own,
    because CUDA records no graph on the default one."""
    queue = torch.cuda.Stream(device=device)
    return queue, wp.stream_from_torch(queue)
