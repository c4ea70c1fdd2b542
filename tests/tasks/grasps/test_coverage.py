"""What a set covers: bins modulo symmetry, fingers, components; stills that differ."""

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from envs.shapes.objects import ObjectModel
from envs.shapes.rotation_bins import REFERENCES, spread_rotations
from envs.shapes.symmetry import NONE, about, find_symmetry
from models.rotations import multiply, random_quaternions
from tasks.grasps.coverage import bins_of, cover, rotation_bins
from tasks.report.stills import choose
from tests.tasks.synthetic_grasps import chain, make_grasps
from tests.things import thing

Z = np.array([0.0, 0.0, 1.0])


def test_references_are_spread_evenly():
    known = spread_rotations()
    np.testing.assert_allclose(np.linalg.norm(known, axis=1), 1.0)
    counts = np.bincount(
        rotation_bins(random_quaternions(np.random.default_rng(0), 40_000), NONE),
        minlength=REFERENCES,
    )
    assert counts.min() > 20  # of 78 on average
    assert counts.max() < 200


def test_turns_about_a_cylinders_axis_fall_into_one_bin():
    shape = thing("cylinder", radius=0.02, half_height=0.03)
    cylinder = find_symmetry(ObjectModel(shape).surface)
    tilted = random_quaternions(np.random.default_rng(1), 1)[0]
    turned = np.stack([multiply(tilted, about(Z, t)) for t in np.linspace(0.1, 6.0, 30)])
    assert len(np.unique(rotation_bins(turned, cylinder))) == 1
    assert len(np.unique(rotation_bins(turned, NONE))) > 5


def test_a_sphere_has_one_bin_and_a_box_more():
    sphere = find_symmetry(ObjectModel(thing("sphere", radius=0.03)).surface)
    box = find_symmetry(ObjectModel(thing("box", half=(0.02, 0.03, 0.04))).surface)
    every = spread_rotations()
    assert len(np.unique(rotation_bins(every, sphere))) == 1
    quarter = len(np.unique(rotation_bins(every, box)))
    assert REFERENCES / 4 <= quarter < REFERENCES / 2


@pytest.mark.parametrize(
    "shape",
    [
        {"kind": "box", "half": (0.03, 0.03, 0.03)},
        {"kind": "cylinder", "radius": 0.02, "half_height": 0.03},
    ],
)
def test_rotations_fall_into_no_more_bins_than_there_are(shape: dict[str, Any]):
    found = find_symmetry(ObjectModel(thing(**shape)).surface)
    drawn = rotation_bins(random_quaternions(np.random.default_rng(3), 20_000), found)
    assert len(np.unique(drawn)) <= bins_of(found)


def test_cells_fingers_and_components_are_counted():
    config = load(Config)
    layout = config.embodiment.make_layout()
    grasps = make_grasps(layout.num_joints, layout.num_tips, chain(6), "box")
    fingers = np.full((6, layout.num_tips), -1, np.int8)
    fingers[:, :2], fingers[0, 2] = (0, 1), 3
    grasps = dataclasses.replace(
        grasps, contacts=dataclasses.replace(grasps.contacts, finger=fingers)
    )
    grasps.object_pose[:, :3] = [[0.001 * i, 0.0, 0.02 * (i > 2)] for i in range(6)]
    found = cover(grasps, NONE, config.hand)
    names = [finger.name for finger in config.hand.fingers]
    assert found["position_cells"] == 2
    assert found["fingers"] == {f"{names[0]} {names[1]}": 5, f"{names[0]} {names[1]} {names[3]}": 1}
    assert found["components"] == 1
    assert found["largest_component"] == 6
    assert found["rotation_bins_of"] == REFERENCES


def test_stills_show_sets_of_fingers_by_their_share():
    grasps = make_grasps(4, 2, chain(40), "box")
    finger = grasps.contacts.finger.copy()
    finger[:] = [0, 1, -1, -1][: finger.shape[1]]
    finger[:3] = finger[:3][:, ::-1]
    contacts = replace(grasps.contacts, finger=finger)
    rows = choose(replace(grasps, contacts=contacts), 8)
    assert len(set(rows.tolist())) == 8
    assert (rows < 3).sum() == 1


def test_stills_differ_from_each_other():
    grasps = make_grasps(4, 2, chain(40), "box")
    rows = choose(grasps, 8)
    assert len(set(rows.tolist())) == 8
    np.testing.assert_array_equal(choose(grasps, 8), rows)
    assert choose(make_grasps(4, 2, chain(5), "box"), 8).tolist() == [0, 1, 2, 3, 4]
