"""Which grasps a bundle takes along."""

import numpy as np
import pytest

from configs.errors import UserError
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel
from tasks.export.scenario import choose_scenario, connected
from tests.tasks.synthetic_grasps import chain, make_grasps
from tests.things import thing


def test_every_chosen_grasp_leads_to_a_chosen_one():
    #    0 -> 1 -> 2 -> 3 (a dead end), 1 <-> 4; 5 alone
    neighbours = [[1, -1], [2, 4], [3, -1], [-1, -1], [1, -1], [-1, -1]]
    grasps = make_grasps(4, 2, neighbours)
    assert connected(grasps, 6).tolist() == [1, 4]


def test_nearest_come_first_and_count_bounds():
    neighbours = [[i for i in (2, 1, 3, 0) if i != g] for g in range(4)]
    assert connected(make_grasps(4, 2, neighbours), 3).tolist() == [0, 2, 1]


def test_the_best_connected_object_wins():
    objects = {name: ball(name) for name in ("apple", "ball", "cone")}
    grasps = {
        "apple": make_grasps(4, 2, chain(3), "apple"),
        "ball": make_grasps(4, 2, chain(5), "ball"),
        "cone": make_grasps(4, 2, [[-1, -1]] * 9, "cone"),
    }
    model, chosen = choose_scenario(objects, grasps, 16)
    assert (model.name, chosen.object, len(chosen)) == ("ball", "ball", 5)
    assert ((chosen.neighbours >= 0).sum(axis=1) >= 1).all()
    with pytest.raises(UserError, match="grasps of cone: no two lead to one another"):
        choose_scenario(objects, {"cone": grasps["cone"]}, 16)


def test_no_grasps_at_all():
    empty = make_grasps(4, 2, np.zeros((0, 2)))
    assert isinstance(empty, GraspSet)
    with pytest.raises(UserError, match="grasps of no object"):
        choose_scenario({}, {}, 16)
    assert len(connected(empty, 4)) == 0


def ball(name: str) -> ObjectModel:
    return ObjectModel(thing("sphere", name, radius=0.03))
