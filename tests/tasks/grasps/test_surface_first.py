"""Contacts first, then fingers: the table of pads, the poses and the assignments."""

import numpy as np
import pytest

from configs.schema.pipeline import Config
from models.rotations import rotate
from tasks.grasps import surface_first
from tasks.grasps.analysis import analyse
from tasks.grasps.candidates import Candidates
from tasks.grasps.sampling import pads_of
from tasks.grasps.search import SURFACE_FIRST, Search
from tests.tasks.grasps.setting import make_search


@pytest.fixture(scope="module")
def search(config: Config):
    made = make_search(config, "box")
    yield made
    made.close()


@pytest.fixture(scope="module")
def proposals(search: Search) -> Candidates:
    rng = np.random.default_rng(0)
    found, _ = surface_first.propose(search.problem, search.workspace, search.config.grasps, rng)
    return found


def test_entries_of_the_table_are_pads_of_their_joint_angles(search: Search):
    workspace, problem = search.workspace, search.problem
    finger, entry = 1, 777
    sample, place = divmod(entry, workspace.places)
    pad = pads_of(problem)[finger, place][None, None]
    links = problem.tip_links[finger : finger + 1]
    found = problem.kinematics.points(workspace.joints[sample][None], links, pad)
    assert found[0, 0] == pytest.approx(workspace.pads[finger, entry])


def test_a_finger_from_within_the_object_costs_more(search: Search):
    workspace = search.workspace
    entry = np.array([5 * workspace.places + workspace.places - 1])  # a pad at a tip's end
    goal = workspace.pads[0, entry]
    along = -workspace.link[0, entry[0], 2]  # from the link's joint to the pad
    along /= np.linalg.norm(along)
    outside, _ = workspace.reach(goal, -along[None], 1)  # it points at the surface
    through, _ = workspace.reach(goal, along[None], 1)
    assert outside[0, 0] < 0.002
    assert through[0, 0] > 0.01


def test_proposals_have_balanced_contacts_near_their_pads(search: Search, proposals: Candidates):
    problem, grasps = search.problem, search.config.grasps
    assert len(proposals) > 10
    stable, _, _ = analyse(proposals.point, proposals.normal, proposals.active, grasps)
    assert stable.all()
    height = problem.model.closest(proposals.point[proposals.active])[2]
    assert height == pytest.approx(np.zeros(len(height)), abs=1e-9)
    goal = proposals.pad_goals(problem.tip_radii)
    now = problem.kinematics.points(proposals.joint_position, problem.tip_links, proposals.pad)
    away = np.linalg.norm(goal - now, axis=2)[proposals.active]
    assert away.max() < grasps.sampling.surface_first.reach + 1e-9
    sizes = set(proposals.active.sum(axis=1).tolist())
    assert sizes <= set(grasps.sampling.contacts)
    assert (proposals.joint_position >= problem.lower).all()
    assert (proposals.joint_position <= problem.upper).all()


def test_a_set_of_contacts_is_tried_with_its_best_assignments(search: Search):
    problem, workspace = search.problem, search.workspace
    config = search.config.grasps.sampling.surface_first
    rng = np.random.default_rng(1)
    point, normal, chosen = surface_first.balanced_contacts(problem, search.config.grasps, rng)
    pose = surface_first.anchored_pose(problem, workspace, point, normal, chosen, rng)
    row, finger_of, _ = surface_first.assign(
        problem, workspace, config, pose, point, normal, chosen
    )
    assert np.bincount(row).max() <= config.choices
    for fingers, places in zip(finger_of, chosen[row], strict=True):
        used = fingers[fingers >= 0]
        assert len(used) == places.sum()
        assert len(set(used.tolist())) == len(used)
    facing = rotate(pose[:, None, 3:], normal)
    assert np.linalg.norm(facing, axis=2) == pytest.approx(1.0)


def test_every_set_that_was_drawn_counts_as_proposed(search: Search):
    batch = search.sample(SURFACE_FIRST, np.random.default_rng(2))
    counts = batch.funnel.counts
    assert counts["proposed"] == search.config.grasps.sampling.surface_first.proposals
    assert counts["near"] < counts["balanced"] < counts["proposed"]
