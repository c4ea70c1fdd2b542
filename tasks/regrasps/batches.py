"""What one batch of growth adds, also in a file, so that a killed run goes on with the next."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from configs.files import replacing
from envs.shapes.symmetry import NONE
from tasks.grasps.candidates import Candidates
from tasks.regrasps.motion import LEGS, Motions

AIMS = ("asked", "goal", "age")
NODES, FORTH, BACK, LOOPS = "nodes.", "forth.", "back.", "loops."  # prefixes of the arrays' names


@dataclass(frozen=True)
class NewEdges:
    """Edges as they are found; rows of the tree."""

    start: np.ndarray  # [E]
    end: np.ndarray  # [E]
    turn: np.ndarray  # [E, 4] of the object's symmetry, that the end is turned by
    kind: np.ndarray  # [E]
    finger: np.ndarray  # [E]
    motion: Motions  # [E]
    landed: np.ndarray  # [E] draws

    def __len__(self) -> int:
        return len(self.start)

    @staticmethod
    def none(joints: int) -> "NewEdges":
        """Return no edges, of hands with so many joints."""
        empty = np.zeros(0, dtype=int)
        motion = Motions(np.zeros((0, LEGS, joints)), np.zeros((0, LEGS), dtype=int))
        return NewEdges(empty, empty, NONE.turns[empty], empty, empty, motion, empty)

    def take(self, rows: np.ndarray) -> "NewEdges":
        """Return those of a mask [E] or of indices."""
        return NewEdges(
            *(a.take(rows) if a is self.motion else a[rows] for a in vars(self).values())
        )


@dataclass(frozen=True)
class Batch:
    """What one batch of growth adds."""

    nodes: Candidates  # `parent` is a row of the tree
    forth: NewEdges
    back: NewEdges
    loops: NewEdges  # between grasps that are nearly the same
    asked: np.ndarray  # [A] rows of the tree that motions were asked of
    goal: np.ndarray  # [K, 7] pose that each node was made on the way to
    age: np.ndarray  # [K] motions made on that way
    counts: dict[str, dict[str, int]]  # kind -> stage -> motions
    planned: dict[str, int]  # stage of planning a regrasp -> grasps for which one is left


def save_batch(path: Path, batch: Batch) -> None:
    """Write a batch, whole or not at all."""
    arrays = {NODES + f.name: getattr(batch.nodes, f.name) for f in fields(Candidates)}
    arrays |= (
        _links(FORTH, batch.forth)
        | _links(BACK, batch.back)
        | _links(LOOPS, batch.loops)
        | {name: getattr(batch, name) for name in AIMS}
    )
    packed = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        save_file(packed, temporary, {"counts": json.dumps([batch.counts, batch.planned])})


def read_batch(path: Path) -> Batch:
    """Read what `save_batch` wrote."""
    with safe_open(path, "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        counts, planned = json.loads(file.metadata()["counts"])
    nodes = Candidates(**{f.name: arrays[NODES + f.name] for f in fields(Candidates)})
    aims = {name: arrays[name] for name in AIMS}
    forth, back, loops = (_read(prefix, arrays) for prefix in (FORTH, BACK, LOOPS))
    told = {"counts": counts, "planned": planned}
    return Batch(nodes=nodes, forth=forth, back=back, loops=loops, **told, **aims)


def _links(prefix: str, links: NewEdges) -> dict[str, np.ndarray]:
    arrays = {name: array for name, array in vars(links).items() if name != "motion"}
    arrays |= vars(links.motion)
    return {prefix + name: array for name, array in arrays.items()}


def _read(prefix: str, arrays: dict[str, np.ndarray]) -> NewEdges:
    own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
    motion = Motions(**{f.name: own.pop(f.name) for f in fields(Motions)})
    return NewEdges(motion=motion, **own)
