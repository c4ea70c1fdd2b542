"""Bad commands that come in bursts, so that the calm after them shows how to recover."""

import numpy as np

from configs.layout import Layout
from configs.schema.hand import Hand
from configs.schema.physics import Range
from configs.schema.rollouts import Bursts
from models.kinematics import finger_of_joints
from models.motion import action_towards

# fresh, held: noise on the expert's command, drawn each step or once a burst; the others command
# joints towards a pose: all of them to the open hand, one finger's to it, all to a random pose
KINDS = ("fresh", "held", "open", "finger", "pose")


class CommandBursts:
    """Alternate calm and bad spells, each environment its own (configs/schema/rollouts.py)."""

    def __init__(
        self,
        config: Bursts,
        levels: np.ndarray,
        hand: Hand,
        layout: Layout,
        rng: np.random.Generator,
    ) -> None:
        """Begin in a calm spell. `levels` [N] is each environment's noise [action]; where it is
        zero, every spell is calm."""
        self.config, self.levels, self.layout, self.rng = config, levels, layout, rng
        count, joints = len(levels), layout.num_joints
        self.weights = np.array([config.kinds.get(kind, 0.0) for kind in KINDS])
        self.open = np.array(hand.poses["open"])
        self.finger = finger_of_joints(hand)
        self.bad = np.zeros(count, dtype=bool)
        self.kind = np.zeros(count, dtype=int)
        self.offset = np.zeros((count, joints))  # [action] the noise of a held burst
        self.pose = np.zeros((count, joints))  # [rad] where a burst towards a pose leads
        self.moved = np.zeros((count, joints), dtype=bool)  # the joints that it commands
        self.strength = np.zeros(count)  # [action] greatest action of such a burst
        self.left = self._lengths(config.calm_s)  # [control steps] of the present spell

    def command(self, clean: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the next step's command [N, n] in [-1, 1]; in calm spells it is `clean` itself.

        Args:
            clean: the expert's action [N, n]. target: present joint targets [N, n] [rad].
        """
        self._begin(self.left <= 0)
        self.left -= 1
        fresh = self._noise()
        noise = np.where((self.kind == KINDS.index("held"))[:, None], self.offset, fresh)
        noisy = np.clip(clean + noise, -1.0, 1.0)
        towards = self.strength[:, None] * action_towards(self.layout, target, self.pose)
        posed = np.where(self.moved, towards, clean)
        wrong = np.where((self.kind >= KINDS.index("open"))[:, None], posed, noisy)
        return np.where(self.bad[:, None], wrong, clean).astype(np.float32)

    def _begin(self, over: np.ndarray) -> None:
        """Turn calm into bad and bad into calm where a spell is over.

        Everything is drawn for all environments: the sequence does not depend on who uses it.
        """
        count, joints = self.offset.shape
        self.bad = np.where(over, ~self.bad & (self.levels > 0), self.bad)
        drawn = self.rng.choice(len(KINDS), count, p=self.weights / self.weights.sum())
        self.kind = np.where(over, drawn, self.kind)
        self.offset = np.where(over[:, None], self._noise(), self.offset)
        lower, upper = np.array(self.layout.joint_lower), np.array(self.layout.joint_upper)
        anywhere = self.rng.uniform(lower, upper, (count, joints))
        pose = np.where((drawn == KINDS.index("pose"))[:, None], anywhere, self.open)
        self.pose = np.where(over[:, None], pose, self.pose)
        one = self.finger == self.rng.integers(self.finger.max() + 1, size=(count, 1))
        moved = one | (drawn != KINDS.index("finger"))[:, None]
        self.moved = np.where(over[:, None], moved, self.moved)
        strength = self.rng.uniform(*self.config.strength, count)
        self.strength = np.where(over, strength, self.strength)
        bad, calm = self._lengths(self.config.bad_s), self._lengths(self.config.calm_s)
        self.left = np.where(over, np.where(self.bad, bad, calm), self.left)

    def _noise(self) -> np.ndarray:
        return self.levels[:, None] * self.rng.uniform(-1.0, 1.0, self.offset.shape)

    def _lengths(self, seconds: Range) -> np.ndarray:
        drawn = self.rng.uniform(*seconds, len(self.levels))
        return np.maximum(np.round(drawn * self.layout.control_hz), 1).astype(int)


def deal_assisted(share: float, block: int, count: int) -> np.ndarray:
    """Return which environments [N] a student assists: `share` of the blocks of `block` in a row.

    A block holds every object at every level, so that each is met with a student and without.
    """
    blocks = np.arange(count) // block
    return np.floor((blocks + 1) * share) > np.floor(blocks * share)


def deal_levels(levels: tuple[float, ...], objects: int, count: int) -> np.ndarray:
    """Return each environment's level [N]: every object meets every level.

    Objects are dealt out in turn, so a level goes to a whole round of them.
    """
    rounds = np.arange(count) // objects
    return np.array(levels)[rounds % len(levels)]
