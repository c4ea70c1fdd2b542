"""Surfaces against values worked by hand, a dense sample of themselves, and trimesh."""

import math
from pathlib import Path

import numpy as np
import pytest
import trimesh

from envs.shapes.hull import HullSurface
from envs.shapes.objects import ObjectModel
from envs.shapes.surfaces import Surface
from tests.things import mesh, thing

SHAPES = {
    "box": {"half": (0.02, 0.03, 0.05)},
    "sphere": {"radius": 0.03},
    "cylinder": {"radius": 0.02, "half_height": 0.04},
    "capsule": {"radius": 0.02, "half_height": 0.04},
    "ellipsoid": {"half": (0.02, 0.03, 0.05)},
    "prism": {"sides": 6, "radius": 0.02, "half_height": 0.03},
    "superquadric": {"half": (0.02, 0.03, 0.05), "exponents": (0.3, 1.5)},
}
EXTENTS = {
    "box": (0.04, 0.06, 0.1),
    "sphere": (0.06, 0.06, 0.06),
    "cylinder": (0.04, 0.04, 0.08),
    "capsule": (0.04, 0.04, 0.12),
    "ellipsoid": (0.04, 0.06, 0.1),
    "prism": (0.04, 0.04 * math.sin(math.pi / 3), 0.06),
    "superquadric": (0.04, 0.06, 0.1),
}


def make(shape: str) -> Surface:
    return ObjectModel(thing(shape, **SHAPES[shape])).surface


@pytest.fixture(scope="module")
def hull(tmp_path_factory: pytest.TempPathFactory) -> ObjectModel:
    path = tmp_path_factory.mktemp("mesh") / "block.stl"
    trimesh.creation.box(extents=(0.04, 0.06, 0.1)).export(path)
    return ObjectModel(mesh(path))


@pytest.mark.parametrize("shape", SHAPES)
def test_extent(shape: str) -> None:
    np.testing.assert_allclose(make(shape).extent, EXTENTS[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_lie_on_the_surface_with_its_normals(shape: str) -> None:
    surface = make(shape)
    points, normals = surface.sample(500, np.random.default_rng(0))
    nearest, _, distance = surface.closest(points)
    np.testing.assert_allclose(distance, 0.0, atol=1e-9)
    np.testing.assert_allclose(nearest, points, atol=1e-8)
    # A step along the normal is as long as the distance it makes, a step back likewise.
    for step in (1e-3, -1e-4):
        _, facing, moved = surface.closest(points + step * normals)
        near_edge = np.abs(moved - step) > 1e-9
        assert near_edge.mean() < 0.02  # going in next to an edge meets another face
        np.testing.assert_allclose((facing * normals).sum(axis=1)[~near_edge], 1.0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_closest_point_beats_a_dense_sample_of_the_surface(shape: str) -> None:
    surface, rng = make(shape), np.random.default_rng(1)
    dense, _ = surface.sample(20000, rng)
    points = rng.uniform(-0.07, 0.07, (30, 3))
    nearest, normals, distance = surface.closest(points)
    brute = np.linalg.norm(points[:, None] - dense[None], axis=2).min(axis=1)
    assert (np.abs(distance) <= brute + 1e-9).all()
    assert (brute - np.abs(distance) < 1.5e-3).all()
    np.testing.assert_allclose(nearest + distance[:, None] * normals, points, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_centre_and_axes_give_finite_answers(shape: str) -> None:
    points = np.vstack([np.zeros(3), 0.01 * np.eye(3), -0.01 * np.eye(3), 0.2 * np.eye(3)])
    nearest, normals, distance = make(shape).closest(points)
    assert np.isfinite(nearest).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    smallest = min(EXTENTS[shape]) / 2.0
    cut = 0.06 if shape == "superquadric" else 1e-6  # its hull's corners alone lie on it
    assert distance[0] == pytest.approx(-smallest, rel=cut)
    assert (distance[1:7] < 0.0).all()
    assert (distance[7:] > 0.0).all()


def test_box_distances_by_hand() -> None:
    surface = make("box")
    points = np.array([[0.03, 0.0, 0.0], [0.05, 0.07, 0.0], [0.01, 0.0, 0.0], [0.0, 0.0, -0.049]])
    nearest, normals, distance = surface.closest(points)
    np.testing.assert_allclose(distance, [0.01, 0.05, -0.01, -0.001], atol=1e-12)
    np.testing.assert_allclose(nearest[1], [0.02, 0.03, 0.0])
    np.testing.assert_allclose(normals[1], [0.6, 0.8, 0.0])
    np.testing.assert_allclose(normals[3], [0.0, 0.0, -1.0])


def test_ellipsoid_with_equal_axes_is_a_sphere() -> None:
    spec = thing("ellipsoid", half=(0.03,) * 3)
    points = np.random.default_rng(2).uniform(-0.05, 0.05, (50, 3))
    ours, sphere = ObjectModel(spec).surface.closest(points), make("sphere").closest(points)
    for left, right in zip(ours, sphere, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-8)


def test_samples_are_uniform_over_the_area() -> None:
    rng = np.random.default_rng(3)
    # Box: the faces across x have area 3 x 5, across y 2 x 5, across z 2 x 3 (of 31).
    _, normals = make("box").sample(60000, rng)
    shares = np.abs(normals).mean(axis=0)
    np.testing.assert_allclose(shares, np.array([15.0, 10.0, 6.0]) / 31.0, atol=0.01)
    # Cylinder r 2, half height 4: side 2 pi r 2 h = 32 pi, caps 2 pi r^2 = 8 pi.
    _, normals = make("cylinder").sample(60000, rng)
    assert (np.abs(normals[:, 2]) > 0.5).mean() == pytest.approx(0.2, abs=0.01)
    # Capsule: half spheres 4 pi r^2 = 16 pi, side 32 pi.
    points, _ = make("capsule").sample(60000, rng)
    assert (np.abs(points[:, 2]) > 0.04).mean() == pytest.approx(1.0 / 3.0, abs=0.01)


def test_ellipsoid_samples_agree_with_a_fine_mesh() -> None:
    points, _ = make("ellipsoid").sample(60000, np.random.default_rng(4))
    fine = trimesh.creation.icosphere(subdivisions=5)
    fine.apply_scale(SHAPES["ellipsoid"]["half"])
    high = fine.triangles_center[:, 2] > 0.025
    expected = fine.area_faces[high].sum() / fine.area
    assert (points[:, 2] > 0.025).mean() == pytest.approx(expected, abs=0.01)


def test_hull_agrees_with_trimesh() -> None:
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.03)
    surface = HullSurface(np.array(ball.vertices), np.array(ball.faces))
    points = np.random.default_rng(6).uniform(-0.05, 0.05, (200, 3))
    nearest, _, distance = surface.closest(points)
    expected, length, _ = trimesh.proximity.closest_point_naive(ball, points)
    np.testing.assert_allclose(np.abs(distance), length, atol=1e-9)
    np.testing.assert_allclose(nearest, expected, atol=1e-6)


def test_shapes_of_batches(hull: ObjectModel) -> None:
    nearest, normals, distance = hull.closest(np.zeros((4, 5, 3)))
    assert nearest.shape == normals.shape == (4, 5, 3)
    assert distance.shape == (4, 5)
    assert hull.closest(np.zeros((0, 3)))[2].shape == (0,)


def test_hull_of_many_flat_triangles(tmp_path: Path) -> None:
    """A finely divided, turned box: coplanar points give the hull slivers."""
    block = trimesh.creation.box(extents=(0.04, 0.06, 0.1))
    for _ in range(3):
        block = block.subdivide()
    turn = trimesh.transformations.rotation_matrix(0.7, [1.0, 2.0, 3.0])
    block.apply_transform(turn)
    block.export(tmp_path / "block.obj")
    spec = mesh(tmp_path / "block.obj")
    points = np.random.default_rng(7).uniform(-0.08, 0.08, (200, 3))
    _, normals, distance = ObjectModel(spec).closest(points @ turn[:3, :3].T)
    _, box_normals, box_distance = make("box").closest(points)
    np.testing.assert_allclose(distance, box_distance, atol=1e-7)
    np.testing.assert_allclose(normals @ turn[:3, :3], box_normals, atol=1e-4)
