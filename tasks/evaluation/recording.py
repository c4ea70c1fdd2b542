"""Recordings of a few environments, for the report's clips, and the scene that they play in."""

from collections.abc import Mapping, Sequence
from typing import Any

import mujoco
import numpy as np

from configs.layout import Layout
from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.manipulation import ManipulationEnv
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, ObjectModel

GOAL = "goal_"  # before the names of where the object should go
GOAL_COLOUR = (0.0, 0.35, 0.75, 0.3)  # it is seen through
TONE = 0.62  # of the checker's darker fields, by which an object's turning shows
DIGITS = 4  # [m] [rad] a tenth of a millimetre is less than a pixel


class Recorder:
    """Keep what a clip shows of chosen environments, step by step, up to a length."""

    def __init__(self, rows: Sequence[int], ticks: int) -> None:
        self.rows, self.ticks = list(rows), ticks
        self.moments: list[tuple[np.ndarray, ...]] = []

    def step(self, env: ManipulationEnv, dropped: np.ndarray) -> None:
        """Note the moment after a control step; after a drop it is the next episode's first."""
        if len(self.moments) < self.ticks:
            rows, physics = self.rows, env.physics
            goal = env.goals.pose[rows].numpy()
            joints, pose = physics.joint_position[rows].numpy(), physics.object_pose[rows].numpy()
            self.moments.append((joints, pose, goal, dropped[rows].astype(np.uint8)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return joints [T, R, n] [rad], pose and goal [T, R, 7] and dropped [T, R]."""
        parts = zip(*self.moments, strict=True)
        names = ("joints", "pose", "goal", "dropped")
        return {name: np.stack(part) for name, part in zip(names, parts, strict=True)}


def scene_of(hand: Hand, item: ObjectModel, physics: Physics) -> str:
    """Return a clip's scene as MuJoCo XML: hand, object, and where the object should go.

    A clip holds its own scene, so that whoever draws it needs neither configuration nor objects.
    """
    mass, friction = physics.object_mass, physics.friction
    spec = build_scene(hand, item, physics, mass=mass, scale=1.0, friction=friction)
    goal = mujoco.MjSpec()
    item.add_to(goal, physics, mass=mass, scale=1.0)
    for geom in [geom for geom in spec.geoms if geom.name.startswith(OBJECT)]:
        geom.material = checker(spec, geom).name
    for geom in goal.geoms:
        geom.contype = geom.conaffinity = 0
        geom.rgba = GOAL_COLOUR
    spec.attach(goal, prefix=GOAL, frame=spec.worldbody.add_frame())
    spec.compile()
    return spec.to_xml()


def checker(spec: mujoco.MjSpec, geom: mujoco.MjsGeom) -> mujoco.MjsMaterial:
    """Add a material of a geom's own colour in two tones."""
    spec.add_texture(
        name=geom.name,
        type=mujoco.mjtTexture.mjTEXTURE_CUBE,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=geom.rgba[:3],
        rgb2=TONE * geom.rgba[:3],
        width=64,
        height=64,
    )
    material = spec.add_material(name=geom.name)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = geom.name
    geom.rgba = [1.0, 1.0, 1.0, 1.0]
    return material


def run_of(
    recorded: Mapping[str, np.ndarray], row: int, scene: str, layout: Layout
) -> dict[str, Any]:
    """Return one of the recordings as plain JSON values: `states` [T, nq] of the scene and
    `dropped` [T]."""
    model = mujoco.MjModel.from_xml_string(scene)
    joints = [model.joint(name).qposadr[0] for name in layout.joint_names]
    states = np.tile(model.qpos0, (len(recorded["joints"]), 1))
    states[:, joints] = recorded["joints"][:, row]
    for key, name in (("pose", OBJECT), ("goal", GOAL + OBJECT)):
        states[:, model.joint(name).qposadr[0] + np.arange(7)] = recorded[key][:, row]
    return {
        "states": np.round(states, DIGITS).tolist(),
        "dropped": recorded["dropped"][:, row].tolist(),
    }
