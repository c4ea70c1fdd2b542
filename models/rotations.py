"""Unit quaternions (w, x, y, z) and rotations, for numpy and torch arrays alike.

Shapes broadcast over the leading axes; q and -q are the same rotation everywhere here.
"""

import numpy as np

from models.arrays import Array, namespace


def multiply(a: Array, b: Array) -> Array:
    """Return the Hamilton product a b: first b, then a."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    rows = (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )
    return namespace(a).stack(rows, axis=-1)


def conjugate(q: Array) -> Array:
    """Return the inverse rotation of a unit quaternion."""
    return namespace(q).concatenate((q[..., :1], -q[..., 1:]), axis=-1)


def normalize(q: Array) -> Array:
    """Return q scaled to unit length; q must not be zero."""
    return q / _norm(q)


def cross(a: Array, b: Array) -> Array:
    """Return the cross product of vectors [..., 3], broadcast."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    rows = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return namespace(a).stack(rows, axis=-1)


def rotate(q: Array, v: Array) -> Array:
    """Return q v q*: the vectors v [..., 3] rotated by q [..., 4]."""
    twice = 2.0 * cross(q[..., 1:], v)
    return v + q[..., :1] * twice + cross(q[..., 1:], twice)


def inverse_rotate(q: Array, v: Array) -> Array:
    """Return q* v q: the vectors v [..., 3] seen from the frame that q turns."""
    return rotate(conjugate(q), v)


def from_rotation_vector(v: Array) -> Array:
    """Return exp(v): the rotation by |v| [rad] about v [..., 3]."""
    xp = namespace(v)
    half = 0.5 * _norm(v)
    # sinc(x) = sin(pi x) / (pi x), so this is sin(|v| / 2) / |v| without a division by zero
    return xp.concatenate((xp.cos(half), 0.5 * xp.sinc(half / np.pi) * v), axis=-1)


def to_rotation_vector(q: Array) -> Array:
    """Return log(q) [..., 3] [rad], of length at most pi."""
    xp = namespace(q)
    q = xp.where(q[..., :1] < 0, -q, q)
    sine = _norm(q[..., 1:])
    small = sine < 1e-6
    ratio = 2.0 * xp.arctan2(sine, q[..., :1]) / xp.where(small, xp.ones_like(sine), sine)
    return xp.where(small, 2.0 * xp.ones_like(ratio), ratio) * q[..., 1:]


def to_matrix(q: Array) -> Array:
    """Return the rotation matrix [..., 3, 3]; its columns are the turned axes."""
    xp = namespace(q)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    rows = (
        xp.stack((1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)), axis=-1),
        xp.stack((2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)), axis=-1),
        xp.stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)), axis=-1),
    )
    return xp.stack(rows, axis=-2)


def angle(a: Array, b: Array) -> Array:
    """Return the geodesic distance [...] [rad] between rotations, in [0, pi]."""
    xp = namespace(a)
    between = multiply(conjugate(a), b)
    sine = _norm(between[..., 1:])[..., 0]
    return 2.0 * xp.arctan2(sine, xp.abs(between[..., 0]))


def slerp(a: Array, b: Array, t: Array) -> Array:
    """Return the rotation at the share t [...] of the shortest way from a to b."""
    way = to_rotation_vector(multiply(conjugate(a), b))
    return multiply(a, from_rotation_vector(t[..., None] * way))


def random_quaternions(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return `count` rotations [count, 4], uniform over all rotations."""
    return normalize(rng.standard_normal((count, 4)))


def _norm(v: Array) -> Array:
    """Return the length of the last axis, kept."""
    xp = namespace(v)
    return xp.sqrt(xp.sum(v * v, axis=-1, keepdims=True))
