"""Environments that share MuJoCo's threads, and the changes made to their models in place."""

from collections.abc import Mapping

import mujoco
import numpy as np
from mujoco.batch import Batch

from configs.errors import UserError
from configs.schema.hand import Actuation
from envs.engines.mujoco_models import object_bodies, object_columns, structure

# Counters that say that MuJoCo reset a simulation, or dropped contacts or constraints.
FATAL_WARNINGS = [
    int(mujoco.mjtWarning.mjWARN_CONTACTFULL),
    int(mujoco.mjtWarning.mjWARN_CNSTRFULL),
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
]
NUMBER = 1  # column of a warning counter (last info, number)


class CpuPool:
    """Environments whose models have one structure, stepped on one set of threads (a Pool).

    MuJoCo computes garbage without a word when an MjData serves a model of other sizes, so
    models of another structure belong in another pool.
    """

    def __init__(
        self,
        index: np.ndarray,
        models: list[mujoco.MjModel],
        actuation: Actuation,
        substeps: int,
        threads: int,
    ) -> None:
        if len({structure(model) for model in models}) != 1:
            raise UserError("models of different structure may not share an MjData pool")
        quiet()
        self.index = index
        self.models = models
        self.actuation, self.substeps = actuation, substeps
        self.batch = Batch(models[0], len(models), threads)
        self.batch.set_models(models)
        self.qpos, self.qvel = self.batch.bind("qpos"), self.batch.bind("qvel")
        self.ctrl = self.batch.bind("ctrl")
        self.warmstart = self.batch.bind("qacc_warmstart")
        self.sensors = self.batch.bind("sensordata")
        self.bodies = object_bodies(models[0])
        self.push = self.batch.bind("xfrc_applied")[:, self.bodies, :3]  # at centres of mass
        self.masses = np.array([model.body_mass[self.bodies] for model in models])  # [M, bodies]
        # Of the whole object's mass, from the compiled models: scaling what was scaled before
        # would drift in the last bits, and a resumed environment would not go on exactly
        whole = self.masses.sum(axis=1)
        self.mass_share = self.masses / whole[:, None]
        self.inertia_per_mass = [  # [bodies, 3] [m^2]
            model.body_inertia[self.bodies] / mass
            for model, mass in zip(models, whole, strict=True)
        ]
        self.positions, self.velocities = object_columns(models[0])
        self.reading_size = self.positions + self.velocities + self.sensors.shape[1]
        self._scratch = mujoco.MjData(models[0])
        self.batch.reset()

    def reset(
        self, places: np.ndarray, position: np.ndarray, target: np.ndarray, pose: np.ndarray
    ) -> None:
        joints = position.shape[1]
        self.qpos[places, :joints] = position
        self.qpos[places, joints : self.positions] = pose
        self.qpos[places, self.positions :] = 0.0  # what slides is in its middle
        self.ctrl[places] = target
        self.qvel[places] = self.warmstart[places] = self.push[places] = 0.0
        self.batch.warning[places] = 0

    def sense(self, places: np.ndarray) -> None:
        self.batch.forward(places)

    def step(self, target: np.ndarray, acceleration: np.ndarray, force: np.ndarray) -> None:
        self.ctrl[:] = target
        self.push[:] = self.masses[:, :, None] * acceleration[:, None]
        self.push[:, 0] += force
        self.batch.step(nstep=self.substeps)

    def reading(self, places: np.ndarray | slice) -> np.ndarray:
        state = (self.qpos[places][:, : self.positions], self.qvel[places][:, : self.velocities])
        parts = (*state, self.sensors[places])
        return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")

    def randomize(self, places: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        for row, place in enumerate(places.tolist()):
            self._change(place, {name: value[row] for name, value in values.items()})
        self.batch.set_models(self.models)  # tells the batch that they have changed

    def _change(self, place: int, values: Mapping[str, np.ndarray]) -> None:
        """Change one environment's model as a new compilation would: inertia follows mass, and the
        constants that the solver derives from both are computed again."""
        model, mass = self.models[place], values["object_mass"]
        model.body_inertia[self.bodies] = mass * self.inertia_per_mass[place]
        model.body_mass[self.bodies] = self.masses[place] = mass * self.mass_share[place]
        model.geom_friction[:, 0] = values["friction"]
        kp = self.actuation.kp * values["kp_factor"]
        model.actuator_gainprm[:, 0], model.actuator_biasprm[:, 1] = kp, -kp
        model.actuator_biasprm[:, 2] = -self.actuation.kd * values["kd_factor"]
        mujoco.mj_setConst(model, self._scratch)

    def diverged(self, places: np.ndarray | slice) -> np.ndarray:
        return (self.batch.warning[places][:, FATAL_WARNINGS, NUMBER] > 0).any(axis=1)

    def state(self) -> np.ndarray:
        return self.batch.state.copy()

    def restore(self, state: np.ndarray) -> None:
        self.batch.state[:] = state
        self.batch.warning[:] = 0


def quiet() -> None:
    """Keep MuJoCo from writing MUJOCO_LOG.TXT: its warnings are counted, as `diverged`."""
    config = mujoco.MjLogConfig.get()
    config.logto_console = config.logto_file = False
    mujoco.MjLogConfig.set(config)


def make_pools(
    models: list[mujoco.MjModel], actuation: Actuation, substeps: int, threads: int
) -> list[CpuPool]:
    """Put models of equal structure into one pool each, in order of first appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, model in enumerate(models):
        groups.setdefault(structure(model), []).append(row)
    return [
        CpuPool(np.array(rows), [models[row] for row in rows], actuation, substeps, threads)
        for rows in groups.values()
    ]
