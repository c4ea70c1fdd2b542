"""Motions in closed loop: pads go where the object should be, light fingers press on."""

import dataclasses

import numpy as np
import pytest

from configs.schema.regrasps import Servo
from models.rotations import rotate
from tasks.regrasps.joining import from_set
from tasks.regrasps.motion import NO_FINGER, Aim, Motions
from tasks.regrasps.underway import Hands, Underway, servo
from tests.tasks.regrasps.conftest import Grown

SERVO = Servo(gain=0.5, damping=1e-6, limit=0.3, least_force=0.5, press=0.001)
FIRM = 1.0  # [N]


@pytest.fixture(scope="module")
def grasp(grown: Grown):
    return from_set(grown.problem, grown.graph.grasps).take(np.array([0]))


def hands(grasp, force: float = FIRM) -> Hands:
    return Hands(grasp.joint_position, grasp.object_pose, np.full(grasp.active.shape, force))


def pads(grown: Grown, grasp, joints: np.ndarray) -> np.ndarray:
    problem = grown.problem
    return problem.kinematics.points(joints, problem.tip_links, grasp.pad)[0]


def test_pads_that_hold_go_half_the_way_that_the_object_lacks(grown: Grown, grasp):
    """An object that should be 1 mm along z: pads that hold move by half a millimetre."""
    aim = Aim.at(grasp, np.array([NO_FINGER]))
    wanted = grasp.object_pose + np.array([0.0, 0.0, 0.001, 0.0, 0.0, 0.0, 0.0])
    step = servo(grown.problem, SERVO, hands(grasp), aim, aim.holding, wanted)
    moved = pads(grown, grasp, grasp.joint_position + step) - pads(
        grown, grasp, grasp.joint_position
    )
    held = moved[grasp.active[0]]
    assert held == pytest.approx(np.tile([0.0, 0.0, 0.0005], (len(held), 1)), abs=2e-5)


def test_a_finger_that_goes_elsewhere_is_left_alone(grown: Grown, grasp):
    finger = int(np.flatnonzero(grasp.active[0])[0])
    aim = Aim.at(grasp, np.array([finger]))
    wanted = grasp.object_pose + np.array([0.0, 0.0, 0.001, 0.0, 0.0, 0.0, 0.0])
    step = servo(grown.problem, SERVO, hands(grasp), aim, aim.holding, wanted)[0]
    own = grown.problem.finger_of_joint == finger
    assert not step[own].any()
    assert step[~own].any()


def test_a_light_finger_presses_on_along_the_normal(grown: Grown, grasp):
    aim = Aim.at(grasp, np.array([NO_FINGER]))
    step = servo(grown.problem, SERVO, hands(grasp, 0.1), aim, aim.holding, grasp.object_pose)
    moved = pads(grown, grasp, grasp.joint_position + step) - pads(
        grown, grasp, grasp.joint_position
    )
    inward = -rotate(grasp.object_pose[:, None, 3:], grasp.normal)[0]
    along = (moved * inward).sum(axis=1)[grasp.active[0]]
    assert along == pytest.approx(np.full(len(along), SERVO.press), rel=0.1)
    still = servo(grown.problem, SERVO, hands(grasp), aim, aim.holding, grasp.object_pose)
    assert still == pytest.approx(np.zeros_like(still), abs=1e-6)


def test_corrections_add_up_to_their_limit_and_no_further(grown: Grown, grasp):
    count, joints = 1, grasp.joint_position.shape[1]
    underway = Underway.none(count, joints, grasp.active.shape[1])
    away = dataclasses.replace(grasp, object_pose=grasp.object_pose + np.eye(7)[2] * 0.05)
    start = grasp.joint_target, grasp.object_pose
    motions = Motions.none(grasp.joint_target)
    underway.begin(np.array([0]), *start, motions, Aim.at(away, np.array([NO_FINGER])))
    for _ in range(50):
        targets = underway.targets(grown.problem, SERVO, np.array([0]), hands(grasp))
    assert np.abs(targets - grasp.joint_target).max() == pytest.approx(SERVO.limit)
    assert underway.over.tolist() == [50]


def test_a_motion_that_begins_forgets_the_correction_before(grown: Grown, grasp):
    underway = Underway.none(1, grasp.joint_position.shape[1], grasp.active.shape[1])
    underway.correction[:] = 0.2
    aim = Aim.at(grasp, np.array([NO_FINGER]))
    begun = grasp.joint_target, grasp.object_pose
    underway.begin(np.array([0]), *begun, Motions.none(grasp.joint_target), aim)
    targets = underway.targets(grown.problem, SERVO, np.array([0]), hands(grasp))
    assert targets == pytest.approx(grasp.joint_target, abs=1e-6)
