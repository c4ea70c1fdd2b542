"""Hand, object and sensors in one MuJoCo model."""

import mujoco

from configs.errors import UserError
from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.hand import add_hand, finger_root
from envs.shapes.objects import OBJECT, ObjectModel

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
) -> mujoco.MjSpec:
    """Describe a scene, whose palm does not move; `compile()` it, or save it as XML.

    Args:
        mass: of the object [kg]; its inertia follows from mass, shape and scale.
        scale: factor on all of the object's lengths; everything derived is compiled.
        friction: sliding friction of a contact. MuJoCo takes the larger of two geoms, so every
            geom is given this one value, the mean of hand and object.

    The model's own gravity is zero: whoever steps it applies gravity to the object, as a force
    at its centre of mass or by setting `opt.gravity` (the hand is compensated for it).
    Sensors: `torque_<joint>` [N m]; with an object, `contact_<finger>`, the net contact force of
    a finger and the object, three numbers [N].
    """
    spec = mujoco.MjSpec()
    spec.modelname = hand.name
    spec.compiler.degree = False
    _set_options(spec, physics)
    _add_stage(spec)
    add_hand(spec, hand)
    _add_torque_sensors(spec, hand)
    if object_model is not None:
        object_model.add_to(spec, physics, mass=mass, scale=scale)
        _add_contact_sensors(spec, hand)
    for geom in spec.geoms:
        geom.friction = [friction, physics.friction_torsional, physics.friction_rolling]
        geom.condim = physics.contact_dimensions
    return spec


def count_substeps(timestep: float, control_hz: float) -> int:
    """Return the physics steps in a control step.

    Raises:
        UserError: they are not a whole number.
    """
    steps = 1.0 / (timestep * control_hz)
    if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
        raise UserError(
            f"control.hz {control_hz:g} and physics.timestep {timestep:g} s make {steps:.3f} "
            "physics steps a control step; choose them so that it is a whole number"
        )
    return round(steps)


def _set_options(spec: mujoco.MjSpec, physics: Physics) -> None:
    option = spec.option
    option.timestep = physics.timestep
    option.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{physics.integrator.upper()}")
    option.cone = getattr(mujoco.mjtCone, f"mjCONE_{physics.cone.upper()}")
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


def _add_stage(spec: mujoco.MjSpec) -> None:
    """Add sky and lights, which physics does not see."""
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
