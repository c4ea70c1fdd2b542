"""Inverse kinematics of the contact points, and the squeeze, on both hands."""

import dataclasses

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.world import Embodiment
from envs.shapes.symmetry import NONE
from models.kinematics import Kinematics
from models.rotations import rotate
from tasks.grasps.assignment import reach, squeeze
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem

COUNT = 200


@pytest.fixture(scope="module", params=["allegro", "trident"])
def config(request: pytest.FixtureRequest) -> Config:
    return load(Config, [f"hand={request.param}"])


@pytest.fixture(scope="module")
def problem(config: Config) -> Problem:
    return make_problem(config.embodiment)


def make_problem(embodiment: Embodiment) -> Problem:
    """A problem whose object no stage here looks at."""
    kinematics = Kinematics(embodiment.hand)
    layout = embodiment.make_layout()
    return Problem(embodiment.hand, layout, kinematics, None, NONE)  # type: ignore[arg-type]


def reachable_candidates(problem: Problem, press: float, seed: int = 0) -> Candidates:
    """Candidates whose contact points are where known joint angles put the tips."""
    rng = np.random.default_rng(seed)
    n, fingers = problem.layout.num_joints, problem.layout.num_tips
    span = problem.upper - problem.lower
    known = problem.lower + rng.uniform(0.1, 0.9, (COUNT, n)) * span
    pad = np.broadcast_to(problem.tip_axes[:, 1], (COUNT, fingers, 3)).copy()
    centre = problem.kinematics.points(known, problem.tip_links, pad)
    normal = rng.normal(size=(COUNT, fingers, 3))
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    pose = np.tile([0.0, 0, 0, 1, 0, 0, 0], (COUNT, 1))
    start = np.clip(known + rng.normal(0, 0.2, known.shape), problem.lower, problem.upper)
    return dataclasses.replace(
        Candidates.none(problem.layout),
        joint_position=start,
        object_pose=pose,
        active=rng.random((COUNT, fingers)) < 0.7,
        point=centre - (problem.tip_radii - press)[:, None] * normal,
        normal=normal,
        pad=pad,
        force=np.ones((COUNT, fingers)),
        quality=np.zeros(COUNT),
        joint_target=start,
        parent=np.full(COUNT, -1),
    )


@pytest.fixture(params=[None, "cpu"], ids=["numpy", "torch"])
def device(request: pytest.FixtureRequest) -> str | None:
    return request.param


def test_pads_come_to_their_places_inside_the_limits(
    config: Config, problem: Problem, device: str | None
):
    assignment = config.grasps.assignment
    candidates = reachable_candidates(problem, assignment.press)
    position, reached = reach(problem, candidates, assignment, device)
    assert reached.mean() > 0.9
    assert (position >= problem.lower).all()
    assert (position <= problem.upper).all()
    pads = problem.kinematics.points(position, problem.tip_links, candidates.pad)
    height = np.einsum("nfi,nfi->nf", pads - candidates.point, candidates.normal)
    expected = np.broadcast_to(problem.tip_radii - assignment.press, height.shape)
    touching = candidates.active & reached[:, None]
    assert height[touching] == pytest.approx(expected[touching], abs=assignment.tolerance)


def test_idle_fingers_do_not_move(config: Config, problem: Problem, device: str | None):
    candidates = reachable_candidates(problem, config.grasps.assignment.press)
    position, _ = reach(problem, candidates, config.grasps.assignment, device)
    idle = ~problem.joint_mask(candidates.active)
    assert np.array_equal(position[idle], candidates.joint_position[idle])


def test_torch_reaches_what_numpy_does(config: Config, problem: Problem):
    candidates = reachable_candidates(problem, config.grasps.assignment.press)
    (plain, arrived), (other, too) = (
        reach(problem, candidates, config.grasps.assignment, device) for device in (None, "cpu")
    )
    assert (arrived == too).mean() >= 0.99
    both = arrived & too
    assert np.median(np.abs(plain - other)[both]) < 1e-4


def test_points_out_of_reach_fail(config: Config, problem: Problem, device: str | None):
    candidates = reachable_candidates(problem, config.grasps.assignment.press)
    away = dataclasses.replace(candidates, point=candidates.point + 1.0)
    away = dataclasses.replace(away, active=np.ones_like(away.active))
    _, reached = reach(problem, away, config.grasps.assignment, device)
    assert not reached.any()


def test_squeeze_torque_is_the_work_of_its_forces(config: Config, problem: Problem):
    """kp (target - q) . dq = sum of F . d pad for any dq: virtual work, by finite differences."""
    candidates = reachable_candidates(problem, 0.0)
    candidates = dataclasses.replace(candidates, force=0.3 * candidates.active)
    target = squeeze(problem, candidates)
    torque = problem.hand.actuation.kp * (target - candidates.joint_position)
    rng = np.random.default_rng(1)
    change = 1e-6 * rng.normal(size=torque.shape)
    kinematics, links = problem.kinematics, problem.tip_links
    moved = [
        kinematics.points(candidates.joint_position + sign * change, links, candidates.pad)
        for sign in (-0.5, 0.5)
    ]
    force = -0.3 * rotate(candidates.object_pose[:, None, 3:], candidates.normal)
    work = ((moved[1] - moved[0]) * force * candidates.active[..., None]).sum(axis=(1, 2))
    inside = ((target > problem.lower) & (target < problem.upper)).all(axis=1)
    assert inside.sum() > COUNT // 4
    assert (torque * change).sum(axis=1)[inside] == pytest.approx(work[inside], abs=1e-10)


def test_squeeze_stays_within_margin_and_limits(config: Config, problem: Problem):
    candidates = reachable_candidates(problem, 0.0)
    strong = dataclasses.replace(candidates, force=100.0 * candidates.active)
    target = squeeze(problem, strong)
    moved = np.abs(target - strong.joint_position)
    assert moved.max() == pytest.approx(problem.layout.target_margin)
    assert (target >= problem.lower).all()
    assert (target <= problem.upper).all()
