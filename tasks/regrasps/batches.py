"""A batch of growth in a file, so that a killed run goes on with the next."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from configs.files import replacing
from tasks.grasps.candidates import Candidates
from tasks.regrasps.growth import Batch, NewEdges
from tasks.regrasps.motion import Motions

AIMS = ("asked", "goal", "age")
NODES, FORTH, BACK, LOOPS = "nodes.", "forth.", "back.", "loops."  # prefixes of the arrays' names


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
