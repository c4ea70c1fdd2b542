"""The step `regrasps`: grow the grasp graph of one object from its grasps.

Work is cut into batches. A batch is a function of the seed, its number and the batches before it,
and is saved as a whole: a run that was killed goes on and ends with the same graph.
"""

import json
import time
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from configs.refs import Ref
from configs.schema.regrasps import RegraspsStep
from envs.grasp_set import GraspSet
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.objects import open_objects
from tasks.regrasps.batches import read_batch, save_batch
from tasks.regrasps.growth import Batch, Grower, grow
from tasks.regrasps.joining import choose_seeds, from_set, make_graph
from tasks.regrasps.measure import describe
from tasks.running.context import Context


def regrasps(config: RegraspsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish grasps.safetensors, edges.safetensors (a GraspGraph) and yields.json of one object.

    An object that no finger can be moved on keeps the motions within a grasp alone.
    """
    model = open_objects(refs, context)[config.object]
    problem = Problem.of(config.embodiment, model)
    layout = config.embodiment.make_layout()
    folder = context.open(refs[f"grasps/{config.object}"])
    seeds = from_set(problem, GraspSet.load(folder / "grasps.safetensors", layout))
    growing = Growing(config, problem, seeds, context)
    try:
        tree, batches = grow(config.regrasps.growth, growing.batch, context.progress)
    finally:
        growing.close()
    graph = make_graph(problem, tree, batches, config.regrasps.playing.draws)
    files = graph.save(context.scratch, layout)
    counts = total([batch.counts for batch in batches])
    warn_if_stuck(config.object, counts)
    yields: dict[str, Any] = {
        **describe(graph, config.seed),
        "object": config.object,
        "motions": counts,
    }
    files["yields.json"] = context.scratch / "yields.json"
    files["yields.json"].write_text(json.dumps(yields, indent=2) + "\n")
    axes = ", ".join(f"{axis} {row['turn_90']:.0%}" for axis, row in yields["reach"].items())
    print(f"  {context.label}: grasps that lead to a turn by 90 degrees: {axes}", flush=True)
    context.record("edges_per_s", growing.rate)
    message = f"{len(graph.edges)} motions between {len(graph.grasps)} grasps of {config.object}"
    return context.publish(files, message, list(refs.values()))


class Growing:
    """The batches of one object's graph, made or read back in order."""

    def __init__(
        self, config: RegraspsStep, problem: Problem, seeds: Candidates, context: Context
    ) -> None:
        self.config, self.problem, self.context, self.seeds = config, problem, context, seeds
        self.name = zlib.crc32(config.object.encode())
        self.grower: Grower | None = None  # an engine is made only for a batch not yet saved
        self.seconds, self.made = 0.0, 0  # of growing in this process, and edges

    @property
    def rate(self) -> float:
        """Motions validated a second."""
        return self.made / max(self.seconds, 1e-9)

    def batch(self, tree: Candidates | None, tries: np.ndarray, before: list[Batch]) -> Batch:
        """Return the next batch; what an earlier process saved is not made again."""
        path = self.context.scratch / f"batch_{len(before):05d}.safetensors"
        if path.exists():
            return read_batch(path)
        started, grower = time.perf_counter(), self._grower()
        rng = np.random.default_rng([self.config.seed, self.name, len(before)])
        if tree is None:
            batch = grower.first(choose_seeds(self.seeds, self.config.regrasps, rng), rng)
        else:
            batch = grower.batch(tree, tries, before[-1], rng)
        save_batch(path, batch)
        self.seconds += time.perf_counter() - started
        self.made += len(batch.forth) + len(batch.back)
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
                self.context.threads,
            )
        return self.grower

    def close(self) -> None:
        if self.grower is not None:
            self.grower.close()


def warn_if_stuck(name: str, counts: dict[str, dict[str, int]]) -> None:
    """Say which stage left no regrasp of the object, if one did: steps in its grasps remain."""
    stages = counts.get("regrasps", {})
    empty = next((stage for stage, left in stages.items() if not left), None)
    if empty is not None and stages["asked"]:
        print(
            f"  no regrasp of {name}: {empty!r} left none of {stages['asked']} grasps", flush=True
        )


def total(counts: list[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Sum motions by kind and stage over batches."""
    found: dict[str, dict[str, int]] = {}
    for batch in counts:
        for kind, stages in batch.items():
            of_kind = found.setdefault(kind, dict.fromkeys(stages, 0))
            for stage, number in stages.items():
                of_kind[stage] += number
    return found
