"""Environments that share MuJoCo's threads, and the changes made to their models in place."""

import copy
from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from mujoco.batch import Batch

from configs.schema.hand import Actuation, Hand
from configs.schema.physics import Physics
from envs.engine import EngineError
from envs.objects import OBJECT, ObjectModel
from envs.scene import build_scene

# Counters that say that MuJoCo reset a simulation, or dropped contacts or constraints.
FATAL_WARNINGS = [
    int(mujoco.mjtWarning.mjWARN_CONTACTFULL),
    int(mujoco.mjtWarning.mjWARN_CNSTRFULL),
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
]
NUMBER = 1  # column of a warning counter (last info, number)
# Sizes of assets and names, which MjData does not hold.
ASSETS = ("nmesh", "ntex", "nmat", "nskin", "nhfield", "nnames", "npaths", "ntext", "nbuffer")


class Pool:
    """Environments whose models have one structure, stepped on one set of threads.

    MuJoCo computes garbage without a word when an MjData serves a model of other sizes, so
    models of another structure belong in another pool.
    """

    def __init__(self, index: np.ndarray, models: list[mujoco.MjModel], threads: int) -> None:
        if len({structure(model) for model in models}) != 1:
            raise EngineError("models of different structure may not share an MjData pool")
        quiet()
        self.index = index  # [M] which of the engine's environments these are
        self.models = models
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
        joint = models[0].joint(OBJECT)
        self.positions, self.velocities = joint.qposadr[0] + 7, joint.dofadr[0] + 6
        self._scratch = mujoco.MjData(models[0])

    @property
    def reading_size(self) -> int:
        return self.positions + self.velocities + self.sensors.shape[1]

    def reading(self, local: np.ndarray | slice) -> np.ndarray:
        """Return (qpos, qvel, sensors) of some environments side by side, float32.

        What slides within an object is nobody's reading: so all objects' have one size.
        """
        state = (self.qpos[local][:, : self.positions], self.qvel[local][:, : self.velocities])
        parts = (*state, self.sensors[local])
        return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")

    def randomize(self, local: int, values: Mapping[str, np.ndarray], actuation: Actuation) -> None:
        """Change one environment's mass, friction and gains as a new compilation would.

        `values` has the fields of PhysicsParameters. Inertia follows mass, and the constants
        that the solver derives from both are computed again.
        """
        model, mass = self.models[local], values["object_mass"]
        model.body_inertia[self.bodies] = mass * self.inertia_per_mass[local]
        model.body_mass[self.bodies] = self.masses[local] = mass * self.mass_share[local]
        model.geom_friction[:, 0] = values["friction"]
        kp = actuation.kp * values["kp_factor"]
        model.actuator_gainprm[:, 0], model.actuator_biasprm[:, 1] = kp, -kp
        model.actuator_biasprm[:, 2] = -actuation.kd * values["kd_factor"]
        mujoco.mj_setConst(model, self._scratch)

    def announce(self) -> None:
        """Tell the batch that its models have changed."""
        self.batch.set_models(self.models)

    def diverged(self, local: np.ndarray | slice) -> np.ndarray:
        """Return which environments blew up since their counters were cleared."""
        return (self.batch.warning[local][:, FATAL_WARNINGS, NUMBER] > 0).any(axis=1)


def object_bodies(model: mujoco.MjModel) -> slice:
    """Return the numbers of the object's body and of what slides within it, which follows it."""
    root = model.body(OBJECT).id
    return slice(root, root + int((model.body_rootid == root).sum()))


def quiet() -> None:
    """Keep MuJoCo from writing MUJOCO_LOG.TXT: its warnings are counted, as `diverged`."""
    config = mujoco.MjLogConfig.get()
    config.logto_console = config.logto_file = False
    mujoco.MjLogConfig.set(config)


def structure(model: mujoco.MjModel) -> tuple[int, ...]:
    """Return all of the model's sizes that an MjData depends on."""
    names = sorted(name for name in dir(model) if name.startswith("n"))
    values = [getattr(model, name) for name in names if not name.startswith(ASSETS)]
    return tuple(value for value in values if isinstance(value, int))


def compile_models(
    hand: Hand,
    physics: Physics,
    objects: Sequence[ObjectModel],
    object_index: np.ndarray,
    scales: np.ndarray,
) -> list[mujoco.MjModel]:
    """Return a model of its own for each environment; each (object, scale) is compiled once."""
    compiled: dict[tuple[int, float], mujoco.MjModel] = {}
    models = []
    for index, scale in zip(object_index.tolist(), scales.tolist(), strict=True):
        if (index, scale) not in compiled:
            scene = build_scene(
                hand,
                objects[index],
                physics,
                mass=physics.object_mass,
                scale=scale,
                friction=physics.friction,
            )
            compiled[index, scale] = scene.compile()
        models.append(copy.copy(compiled[index, scale]))
    return models


def make_pools(models: list[mujoco.MjModel], threads: int) -> list[Pool]:
    """Put models of equal structure into one pool each, in order of first appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, model in enumerate(models):
        groups.setdefault(structure(model), []).append(row)
    return [
        Pool(np.array(rows), [models[row] for row in rows], threads) for rows in groups.values()
    ]
