"""A graph by hand: five grasps, of which four form a ring that turns by 90 degrees about z."""

import numpy as np
import pytest

from configs.schema.grasps import GraspMetric
from envs.grasp_graph import ADD, IN_GRASP, MOVE, REST, Edges, GraspGraph
from envs.grasp_set import Contacts, GraspSet
from envs.shapes.symmetry import NONE, Symmetry
from models.rotations import from_rotation_vector
from tasks.regrasps.measure import describe, reach
from tasks.regrasps.unrolled import Unrolled

METRIC = GraspMetric(position=0.01, rotation=0.25, joint=0.25, modulo_symmetry=False)


def grasps(turns_deg: list[float]) -> GraspSet:
    count = len(turns_deg)
    vectors = np.radians(turns_deg)[:, None] * np.array([0.0, 0.0, 1.0])
    turn = from_rotation_vector(vectors)
    return GraspSet(
        object="ring",
        joint_position=np.zeros((count, 4), np.float32),
        joint_target=np.zeros((count, 4), np.float32),
        object_pose=np.concatenate([np.zeros((count, 3)), turn], axis=1).astype(np.float32),
        contacts=Contacts(
            finger=np.tile(np.array([0, 1, 2, -1], np.int8), (count, 1)),
            link=np.zeros((count, 4), np.int8),
            point=np.zeros((count, 4, 3), np.float32),
            normal=np.zeros((count, 4, 3), np.float32),
            force=np.zeros((count, 4), np.float32),
        ),
        quality=np.zeros(count, np.float32),
        parent=np.full(count, -1, np.int32),
        neighbours=np.full((count, 1), -1, np.int32),
    )


def edges(pairs: list[tuple[int, int, int, int]]) -> Edges:
    """Return motions (start, end, kind, landed of 3) of 10 control steps each."""
    start, end, kind, landed = np.array(pairs).T
    count = len(pairs)
    return Edges(
        start=start.astype(np.int32),
        end=end.astype(np.int32),
        turn=np.tile(NONE.turns.astype(np.float32), (count, 1)),
        kind=kind.astype(np.int8),
        finger=np.full(count, -1, np.int8),
        target=np.zeros((count, 5, 4), np.float32),
        steps=np.full((count, 5), 2, np.int16),
        draws=np.full(count, 3, np.int8),
        landed=landed.astype(np.int8),
    )


@pytest.fixture
def ring() -> GraspGraph:
    links = [(0, 1, IN_GRASP, 3), (1, 2, MOVE, 3), (2, 3, IN_GRASP, 3), (3, 0, MOVE, 2)]
    return GraspGraph(
        grasps([0.0, 30.0, 60.0, 90.0, 90.0]), edges([*links, (0, 4, ADD, 3)]), METRIC
    )


def test_a_ring_is_one_component_and_a_dead_end_its_own(ring: GraspGraph):
    assert Unrolled(ring, NONE).components().tolist() == [0, 0, 0, 0, 1]


def test_a_motion_costs_its_steps_over_its_success_and_the_best_of_two_counts():
    both = edges([(0, 1, IN_GRASP, 2), (0, 1, IN_GRASP, 3)])
    unrolled = Unrolled(GraspGraph(grasps([0.0, 30.0]), both, METRIC), NONE)
    assert unrolled.links[0, 1] == pytest.approx(10.0 + REST)
    assert unrolled.motion(np.array([0]), np.array([1])).tolist() == [1]


def test_a_quarter_turn_about_z_is_found_and_none_about_x(ring: GraspGraph):
    unrolled = Unrolled(ring, NONE)
    found = reach(unrolled, unrolled.components(), seed=0)
    assert found["x"]["turn_90"] == 0.0
    # within 26 degrees: from 0 to 90, from 90 to 0; from 30 and 60 there is no 120 and no 150; the
    # dead end at 90 leads nowhere
    assert found["z"]["turn_90"] == pytest.approx(2 / 5)
    # from 0, 30, 60, 90 and the dead end: 90, 60, 60, 90 and 0
    assert found["z"]["greatest_deg"] == pytest.approx(60.0, abs=1e-3)


def test_a_motion_to_what_looks_alike_leads_all_the_way_round():
    """A square rod, four alike turns about z: from 0 by motions to 60, and from there to 0 turned
    by 90. Over that loop it turns on and on, so every grasp leads to every turn."""
    quarter = from_rotation_vector(np.array([[0.0, 0.0, k * np.pi / 2.0] for k in range(4)]))
    links = edges([(0, 1, IN_GRASP, 3), (1, 2, MOVE, 3), (2, 0, IN_GRASP, 3)])
    links.turn[2] = quarter[1]
    rod = GraspGraph(grasps([0.0, 30.0, 60.0]), links, METRIC)
    alone, alike = Unrolled(rod, NONE), Unrolled(rod, Symmetry(quarter))
    assert alone.count == 3
    assert alike.count == 12
    assert alike.components().tolist() == [0] * 12
    found = reach(alike, alike.components(), seed=0)
    assert found["z"] == {"turn_90": 1.0, "greatest_deg": pytest.approx(180.0, abs=1e-3)}
    assert alike.rotation[alike.links[8].indices] == pytest.approx(quarter[[1]])


def test_it_is_described_in_counts(ring: GraspGraph):
    said = describe(ring, NONE, seed=0)
    assert said["edges"] == 5
    assert said["by_kind"] == {"in_grasp": 2, "move": 2, "add": 1, "remove": 0, "thumb": 0}
    assert said["largest_strong_component"] == pytest.approx(0.8)
    assert said["four_fingers"] == 0.0
