"""Which hand is to grasp which object: what every stage of the search needs."""

from dataclasses import dataclass

import numpy as np

from configs.layout import Layout
from configs.schema.hand import Hand
from configs.schema.world import Embodiment
from envs.shapes.objects import ObjectModel
from envs.shapes.symmetry import Symmetry, find_symmetry
from models.kinematics import Kinematics, finger_of_joints


@dataclass(frozen=True)
class Problem:
    hand: Hand
    layout: Layout
    kinematics: Kinematics
    model: ObjectModel
    symmetry: Symmetry  # of the object

    @staticmethod
    def of(embodiment: Embodiment, model: ObjectModel) -> "Problem":
        hand = embodiment.hand
        return Problem(
            hand=hand,
            layout=embodiment.make_layout(),
            kinematics=Kinematics(hand),
            model=model,
            symmetry=find_symmetry(model.surface),
        )

    @property
    def lower(self) -> np.ndarray:
        """Lower joint limits [n] [rad]."""
        return np.array(self.layout.joint_lower)

    @property
    def upper(self) -> np.ndarray:
        """Upper joint limits [n] [rad]."""
        return np.array(self.layout.joint_upper)

    @property
    def rest(self) -> np.ndarray:
        """The hand's rest pose [n] [rad]."""
        return np.array(self.hand.rest)

    @property
    def tip_links(self) -> np.ndarray:
        """The link that carries each finger's tip capsule [F]."""
        return np.array([capsule.link for capsule in self.kinematics.tip_capsules()])

    @property
    def tip_axes(self) -> np.ndarray:
        """End points of each tip capsule's axis in its link's frame [F, 2, 3] [m]."""
        return np.stack([capsule.ends for capsule in self.kinematics.tip_capsules()])

    @property
    def tip_radii(self) -> np.ndarray:
        """Radius of each tip capsule [F] [m]."""
        return np.array([capsule.radius for capsule in self.kinematics.tip_capsules()])

    @property
    def link_points(self) -> tuple[np.ndarray, np.ndarray]:
        """Points inside each link's box, near the ends of its longest axis: links [P] and
        places in their frames [P, 3] [m]."""
        boxes = [link.box for finger in self.hand.fingers for link in finger.links]
        centre, half = (np.array([getattr(b, k) for b in boxes]) for k in ("centre", "half_size"))
        length, width = half.max(axis=1), half.min(axis=1)
        axis = np.eye(3)[half.argmax(axis=1)]
        ends = [centre + sign * (length - width)[:, None] * axis for sign in (-1.0, 1.0)]
        return np.tile(np.arange(len(boxes)), 2), np.concatenate(ends)

    @property
    def finger_of_joint(self) -> np.ndarray:
        """The finger that each joint belongs to [n]."""
        return finger_of_joints(self.hand)

    def joint_mask(self, fingers: np.ndarray) -> np.ndarray:
        """Spread a mask over fingers [N, F] to their joints [N, n]."""
        return fingers[:, self.finger_of_joint]
