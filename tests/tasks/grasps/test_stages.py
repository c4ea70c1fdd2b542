"""Proposals, collision check and expansion, on both hands and the real geometry."""

import dataclasses

import numpy as np
import pytest

from configs.schema.pipeline import Config
from models.rotations import angle
from tasks.grasps.candidates import Candidates
from tasks.grasps.expansion import extend
from tasks.grasps.finger_first import propose
from tasks.grasps.sampling import clear
from tasks.grasps.search import Search
from tests.tasks.grasps.setting import make_search

ON_SURFACE = 1e-9  # [m]


@pytest.fixture(scope="module")
def search(config: Config):
    made = make_search(config, "sphere")
    yield made
    made.close()


@pytest.fixture(scope="module")
def proposals(search: Search) -> Candidates:
    return propose(search.problem, search.config.grasps.sampling, np.random.default_rng(0))


@pytest.fixture(scope="module")
def reached(search: Search, proposals: Candidates) -> Candidates:
    found = search.reachable(search.balanced(search.clear(search.near(proposals))))
    return found.take(search.checker.free(found))


def test_proposals_touch_with_an_allowed_number_of_fingers(search: Search, proposals: Candidates):
    allowed = set(search.config.grasps.sampling.contacts)
    numbers = set(proposals.active.sum(axis=1).tolist())
    assert numbers == {n for n in allowed if n <= search.problem.layout.num_tips}
    assert (proposals.joint_position >= search.problem.lower).all()
    assert (proposals.joint_position <= search.problem.upper).all()


def test_contacts_lie_on_the_surface_with_outward_normals(search: Search, proposals: Candidates):
    outside = search.problem.model.closest(proposals.point + 0.001 * proposals.normal)[2]
    assert outside == pytest.approx(np.full(outside.shape, 0.001), abs=ON_SURFACE)


def test_equal_seeds_propose_equally(search: Search, proposals: Candidates):
    again = propose(search.problem, search.config.grasps.sampling, np.random.default_rng(0))
    assert all(np.array_equal(array, getattr(again, n)) for n, array in vars(proposals).items())


def test_a_far_object_is_clear_and_free_and_one_in_the_palm_is_not(
    search: Search, proposals: Candidates
):
    one = proposals.take(np.array([0]))
    rest = dataclasses.replace(one, joint_position=search.problem.rest[None])
    for place, free in ((1.0, True), (0.0, False)):
        pose = np.array([[place, 0, 0, 1, 0, 0, 0]])
        placed = dataclasses.replace(rest, object_pose=pose)
        assert search.checker.free(placed).tolist() == [free]
        assert clear(search.problem, placed).tolist() == [free]


def test_only_wanted_contacts_may_touch(search: Search, reached: Candidates):
    assert len(reached) > 0
    unwanted = dataclasses.replace(reached, active=np.zeros_like(reached.active))
    assert not search.checker.free(unwanted).any()  # every tip is pressed in by a millimetre
    inward = reached.normal * reached.active[..., None]
    deeper = reached.object_pose.copy()
    deeper[:, :3] += 0.004 * inward[np.arange(len(reached)), reached.active.argmax(axis=1)]
    assert not search.checker.free(dataclasses.replace(reached, object_pose=deeper)).all()


def test_expansion_steps_are_bounded_and_keep_contacts(search: Search, reached: Candidates):
    grasps = search.config.grasps
    steps = extend(
        search.problem,
        reached,
        grasps.expansion,
        grasps.metric,
        grasps.sampling.reach,
        grasps.min_contacts,
        np.random.default_rng(0),
    )
    near = reached.take(steps.parent)
    moved = np.linalg.norm(steps.object_pose[:, :3] - near.object_pose[:, :3], axis=1)
    turned = angle(steps.object_pose[:, 3:], near.object_pose[:, 3:])
    assert len(steps) == grasps.expansion.proposals
    assert moved.max() <= grasps.expansion.step_position + 1e-9
    assert turned.max() <= grasps.expansion.step_rotation + 1e-6
    assert (steps.active.sum(axis=1) >= grasps.min_contacts).all()
    assert steps.active.sum(axis=1).max() <= search.problem.layout.num_tips
    kept = steps.active & near.active
    slid = np.linalg.norm(steps.point - near.point, axis=2)[kept]
    assert slid.mean() < 3 * grasps.expansion.slide
    assert np.abs(search.problem.model.closest(steps.point)[2]).max() < 1e-6
