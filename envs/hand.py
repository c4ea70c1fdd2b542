"""The hand as MuJoCo bodies, built from its data; joint names are the layout's."""

import mujoco

from configs.schema.hand import Actuation, BoxGeom, CapsuleGeom, Finger, Hand, Link

PALM = "palm"
PALM_COLOUR = (0.25, 0.27, 0.31, 1.0)
LINK_COLOUR = (0.45, 0.48, 0.54, 1.0)
TIP_COLOUR = (0.93, 0.93, 0.90, 1.0)


def add_hand(spec: mujoco.MjSpec, hand: Hand) -> None:
    """Add the palm, fixed at the world's origin, and the fingers with their PD actuators.

    Bodies: `palm`, `<finger>_<link>`; joints and actuators: `<finger>_<link>`, in the layout's
    order; sites: the layout's keypoint names. What a contact is like is the scene's matter. Gravity
    is compensated on every body: a real hand's drivers do so, and the wrist's motion then acts on
    the object alone.
    """
    palm = spec.worldbody.add_body(name=PALM, gravcomp=1.0)
    _add_geom(palm, PALM, hand.palm.box, hand.palm.mass, PALM_COLOUR)
    for finger in hand.fingers:
        _add_finger(palm, finger, hand.actuation)
    for finger in hand.fingers:
        for link in finger.links:
            _add_actuator(spec, f"{finger.name}_{link.name}", hand.actuation)
    for first, second in hand.never_collide:
        spec.add_exclude(bodyname1=first, bodyname2=second)


def finger_root(finger: Finger) -> str:
    """Return the name of a finger's first body; its subtree is the finger."""
    return f"{finger.name}_{finger.links[0].name}"


def _add_finger(palm: mujoco.MjsBody, finger: Finger, actuation: Actuation) -> None:
    parent, root = palm, finger.links[0]
    for link in finger.links:
        body = _add_link(parent, f"{finger.name}_{link.name}", link, actuation)
        for keypoint in finger.keypoints:
            if keypoint.link == link.name:
                name = f"{finger.name}_{keypoint.name}"
                body.add_site(name=name, pos=keypoint.position, size=[0.002] * 3, group=4)
        if link is root:
            frame = palm.add_frame(pos=finger.root_position, quat=finger.root_quaternion)
            body.set_frame(frame)
        parent = body
    tip = finger.tip
    _add_geom(parent, f"{finger.name}_tip", tip.capsule, tip.mass, TIP_COLOUR)


def _add_link(
    parent: mujoco.MjsBody, name: str, link: Link, actuation: Actuation
) -> mujoco.MjsBody:
    body = parent.add_body(name=name, pos=link.offset, gravcomp=1.0)
    body.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=link.axis,
        range=link.limits,
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        armature=actuation.armature,
        frictionloss=actuation.friction_loss,
    )
    _add_geom(body, name, link.box, link.mass, LINK_COLOUR)
    return body


def _add_geom(
    body: mujoco.MjsBody,
    name: str,
    shape: BoxGeom | CapsuleGeom,
    mass: float,
    colour: tuple[float, float, float, float],
) -> None:
    if isinstance(shape, BoxGeom):
        kind, size = mujoco.mjtGeom.mjGEOM_BOX, shape.half_size
    else:
        kind, size = mujoco.mjtGeom.mjGEOM_CAPSULE, [shape.radius, shape.half_length, 0.0]
    body.add_geom(name=name, type=kind, size=size, pos=shape.centre, mass=mass, rgba=colour)


def _add_actuator(spec: mujoco.MjSpec, joint: str, actuation: Actuation) -> None:
    """Add torque = clip(kp (target - q) - kd qdot); the velocity limit is the driver's affair."""
    actuator = spec.add_actuator(
        name=joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        forcelimited=mujoco.mjtLimited.mjLIMITED_TRUE,
        forcerange=[-actuation.effort_limit, actuation.effort_limit],
    )
    actuator.set_to_position(kp=actuation.kp, kv=actuation.kd)
