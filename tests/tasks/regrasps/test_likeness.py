"""Grasps that a hand is nearly in, and loops through them, modulo the object's symmetry."""

import dataclasses

import numpy as np
import pytest

from envs.shapes.symmetry import NONE
from models.rotations import angle, conjugate, from_rotation_vector, multiply
from tasks.regrasps.joining import from_set
from tasks.regrasps.likeness import Likeness, turned
from tasks.regrasps.loops import find_pairs
from tests.tasks.regrasps.conftest import Grown

TURN = from_rotation_vector(np.array([[0.3, -1.1, 0.6]]))  # of a sphere: all look alike


@pytest.fixture(scope="module")
def grasps(grown: Grown):
    return from_set(grown.problem, grown.graph.grasps)


def test_a_hand_with_a_turned_sphere_is_in_the_same_grasp(grown: Grown, grasps):
    likeness = Likeness(grown.problem, grown.step.grasps.metric, grasps)
    hands = turned(grasps, np.repeat(TURN, len(grasps), axis=0))
    alike = likeness.of(hands)
    best = alike.off.argmin(axis=1)
    rows = np.arange(len(grasps))
    assert alike.off[rows, best] == pytest.approx(0.0, abs=0.01)  # stored in single precision
    assert alike.slid[rows, best].max() < 1e-4
    same = alike.grasp[rows, best] == rows
    assert same.mean() > 0.9  # some grasps of a sphere are the same but for its rotation
    turns = np.repeat(TURN, same.sum(), axis=0)
    assert angle(alike.turn[rows, best][same], turns).max() < 0.01


def test_where_nothing_looks_alike_the_turn_counts(grown: Grown, grasps):
    plain = dataclasses.replace(grown.problem, symmetry=NONE)
    likeness = Likeness(plain, grown.step.grasps.metric, grasps)
    first = grasps.take(np.array([0]))
    alike = likeness.to(turned(first, TURN), np.array([[0]]))
    assert alike.off[0, 0] == pytest.approx(
        angle(TURN[0], NONE.turns[0]) / grown.step.grasps.metric.rotation, rel=1e-6
    )


def test_a_turned_grasp_touches_the_same_places_in_the_hand(grown: Grown, grasps):
    after = turned(grasps, np.repeat(TURN, len(grasps), axis=0))
    heights = grown.problem.tip_radii
    assert after.pad_goals(heights)[grasps.active] == pytest.approx(
        grasps.pad_goals(heights)[grasps.active], abs=1e-6
    )


def test_pairs_are_of_the_same_fingers_and_not_of_parent_and_child(grown: Grown, grasps):
    growth = grown.step.regrasps.growth
    half = len(grasps) // 2
    metric = grown.step.grasps.metric
    grasps = dataclasses.replace(grasps, parent=grown.graph.grasps.parent)
    found = find_pairs(grown.problem, metric, growth, grasps, half)
    assert (found.start >= half).all()
    assert (found.end < half).all()
    assert (grasps.active[found.start] == grasps.active[found.end]).all()
    assert (grown.graph.grasps.parent[found.start] != found.end).all()
    like = turned(grasps.take(found.end), found.turn)
    off = angle(like.object_pose[:, 3:], grasps.object_pose[found.start, 3:])
    assert (off < growth.alike * metric.rotation).all()
    both = found.both_ways()
    back = multiply(both.turn[: len(found.start)], both.turn[len(found.start) :])
    assert np.abs(back[:, 0]) == pytest.approx(np.ones(len(back)))
    assert conjugate(found.turn) == pytest.approx(both.turn[len(found.start) :])
