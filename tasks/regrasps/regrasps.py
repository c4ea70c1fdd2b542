"""The step `regrasps`: grow the grasp graph of one object from its grasps.

Work is cut into batches. A batch is a function of the seed, its number and the batches before it,
and is saved as a whole: a run that was killed goes on and ends with the same graph.
"""

import json
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from configs.refs import Ref
from configs.schema.regrasps import RegraspsStep
from envs.grasp_graph import IN_GRASP, NAMES, GraspGraph
from envs.grasp_set import GraspSet
from envs.shapes.symmetry import Symmetry
from tasks.grasps.candidates import Candidates
from tasks.grasps.grasps import NoGraspsError
from tasks.grasps.problem import Problem
from tasks.objects import open_objects
from tasks.regrasps.batches import read_batch, save_batch
from tasks.regrasps.gait import ASKED, STAGES
from tasks.regrasps.growth import Batch, Grower, grow
from tasks.regrasps.joining import from_set, make_graph
from tasks.regrasps.measure import describe
from tasks.regrasps.roots import choose_seeds
from tasks.running.context import Context


def regrasps(config: RegraspsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish grasps.safetensors, edges.safetensors (a GraspGraph) and yields.json of one object.

    An object on which no finger can go elsewhere keeps the motions within a grasp alone.

    Raises:
        NoGraspsError: no grasp that it could begin with holds.
    """
    model = open_objects(refs, context)[config.object]
    problem = Problem.of(config.embodiment, model)
    layout = config.embodiment.make_layout()
    folder = context.open(refs[f"grasps/{config.object}"])
    seeds = from_set(problem, GraspSet.load(folder / "grasps.safetensors", layout))
    growing = Growing(config, problem, seeds, context.scratch, context.threads)
    try:
        tree, batches = grow(config.regrasps.growth, growing.batch, context.progress)
    finally:
        growing.close()
    if not len(tree):
        raise NoGraspsError(
            f"{config.object}: none of {len(seeds)} grasps holds with a squeeze that its fingers "
            "share; raise grasps.count"
        )
    graph = make_graph(problem, tree, batches, config.regrasps.playing.draws, config.grasps.metric)
    files = graph.save(context.scratch, layout)
    yields = told(config.object, graph, problem.symmetry, batches, config.seed)
    for line in remarks(yields, config.regrasps.growth.edges):
        print(f"  {context.label}: {line}", flush=True)
    files["yields.json"] = context.scratch / "yields.json"
    files["yields.json"].write_text(json.dumps(yields, indent=2) + "\n")
    if growing.made:
        context.record("edges_per_s", growing.made / growing.seconds)
    message = f"{len(graph.edges)} motions between {len(graph.grasps)} grasps of {config.object}"
    return context.publish(files, message, list(refs.values()))


class Growing:
    """The batches of one object's graph, made or read back in order."""

    def __init__(
        self,
        config: RegraspsStep,
        problem: Problem,
        seeds: Candidates,
        folder: Path,
        threads: int | None,
    ) -> None:
        self.config, self.problem, self.seeds = config, problem, seeds
        self.folder, self.threads = folder, threads
        self.name = zlib.crc32(config.object.encode())
        self.grower: Grower | None = None  # an engine is made only for a batch not yet saved
        self.seconds, self.made = 0.0, 0  # of growing in this process, and edges

    def batch(self, tree: Candidates | None, tries: np.ndarray, before: list[Batch]) -> Batch:
        """Return the next batch; what an earlier process saved is not made again."""
        path = self.folder / f"batch_{len(before):05d}.safetensors"
        if path.exists():
            return read_batch(path)
        started, grower = time.perf_counter(), self._grower()
        rng = np.random.default_rng([self.config.seed, self.name, len(before)])
        if tree is None:
            batch = grower.first(choose_seeds(self.seeds, grower.planner, rng), rng)
        else:
            batch = grower.batch(tree, tries, before[-1], rng)
        save_batch(path, batch)
        self.seconds += time.perf_counter() - started
        self.made += len(batch.forth) + len(batch.back) + len(batch.loops)
        return batch

    def _grower(self) -> Grower:
        config = self.config
        if self.grower is None:
            self.grower = Grower(
                self.problem,
                config.physics,
                config.randomization,
                config.regrasps,
                config.grasps,
                config.seed,
                self.threads,
            )
        return self.grower

    def close(self) -> None:
        if self.grower is not None:
            self.grower.close()


def told(
    name: str, graph: GraspGraph, symmetry: Symmetry, batches: Sequence[Batch], seed: int
) -> dict[str, Any]:
    """Return what there is to know of a graph: its figures, and what each stage left."""
    planned = sum((Counter(batch.planned) for batch in batches), Counter())
    return {
        "object": name,
        **describe(graph, symmetry, seed),
        "batches": len(batches) - 1,
        "planned": {stage: planned[stage] for stage in STAGES},
        "motions": total([batch.counts for batch in batches]),
    }


def remarks(yields: Mapping[str, Any], wanted: int) -> Iterator[str]:
    """Yield lines for people: how far the graph leads, and what it lacks and why."""
    axes = ", ".join(f"{axis} {row['turn_90']:.0%}" for axis, row in yields["reach"].items())
    yield f"grasps that lead to a turn by 90 degrees: {axes}"
    if yields["edges"] < wanted:
        batches = yields["batches"]
        yield f"{yields['edges']} of {wanted} motions after {batches} batches; it grows no faster"
    regrasps = [stages for kind, stages in yields["motions"].items() if kind != NAMES[IN_GRASP]]
    played = {stage: sum(row[stage] for row in regrasps) for stage in regrasps[0]}
    left = yields["planned"] | {f"regrasps {stage}": number for stage, number in played.items()}
    empty = next((stage for stage, number in left.items() if not number), None)
    if empty is not None:
        yield f"no regrasp: {empty!r} left none of {yields['planned'][ASKED]} grasps asked"


def total(counts: list[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Sum motions by kind and stage over batches."""
    found: dict[str, dict[str, int]] = {}
    for batch in counts:
        for kind, stages in batch.items():
            of_kind = found.setdefault(kind, dict.fromkeys(stages, 0))
            for stage, number in stages.items():
                of_kind[stage] += number
    return found
