"""Whether fingers on their way stay clear of the object, of the palm and of one another."""

from collections.abc import Sequence

import numpy as np

from configs.schema.hand import Hand
from envs.shapes.objects import ObjectModel
from models.kinematics import Kinematics
from models.rotations import inverse_rotate


class Clearance:
    """Judges fingers by points on them: the keypoints and the middles between them."""

    def __init__(
        self, hand: Hand, kinematics: Kinematics, objects: Sequence[ObjectModel], margin: float
    ) -> None:
        """`margin` [m] is the room that there must be beyond the fingers' thickness."""
        self.kinematics, self.objects = kinematics, objects
        self.palm = np.array(hand.palm.box.centre), np.array(hand.palm.box.half_size)
        counts = [len(finger.keypoints) for finger in hand.fingers]
        finger = np.repeat(np.arange(len(counts)), counts)
        self.before = np.flatnonzero(finger[:-1] == finger[1:])  # keypoints that another follows
        self.finger = np.concatenate([finger, finger[self.before]])  # [P] of each point
        radius = np.array([finger.tip.capsule.radius for finger in hand.fingers])[self.finger]
        self.least = radius + margin  # [P] [m] from object and palm
        self.between = radius[:, None] + radius + margin  # [P, P] [m]
        self.others = self.finger[:, None] != self.finger

    def clear(
        self,
        q: np.ndarray,
        moving: np.ndarray,
        pose: np.ndarray,
        which: np.ndarray,
        scale: np.ndarray,
    ) -> np.ndarray:
        """Say at which joint angles nothing is touched [M, T].

        Args:
            q: [M, T, n] [rad]. moving: [M, F], which fingers are judged. pose: [M, 7] and
            which: [M], the objects beside them. scale: [M] factor on their lengths.
        """
        keypoints = self.kinematics.keypoints(q)
        middles = 0.5 * (keypoints[..., self.before, :] + keypoints[..., self.before + 1, :])
        points = np.concatenate([keypoints, middles], axis=-2)  # [M, T, P, 3]
        centre, half = self.palm
        room = (np.abs(points - centre) - half).max(axis=-1)  # from the palm
        for number, item in enumerate(self.objects):
            mine = np.flatnonzero(which == number)
            place, size = pose[mine, None, None], scale[mine, None, None]
            seen = inverse_rotate(place[..., 3:], points[mine] - place[..., :3])
            away = size * item.closest(seen / size[..., None])[2]
            room[mine] = np.minimum(room[mine], away)
        judged = moving[:, self.finger]  # [M, P]
        apart = np.linalg.norm(points[..., :, None, :] - points[..., None, :, :], axis=-1)
        near = (apart < self.between) & self.others & judged[:, None, :, None]
        touched = (room < self.least) & judged[:, None]
        return ~(touched.any(axis=-1) | near.any(axis=(-2, -1)))
