"""Quaternion axioms, round trips and values worked by hand, in numpy and torch."""

import numpy as np
import pytest
import torch

from models import rotations as r

HALF = np.sqrt(0.5)


@pytest.fixture(params=["numpy", "torch"])
def kind(request):
    return np.asarray if request.param == "numpy" else torch.as_tensor


@pytest.fixture
def some(kind):
    rng = np.random.default_rng(3)
    a, b, c = (kind(r.random_quaternions(rng, 50)) for _ in range(3))
    return a, b, c, kind(rng.standard_normal((50, 3)))


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=tolerance, rtol=0)


def test_hand_worked_values(kind):
    i, j = kind(np.array([0.0, 1.0, 0.0, 0.0])), kind(np.array([0.0, 0.0, 1.0, 0.0]))
    close(r.multiply(i, j), [0, 0, 0, 1])  # i j = k
    close(r.multiply(j, i), [0, 0, 0, -1])  # j i = -k
    quarter = kind(np.array([HALF, 0.0, 0.0, HALF]))  # about z
    close(r.rotate(quarter, kind(np.array([1.0, 0.0, 0.0]))), [0, 1, 0])
    close(r.to_matrix(quarter), [[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    close(r.to_rotation_vector(quarter), [0, 0, np.pi / 2])
    close(r.from_rotation_vector(kind(np.array([0.0, 0.0, np.pi / 2]))), [HALF, 0, 0, HALF])


def test_group_axioms(some):
    a, b, c, v = some
    close(r.multiply(r.multiply(a, b), c), r.multiply(a, r.multiply(b, c)))
    close(r.multiply(a, r.conjugate(a))[..., 0], np.ones(50))
    close(r.rotate(r.multiply(a, b), v), r.rotate(a, r.rotate(b, v)))
    close(r.inverse_rotate(a, r.rotate(a, v)), v)
    close((r.rotate(a, v) ** 2).sum(-1), (v**2).sum(-1))
    close(r.rotate(-a, v), r.rotate(a, v))  # q and -q are one rotation
    close(r.to_matrix(r.multiply(a, b)), r.to_matrix(a) @ r.to_matrix(b))
    close((r.to_matrix(a) @ v[..., None])[..., 0], r.rotate(a, v))


def test_round_trips(some):
    a, b, _, v = some
    close(r.angle(r.from_rotation_vector(r.to_rotation_vector(a)), a), np.zeros(50), 1e-7)
    short = 0.5 * v
    close(r.to_rotation_vector(r.from_rotation_vector(short)), short, 1e-9)
    close(r.angle(a, r.slerp(a, b, a[..., 0] * 0 + 0.25)), 0.25 * r.angle(a, b), 1e-7)
    close(r.slerp(a, b, a[..., 0] * 0), a, 1e-12)


def test_small_rotations_are_exact_and_finite(kind):
    tiny = kind(np.array([[0.0, 0.0, 0.0], [1e-9, 0.0, 0.0]]))
    close(r.to_rotation_vector(r.from_rotation_vector(tiny)), tiny, 1e-20)
    identity = kind(np.array([1.0, 0.0, 0.0, 0.0]))
    assert float(r.angle(identity, -identity)) == 0.0  # sign-safe
    nearly = kind(np.array([1.0, 1e-9, 0.0, 0.0]))
    # 2 arccos(|w|) would give exactly 0 here
    assert float(r.angle(identity, nearly)) == pytest.approx(2e-9, rel=1e-6)


def test_random_quaternions_are_uniform_and_seeded():
    q = r.random_quaternions(np.random.default_rng(0), 20000)
    assert np.array_equal(q, r.random_quaternions(np.random.default_rng(0), 20000))
    # E[q qT] = I / 4 for uniform rotations
    np.testing.assert_allclose(q.T @ q / len(q), np.eye(4) / 4, atol=0.01)


def test_single_precision_stays_single():
    q = r.random_quaternions(np.random.default_rng(0), 4).astype(np.float32)
    v = np.ones((4, 3), np.float32)
    results = [r.rotate(q, v), r.to_matrix(q), r.to_rotation_vector(q), r.angle(q, q[::-1])]
    assert {x.dtype for x in results} == {np.dtype(np.float32)}
    t = torch.as_tensor(q)
    assert r.to_matrix(t).dtype == torch.float32
