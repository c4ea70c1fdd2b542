"""Symmetry groups of known bodies, and distances modulo them against trying every turn."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from envs.shapes.objects import ObjectModel
from envs.shapes.symmetry import Symmetry, about, find_symmetry
from models.rotations import angle, multiply, random_quaternions, to_matrix
from tests.envs.test_tools import SYRINGE
from tests.things import mesh, thing

Z = np.array([0.0, 0.0, 1.0])


def symmetry(kind: str, **shape) -> Symmetry:
    return find_symmetry(ObjectModel(thing(kind, **shape)).surface)


@pytest.mark.parametrize(
    ("kind", "shape", "turns"),
    [
        ("box", {"half": (0.02, 0.03, 0.04)}, 4),
        ("box", {"half": (0.03, 0.03, 0.05)}, 8),
        ("box", {"half": (0.03, 0.03, 0.03)}, 24),
        ("prism", {"sides": 3, "radius": 0.03, "half_height": 0.02}, 6),
        ("prism", {"sides": 6, "radius": 0.03, "half_height": 0.02}, 12),
        ("ellipsoid", {"half": (0.02, 0.03, 0.04)}, 4),
        ("superquadric", {"half": (0.03, 0.03, 0.03), "exponents": (2.0, 2.0)}, 24),
        ("superquadric", {"half": (0.02, 0.03, 0.05), "exponents": (0.3, 1.5)}, 4),
    ],
)
def test_finite_groups(kind: str, shape: dict, turns: int) -> None:
    found = symmetry(kind, **shape)
    assert len(found.turns) == turns
    assert found.axis is None
    np.testing.assert_array_equal(found.turns[0], [1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("cylinder", {"radius": 0.02, "half_height": 0.03}),
        ("capsule", {"radius": 0.02, "half_height": 0.03}),
        ("ellipsoid", {"half": (0.03, 0.03, 0.04)}),
        ("superquadric", {"half": (0.03, 0.03, 0.04), "exponents": (0.5, 1.0)}),
    ],
)
def test_round_bodies_have_an_axis_and_a_flip(kind: str, shape: dict) -> None:
    found = symmetry(kind, **shape)
    assert found.axis is not None
    assert abs(found.axis @ Z) == pytest.approx(1.0)
    assert len(found.turns) == 2


def test_a_sphere_looks_alike_however_it_is_turned() -> None:
    found = symmetry("sphere", radius=0.03)
    a, b = (random_quaternions(np.random.default_rng(seed), 5) for seed in (0, 1))
    np.testing.assert_array_equal(found.distance(a, b), 0.0)
    np.testing.assert_array_equal(found.nearest(a, b), b)


def test_a_syringe_turns_but_does_not_flip() -> None:
    found = find_symmetry(ObjectModel(SYRINGE).surface)
    assert len(found.turns) == 6
    np.testing.assert_allclose(np.abs(found.turns[:, 1:3]), 0.0, atol=1e-12)


def test_a_turned_mesh_has_the_group_of_its_body(tmp_path: Path) -> None:
    block = trimesh.creation.box(extents=(0.04, 0.04, 0.07))
    block.apply_transform(trimesh.transformations.rotation_matrix(0.7, [1.0, 2.0, 3.0]))
    block.export(tmp_path / "block.stl")
    assert len(find_symmetry(ObjectModel(mesh(tmp_path / "block.stl")).surface).turns) == 8


def test_round_meshes_are_as_round_as_what_they_stand_for(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(4, 0.03)  # 2,562 corners
    ball.export(tmp_path / "ball.stl")
    assert find_symmetry(ObjectModel(mesh(tmp_path / "ball.stl")).surface).ball
    trimesh.creation.icosphere(2, 0.03).export(tmp_path / "coarse.stl")  # all corners are kept
    coarse = find_symmetry(ObjectModel(mesh(tmp_path / "coarse.stl")).surface)
    assert len(coarse.turns) == 60
    ball.apply_scale((0.3, 1.0, 1.4))
    ball.export(tmp_path / "egg.stl")
    egg = ObjectModel(mesh(tmp_path / "egg.stl"))
    assert len(find_symmetry(egg.surface).turns) == 4
    assert egg.pieces[0].solid.volume == pytest.approx(ball.volume, rel=0.02)


@pytest.mark.parametrize("axes", [(0.03, 0.03, 0.018), (0.02, 0.02, 0.03)])
def test_a_round_mesh_that_lies_anyhow_has_an_axis(axes: tuple, tmp_path: Path) -> None:
    body = trimesh.creation.icosphere(subdivisions=4, radius=1.0).apply_scale(axes)
    turn = np.eye(4)
    turn[:3, :3] = to_matrix(random_quaternions(np.random.default_rng(1), 1))[0]
    body.apply_transform(turn).export(tmp_path / "body.stl")
    found = find_symmetry(ObjectModel(mesh(tmp_path / "body.stl")).surface)
    assert found.axis is not None
    assert abs(found.axis @ turn[:3, 2]) == pytest.approx(1.0, abs=1e-4)
    assert len(found.turns) == 2


def test_distance_is_the_least_over_the_group() -> None:
    a, b = (random_quaternions(np.random.default_rng(seed), 40) for seed in (0, 1))
    square = symmetry("box", half=(0.03, 0.03, 0.05))
    every = np.stack([angle(multiply(a, turn[None]), b) for turn in square.turns])
    np.testing.assert_allclose(square.distance(a, b), every.min(axis=0), atol=1e-7)
    cylinder = symmetry("cylinder", radius=0.02, half_height=0.03)
    steps = [about(Z, radians) for radians in np.linspace(0.0, 2.0 * np.pi, 1441)]
    turns = [multiply(flip, step) for flip in cylinder.turns for step in steps]
    every = np.stack([angle(multiply(a, turn[None]), b) for turn in turns])
    np.testing.assert_allclose(cylinder.distance(a, b), every.min(axis=0), atol=3e-3)
    np.testing.assert_allclose(cylinder.distance(a, b), cylinder.distance(b, a), atol=1e-7)


@pytest.mark.parametrize("kind", ["box", "cylinder"])
def test_the_nearest_alike_is_as_near_as_the_distance_says(kind: str) -> None:
    shape = {"half": (0.03, 0.03, 0.05)} if kind == "box" else {"radius": 0.02, "half_height": 0.03}
    found = symmetry(kind, **shape)
    a, b = (random_quaternions(np.random.default_rng(seed), 40) for seed in (2, 3))
    moved = found.nearest(a, b)
    np.testing.assert_allclose(angle(moved, b), found.distance(a, b), atol=1e-7)
    np.testing.assert_allclose(found.distance(moved, a), 0.0, atol=1e-6)
