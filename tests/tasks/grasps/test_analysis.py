"""Net-force analysis against numbers worked by hand and scipy's non-negative least squares."""

import numpy as np
import pytest
from scipy.optimize import nnls

from tasks.grasps.analysis import analyse, net_force


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
    stable, quality, force = analyse(normals, np.ones((1, 3), dtype=bool), 0.1)
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
    stable, _, force = analyse(normals, np.array([[True, True, False]]), 0.1)
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
