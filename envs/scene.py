"""Hand, object and sensors in one MuJoCo model."""

from collections.abc import Sequence
from typing import Literal

import mujoco
import numpy as np

from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.hand import add_hand, contact_friction, finger_root
from envs.shapes.objects import OBJECT, ObjectModel
from models.rotations import from_matrix

INTEGRATORS = {
    "implicitfast": mujoco.mjtIntegrator.mjINT_IMPLICITFAST,
    "euler": mujoco.mjtIntegrator.mjINT_EULER,
}
CONES = {
    "elliptic": mujoco.mjtCone.mjCONE_ELLIPTIC,
    "pyramidal": mujoco.mjtCone.mjCONE_PYRAMIDAL,
}
CAMERA = "front"
CAMERA_POSITION = (0.36, 0.22, 0.20)  # [m] before the palm, to its side and above it
CAMERA_TARGET = (0.03, 0.0, 0.005)  # [m] about where an object is held
TABLE_HEIGHT = -0.25  # [m] top of the table below the palm's frame
# The contact sensor's data field `force` and its reduction to the net force over a finger.
CONTACT_DATA = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
NET_FORCE = 3


def build_scene(
    hand: Hand,
    object_model: ObjectModel | None,
    physics: Physics,
    *,
    mass: float,
    scale: float,
    friction: float,
    support: Literal["none", "table"] = "none",
    mount: Literal["fixed"] = "fixed",
) -> mujoco.MjSpec:
    """Describe a scene; `compile()` it, or save it as XML.

    Args:
        mass: of the object [kg]; its inertia follows from mass, shape and scale.
        scale: factor on all of the object's lengths; everything derived is compiled.
        friction: sliding friction of a contact. MuJoCo takes the larger of two geoms, so every
            geom is given this one value, the mean of hand and object.
        mount: `fixed`, the palm does not move; the wrist's motion is gravity in the hand frame.

    The model's own gravity is zero: whoever steps it applies gravity to the object, as a force
    at its centre of mass or by setting `opt.gravity` (the hand is compensated for it).
    Sensors: `torque_<joint>` [N m]; with an object, `contact_<finger>`, the net contact force of
    a finger and the object, three numbers [N].
    """
    spec = mujoco.MjSpec()
    spec.modelname = f"{hand.name}_{mount}"
    spec.compiler.degree = False
    _set_options(spec, physics)
    _add_stage(spec)
    add_hand(spec, hand, physics)
    _add_torque_sensors(spec, hand)
    if support == "table":
        _add_table(spec, physics)
    if object_model is not None:
        object_model.add_to(spec, physics, mass=mass, scale=scale)
        _add_contact_sensors(spec, hand)
    for geom in spec.geoms:
        geom.friction = contact_friction(physics, friction)
    return spec


def _set_options(spec: mujoco.MjSpec, physics: Physics) -> None:
    option = spec.option
    option.timestep = physics.timestep
    option.integrator = INTEGRATORS[physics.integrator]
    option.cone = CONES[physics.cone]
    option.impratio = physics.impratio
    option.iterations = physics.iterations
    option.ls_iterations = physics.ls_iterations
    option.gravity = [0.0, 0.0, 0.0]


def _add_torque_sensors(spec: mujoco.MjSpec, hand: Hand) -> None:
    for finger in hand.fingers:
        for link in finger.links:
            joint = f"{finger.name}_{link.name}"
            spec.add_sensor(
                name=f"torque_{joint}",
                type=mujoco.mjtSensor.mjSENS_ACTUATORFRC,
                objtype=mujoco.mjtObj.mjOBJ_ACTUATOR,
                objname=joint,
            )


def _add_contact_sensors(spec: mujoco.MjSpec, hand: Hand) -> None:
    for finger in hand.fingers:
        spec.add_sensor(
            name=f"contact_{finger.name}",
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=mujoco.mjtObj.mjOBJ_XBODY,  # the body with its subtree
            objname=finger_root(finger),
            reftype=mujoco.mjtObj.mjOBJ_XBODY,
            refname=OBJECT,
            intprm=[CONTACT_DATA, NET_FORCE, 1],
        )


def _add_table(spec: mujoco.MjSpec, physics: Physics) -> None:
    spec.worldbody.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.4, 0.4, 0.02],
        pos=[0.1, 0.0, TABLE_HEIGHT - 0.02],
        condim=physics.contact_dimensions,
        rgba=[0.72, 0.60, 0.46, 1.0],
    )


def _add_stage(spec: mujoco.MjSpec) -> None:
    """Add sky, lights and a camera, which physics does not see."""
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.95, 0.97],
        rgb2=[0.62, 0.69, 0.77],
        width=64,
        height=384,
    )
    visual = spec.visual
    visual.headlight.ambient = [0.35, 0.35, 0.35]
    visual.headlight.diffuse = [0.35, 0.35, 0.35]
    visual.headlight.specular = [0.1, 0.1, 0.1]
    visual.global_.offwidth, visual.global_.offheight = 1280, 960
    visual.map.znear = 0.01
    spec.stat.extent, spec.stat.center = 0.3, [0.05, 0.0, 0.05]
    for position in ([0.5, 0.4, 0.7], [0.5, -0.5, 0.3]):
        spec.worldbody.add_light(
            pos=position,
            dir=[-value for value in position],
            diffuse=[0.45, 0.45, 0.45],
            specular=[0.2, 0.2, 0.2],
            castshadow=True,
        )
    spec.worldbody.add_camera(
        name=CAMERA, pos=CAMERA_POSITION, quat=look_at(CAMERA_POSITION, CAMERA_TARGET), fovy=33.0
    )


def look_at(position: Sequence[float], target: Sequence[float]) -> np.ndarray:
    """Return the quaternion of a camera that sees `target` ahead and the world's z upright.

    A MuJoCo camera looks along its -z, with +y up in the picture.
    """
    back = np.subtract(position, target)
    right = np.cross([0.0, 0.0, 1.0], back)
    axes = np.stack([right, np.cross(back, right), back], axis=1)
    return from_matrix(axes / np.linalg.norm(axes, axis=0))
