"""Net-force analysis against numbers worked by hand and scipy's non-negative least squares."""

import dataclasses

import numpy as np
import pytest
from scipy.optimize import nnls

from configs.schema.grasps import Wrench
from tasks.grasps.analysis import net_force, share_out
from tasks.grasps.wrench import net_wrench, onto_simplex, pyramid_wrenches


def unit(*rows: tuple[float, float, float]) -> np.ndarray:
    normals = np.array(rows)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_antipodal_contacts_cancel():
    normals = unit((1, 0, 0), (-1, 0, 0))[None]
    residual, forces = net_force(normals, np.ones((1, 2), dtype=bool))
    assert residual == pytest.approx(np.zeros((1, 2)), abs=1e-12)
    assert forces[0] == pytest.approx(np.ones((2, 2)))


def test_two_contacts_at_an_angle_leave_sine_squared():
    # min over f of ||n_1 + f n_2||^2 = 1 - cos^2 of the angle when it is obtuse, else 1 (f = 0).
    for degrees, expected in ((150, np.sin(np.radians(150)) ** 2), (60, 1.0)):
        angle = np.radians(degrees)
        normals = unit((1, 0, 0), (np.cos(angle), np.sin(angle), 0))[None]
        residual, _ = net_force(normals, np.ones((1, 2), dtype=bool))
        assert residual == pytest.approx(np.full((1, 2), expected))


def test_tripod_shares_the_force_equally():
    angles = np.radians([0, 120, 240])
    normals = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)[None]
    active = np.ones((1, 3), dtype=bool)
    stable, quality, force = share_out(*net_force(normals, active), active, 0.1)
    assert stable[0]
    assert quality[0] == pytest.approx(0.0, abs=1e-12)
    assert force[0] == pytest.approx(np.ones(3))


def test_inactive_contacts_take_no_part():
    normals = unit((1, 0, 0), (-1, 0, 0), (0, 1, 0))[None]
    active = np.array([[True, False, True]])
    residual, forces = net_force(normals, active)
    assert np.isinf(residual[0, 1])
    assert residual[0, [0, 2]] == pytest.approx(np.ones(2))
    assert not forces[0, :, 1].any()


def test_mean_force_is_one_newton_a_touching_finger():
    normals = unit((1, 0, 0), (-1, 0, 0), (0, 0, 1))[None]
    active = np.array([[True, True, False]])
    stable, _, force = share_out(*net_force(normals, active), active, 0.1)
    assert stable[0]
    assert force[0] == pytest.approx([1.0, 1.0, 0.0])


@pytest.mark.parametrize("contacts", [2, 3, 4, 5])
def test_every_subproblem_agrees_with_scipy(contacts: int):
    rng = np.random.default_rng(contacts)
    normals = rng.normal(size=(60, contacts, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    normals[:10, -1] = normals[:10, 0]  # dependent normals, as on a box's face
    residual, forces = net_force(normals, np.ones((60, contacts), dtype=bool))
    for sample in range(60):
        for i in range(contacts):
            others = [j for j in range(contacts) if j != i]
            _, norm = nnls(normals[sample, others].T, -normals[sample, i])
            assert residual[sample, i] == pytest.approx(norm**2, abs=1e-9)
            assert forces[sample, i, i] == 1.0
            net = forces[sample, i] @ normals[sample]
            assert net @ net == pytest.approx(residual[sample, i], abs=1e-9)
            assert (forces[sample, i] >= 0).all()


WRENCH = Wrench(friction=0.5, edges=4, length=0.03, iterations=400)


def test_friction_lets_two_contacts_at_an_angle_cancel():
    """150 degrees apart, each normal is 15 degrees off the line between them, within the cone."""
    angle = np.radians(75)
    normals = unit((np.sin(angle), np.cos(angle), 0), (-np.sin(angle), np.cos(angle), 0))[None]
    points = 0.03 * unit((1, 0, 0), (-1, 0, 0))[None]
    both = np.ones((1, 2), dtype=bool)
    residual, forces = net_wrench(points, normals, both, WRENCH)
    assert residual == pytest.approx(np.zeros((1, 2)), abs=1e-6)
    assert forces[0] == pytest.approx(np.ones((2, 2)), abs=1e-3)
    slippery = dataclasses.replace(WRENCH, friction=0.1)
    assert (net_wrench(points, normals, both, slippery)[0] > 0.01).all()


def test_forces_that_cancel_may_leave_a_torque():
    normals = unit((1, 0, 0), (-1, 0, 0))[None]
    points = np.array([[[0.03, 0.02, 0.0], [-0.03, -0.02, 0.0]]])
    both = np.ones((1, 2), dtype=bool)
    assert net_force(normals, both)[0] == pytest.approx(np.zeros((1, 2)), abs=1e-12)
    for friction, low, high in ((0.1, 0.1, np.inf), (1.0, 0.0, 1e-6)):
        wrench = dataclasses.replace(WRENCH, friction=friction)
        residual, _ = net_wrench(points, normals, both, wrench)
        assert ((residual >= low) & (residual < high)).all()


def test_the_wrench_solver_agrees_with_scipy():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(20, 3, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    points = 0.03 * normals + 0.005 * rng.normal(size=normals.shape)
    active = np.ones((20, 3), dtype=bool)
    active[:5, 2] = False
    patient = dataclasses.replace(WRENCH, iterations=3000)
    residual, forces = net_wrench(points, normals, active, patient)
    wrenches = pyramid_wrenches(points, normals, WRENCH) * active[..., None, None]
    for sample in range(20):
        columns = wrenches[sample].reshape(-1, 6).T
        for i in np.flatnonzero(active[sample]):
            own = np.repeat(np.arange(3) == i, WRENCH.edges).astype(float)
            stiff = np.vstack([columns, 1e3 * own])  # the constraint as a stiff row
            _, norm = nnls(stiff, np.concatenate([np.zeros(6), [1e3]]))
            assert residual[sample, i] == pytest.approx(norm**2, rel=1e-3, abs=2e-4)
            assert forces[sample, i, i] == pytest.approx(1.0)
        assert np.isinf(residual[sample, ~active[sample]]).all()


def test_projection_onto_the_simplex():
    rows = np.array([[0.2, 0.3, 0.5], [3.0, 0.0, 0.0], [-1.0, 0.5, 0.5], [1.0, 1.0, 1.0]])
    expected = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]
    assert onto_simplex(rows) == pytest.approx(np.array(expected))
