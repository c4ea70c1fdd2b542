"""The grasp graph of one object: grasps, and motions that lead from one to another.

Every motion was played in physics before it counted. Numpy and safetensors only.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from configs.errors import UserError
from configs.files import replacing
from configs.layout import Layout
from configs.schema.grasps import GraspMetric
from configs.schema.hand import Hand
from envs.grasp_set import GraspSet, header_of

FORMAT = 2
GRASPS, EDGES = "grasps.safetensors", "edges.safetensors"

KINDS = IN_GRASP, MOVE, ADD, REMOVE, THUMB = range(5)
NAMES = ("in_grasp", "move", "add", "remove", "thumb")  # of the kinds, in order
BACK = np.array([IN_GRASP, MOVE, REMOVE, ADD, THUMB])  # the kind of a motion undone
REST = 10  # control steps in which an object comes to rest after a motion
THUMBS = "thumb"  # the name of the finger whose motions are a kind of their own


@dataclass(frozen=True)
class Edges:
    """E motions between grasps; W legs, in each the joint targets go straight to the leg's."""

    start: np.ndarray  # [E] int32, row of the grasp that it leads from
    end: np.ndarray  # [E] int32
    turn: np.ndarray  # [E, 4] float32, of the object's symmetry: it ends at that grasp turned so
    kind: np.ndarray  # [E] int8, index in KINDS
    finger: np.ndarray  # [E] int8, that goes elsewhere, -1: none
    target: np.ndarray  # [E, W, n] float32 [rad]
    steps: np.ndarray  # [E, W] int16, control steps
    draws: np.ndarray  # [E] int8, of Table III, in which it was played
    landed: np.ndarray  # [E] int8, of those, where it ended at its grasp

    def __len__(self) -> int:
        return len(self.start)

    @property
    def length(self) -> np.ndarray:
        """Control steps of each motion [E]."""
        return self.steps.sum(axis=1)

    @property
    def cost(self) -> np.ndarray:
        """Control steps of each motion and of the rest after it, over its success rate [E]."""
        return (self.length + REST) * self.draws / np.maximum(self.landed, 1)


@dataclass(frozen=True)
class GraspGraph:
    """Grasps of one object as nodes, and the motions between them."""

    grasps: GraspSet
    edges: Edges
    metric: GraspMetric  # under which a hand is in a grasp

    def save(self, folder: Path, layout: Layout) -> dict[str, Path]:
        """Write both files into `folder`, equal bytes for equal graphs; return them by name."""
        self.grasps.save(folder / GRASPS, layout)
        header = {"format": FORMAT, "object": self.grasps.object, "layout": layout.fingerprint()}
        header["metric"] = asdict(self.metric)
        arrays = {f.name: np.ascontiguousarray(getattr(self.edges, f.name)) for f in fields(Edges)}
        with replacing(folder / EDGES) as temporary:
            save_file(arrays, temporary, {"graph": json.dumps(header, sort_keys=True)})
        return {name: folder / name for name in (GRASPS, EDGES)}

    @staticmethod
    def load(folder: Path, layout: Layout, metric: GraspMetric) -> "GraspGraph":
        """Read what `save` wrote.

        Raises:
            UserError: missing, not such files, or made under another metric. LayoutMismatch: made
                for another layout.
        """
        grasps, path = GraspSet.load(folder / GRASPS, layout), folder / EDGES
        try:
            content = path.read_bytes()
            header = header_of(content, "graph")
            if header["format"] != FORMAT or header["object"] != grasps.object:
                raise UserError(f"{path}: not the edges of {grasps.object}; run the step again")
            layout.require(header["layout"], str(path))
            if header["metric"] != asdict(metric):
                raise UserError(f"{path}: made under another grasps.metric; run the step again")
            return GraspGraph(grasps, Edges(**load_arrays(content)), metric)
        except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: not a grasp graph ({reason}); run the step again") from None


def kind_of(hand: Hand, finger: np.ndarray, joins: np.ndarray) -> np.ndarray:
    """Return the kind [M] of regrasps by `finger` [M], which `joins` [M] or goes elsewhere."""
    thumb = np.array([f.name == THUMBS for f in hand.fingers])
    return np.where(thumb[finger], THUMB, np.where(joins, ADD, MOVE))
