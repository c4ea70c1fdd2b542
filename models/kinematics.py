"""Forward kinematics of a hand that is data, batched, for numpy and torch arrays alike.

Link k is moved by joint k; joints and links are in the layout's order, finger by finger. All
results are in the hand frame, in metres. Frames go outwards, one level of links for all fingers at
once. Keypoints, which are wanted in every control step, go inwards from their links to the palm:
a point takes a fourth of a frame's work. Either way the cost is a handful of array operations
whatever the hand.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from configs.schema.hand import Hand
from models import rotations
from models.arrays import Array, constant, namespace


@dataclass(frozen=True)
class TipCapsule:
    """The capsule of a finger tip, in the frame of link `link`."""

    link: int
    ends: np.ndarray  # [2, 3] [m] the two centres of its half spheres
    radius: float  # [m]


class Kinematics:
    """Positions, frames and Jacobians of a hand's links; q is [..., n] [rad]."""

    def __init__(self, hand: Hand) -> None:
        fixed, axes, finger_of, depth_of = _joints(hand)
        cosine_part, sine_part, rest = _hinges(fixed, axes)
        depth = max(depth_of) + 1
        levels = [[k for k, d in enumerate(depth_of) if d == level] for level in range(depth)]
        order = [k for level in levels for k in level]
        self.num_joints = len(axes)
        self.num_fingers = len(hand.fingers)
        # A level's parents, as places in the level above; a slice where every finger goes on.
        fingers_at = [[finger_of[k] for k in level] for level in levels]
        self._parents = [
            None if above == below else [above.index(finger) for finger in below]
            for above, below in pairwise(fingers_at)
        ]
        self._levels = [slice(order.index(lv[0]), order.index(lv[0]) + len(lv)) for lv in levels]
        self._order = np.array(order)  # level-major -> joint index
        self._restore = np.argsort(self._order)
        self._constants = {
            "cosine": cosine_part[order],
            "sine": sine_part[order],
            "rest": rest[order],
            "axes": axes,
        }
        self._moves = np.array(  # [L, n] joint j moves link l
            [
                [finger_of[link] == finger_of[j] and j <= link for j in range(self.num_joints)]
                for link in range(self.num_joints)
            ]
        )
        links, local = _keypoints(hand)
        counts = np.cumsum([len(finger.keypoints) for finger in hand.fingers])
        hinges = (cosine_part, sine_part, rest)
        self._keypoints = _Inward.of(links, local, np.array(depth_of), hinges)
        self._tip_links, self._tip_places = links[counts - 1], local[counts - 1]
        self._tips = _Inward.of(self._tip_links, self._tip_places, np.array(depth_of), hinges)
        self._capsules = _capsules(hand)
        self._cache: dict[tuple, Array] = {}

    def keypoints(self, q: Array) -> Array:
        """Return the keypoints [..., K, 3]."""
        return self._inward(q, self._keypoints)

    def tips(self, q: Array) -> Array:
        """Return each finger's tip keypoint [..., F, 3]."""
        return self._inward(q, self._tips)

    def points(self, q: Array, links: np.ndarray, local: Array) -> Array:
        """Return points [..., P, 3], given in their links' frames: `links` [P], `local`
        [..., P, 3]."""
        places = self._restore[links]  # level by level: what is not asked for is not sorted
        return _transform(pick(self._level_frames(q), places), local)

    def _inward(self, q: Array, chains: "_Inward") -> Array:
        """Return points fixed to their links [..., P, 3], carried level by level to the palm."""
        xp = namespace(q)
        # [n, 1, B]: the batch is last, so that the innermost loops are long
        columns = xp.moveaxis(q.reshape(-1, self.num_joints), 0, 1)[:, None]
        cosine, sine = xp.cos(columns), xp.sin(columns)
        points = None
        for number, level in enumerate(chains.levels):
            hinge, offset, first, joints = (
                self._kept((id(chains), number, name), value, q)
                for name, value in vars(level).items()
            )
            begun = xp.broadcast_to(first, (first.shape[0], 3, columns.shape[2]))
            points = begun if points is None else xp.concatenate((points, begun), axis=0)
            parts = hinge @ points  # [A, 9, B]: what cosine, sine and 1 multiply
            turned = parts[:, :3] * rows(cosine, joints) + parts[:, 3:6] * rows(sine, joints)
            points = turned + (parts[:, 6:] + offset)
        assert points is not None
        restore = self._kept((id(chains), "restore"), chains.restore, q)
        back = xp.moveaxis(rows(points, restore), 2, 0)
        return back.reshape(*q.shape[:-1], len(chains.restore), 3)

    def point_jacobian(self, q: Array, links: np.ndarray, local: Array) -> Array:
        """Return d point / d q [..., P, 3, n] [m / rad] of the points that `points` returns."""
        frames = self.frames(q)
        points = _transform(frames[..., links, :, :], local)  # [..., P, 3]
        axes = (frames[..., :3, :3] @ self._constant("axes", q)[..., None])[..., 0]  # [..., n, 3]
        arms = points[..., :, None, :] - frames[..., None, :, :3, 3]  # [..., P, n, 3]
        columns = rotations.cross(axes[..., None, :, :], arms)
        moved = columns * constant(self._moves[links], q)[..., None]
        return namespace(q).moveaxis(moved, -1, -2)

    def tip_jacobian(self, q: Array) -> Array:
        """Return d tip / d q [..., F, 3, n] [m / rad] of the points that `tips` returns."""
        return self.point_jacobian(q, self._tip_links, constant(self._tip_places, q))

    def frames(self, q: Array) -> Array:
        """Return the links' homogeneous frames [..., L, 4, 4] in the hand frame."""
        return pick(self._level_frames(q), self._restore)

    def _level_frames(self, q: Array) -> Array:
        """Return the links' frames [..., L, 4, 4] in the order of their levels."""
        xp = namespace(q)
        turned = pick(q[..., None, None], self._order)  # [..., L, 1, 1] level by level
        steps = self._constant("cosine", q) * xp.cos(turned)
        steps = steps + self._constant("sine", q) * xp.sin(turned) + self._constant("rest", q)
        frames = [steps[..., self._levels[0], :, :]]
        for level, parents in zip(self._levels[1:], self._parents, strict=True):
            above = frames[-1] if parents is None else pick(frames[-1], np.array(parents))
            frames.append(above @ steps[..., level, :, :])
        return xp.concatenate(frames, axis=-3)

    def tip_capsules(self) -> tuple[TipCapsule, ...]:
        """Return each finger's tip capsule, in finger order."""
        return self._capsules

    def _constant(self, name: str, like: Array) -> Array:
        return self._kept(name, self._constants[name], like)

    def _kept(self, name: Hashable, values: np.ndarray, like: Array) -> Array:
        """Return constant numbers or indices as an array of the kind of `like`, made once."""
        xp = namespace(like)
        key = (name, xp.__name__, like.dtype, getattr(like, "device", None))
        if key not in self._cache:
            indices = values.dtype.kind == "i"
            if not indices:
                self._cache[key] = constant(values, like)
            else:
                self._cache[key] = values if xp is np else xp.as_tensor(values, device=like.device)
        return self._cache[key]


def damped_step(jacobian: Array, error: Array, damping: float) -> Array:
    """Return the sum over fingers of J^T (J J^T + damping^2 I)^-1 e, [M, n] [rad].

    Args: jacobian [M, F, 3, n] [m / rad] of a point of each finger, error [M, F, 3] [m] of it.
    """
    xp = namespace(jacobian)
    normal = xp.einsum("mfij,mfkj->mfik", jacobian, jacobian)
    normal = normal + constant(damping**2 * np.eye(3), jacobian)
    weights = xp.linalg.solve(normal, error[..., None])[..., 0]
    return xp.einsum("mfij,mfi->mj", jacobian, weights)


def finger_of_joints(hand: Hand) -> np.ndarray:
    """Return which finger each joint belongs to, [n]."""
    return np.repeat(np.arange(len(hand.fingers)), [len(finger.links) for finger in hand.fingers])


def pick(frames: Array, places: np.ndarray) -> Array:
    """Return frames [..., P, a, b] at places [P] of [..., L, a, b].

    Torch indexes by a numpy array many times slower than it selects by its own.
    """
    if namespace(frames) is np:
        return frames[..., places, :, :]
    return frames.index_select(-3, frames.new_tensor(places, dtype=namespace(frames).int64))


def rows(array: Array, places: Array) -> Array:
    """Return the rows of [L, ...] at places [P], given as an array of the same kind."""
    return array[places] if namespace(array) is np else array.index_select(0, places)


def _transform(frames: Array, local: Array) -> Array:
    """Return frames [..., P, 4, 4] applied to points [..., P, 3]."""
    return (frames[..., :3, :3] @ local[..., None])[..., 0] + frames[..., :3, 3]


@dataclass(frozen=True)
class _Level:
    """What carries the points of one level of links into their parents' frames; A points."""

    hinge: np.ndarray  # [A, 9, 3] point -> (cosine part, sine part, rest) of the turned point
    offset: np.ndarray  # [A, 3, 1] [m] of the link in its parent
    first: np.ndarray  # [A', 3, 1] [m] the points whose own link is on this level; they are last
    joints: np.ndarray  # [A] int


@dataclass(frozen=True)
class _Inward:
    """Points fixed to links, deepest links first, and their way to the palm."""

    levels: tuple[_Level, ...]
    restore: np.ndarray  # [P] places of the points as they were given

    @staticmethod
    def of(
        links: np.ndarray,
        local: np.ndarray,
        depth: np.ndarray,
        hinges: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> "_Inward":
        """Plan the way of points `local` [P, 3] in the frames of `links` [P]."""
        order = np.argsort(-depth[links], kind="stable")
        links, local = links[order], local[order]
        levels = []
        for level in range(int(depth[links[0]]), -1, -1):
            joined = depth[links] >= level
            # a finger's links are numbered in a row, so its link on this level is so far back
            moved = links[joined] - (depth[links[joined]] - level)
            turn = np.concatenate([part[moved, :3, :3] for part in hinges], axis=1)  # [A, 9, 3]
            offset = np.sum([part[moved, :3, 3] for part in hinges], axis=0)
            begun = local[depth[links] == level]
            levels.append(_Level(turn, offset[..., None], begun[..., None], moved))
        return _Inward(tuple(levels), np.argsort(order))


def _joints(hand: Hand) -> tuple[np.ndarray, np.ndarray, list[int], list[int]]:
    """Return (frame of each link in its parent at q = 0 [n, 4, 4], unit axes [n, 3], finger of
    each joint, depth of each joint in its finger)."""
    fixed, axes, finger_of, depth_of = [], [], [], []
    for f, finger in enumerate(hand.fingers):
        for depth, link in enumerate(finger.links):
            frame = np.eye(4)
            frame[:3, 3] = link.offset
            if depth == 0:
                root = np.eye(4)
                quaternion = rotations.normalize(np.array(finger.root_quaternion))
                root[:3, :3] = rotations.to_matrix(quaternion)
                root[:3, 3] = finger.root_position
                frame = root @ frame
            fixed.append(frame)
            axes.append(rotations.normalize(np.array(link.axis)))
            finger_of.append(f)
            depth_of.append(depth)
    return np.stack(fixed), np.stack(axes), finger_of, depth_of


def _hinges(fixed: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A, B, C [n, 4, 4] with parent_to_link(q) = A cos q + B sin q + C (Rodrigues)."""
    count = len(axes)
    cosine, sine, rest = (np.zeros((count, 4, 4)) for _ in range(3))
    outer = axes[:, :, None] * axes[:, None, :]
    # columns of the matrix of `axis x`
    skew = np.stack([np.cross(axes, unit) for unit in np.eye(3)], axis=-1)
    cosine[:, :3, :3] = np.eye(3) - outer
    sine[:, :3, :3] = skew
    rest[:, :3, :3] = outer
    rest[:, 3, 3] = 1.0
    return fixed @ cosine, fixed @ sine, fixed @ rest


def _keypoints(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    links, local, first = [], [], 0
    for finger in hand.fingers:
        names = [link.name for link in finger.links]
        for point in finger.keypoints:
            links.append(first + names.index(point.link))
            local.append(point.position)
        first += len(names)
    return np.array(links), np.array(local)


def _capsules(hand: Hand) -> tuple[TipCapsule, ...]:
    capsules, last = [], -1
    for finger in hand.fingers:
        last += len(finger.links)
        capsule = finger.tip.capsule
        half = np.array([0.0, 0.0, capsule.half_length])
        ends = np.stack([np.array(capsule.centre) - half, np.array(capsule.centre) + half])
        capsules.append(TipCapsule(link=last, ends=ends, radius=capsule.radius))
    return tuple(capsules)
