"""The step `grasps`: sample, expand, validate and link the grasps of one object (Algorithm 2).

Work is cut into batches. A batch is a function of the seed, its number and the batches before
it, and is saved as a whole: a run that was killed goes on and ends with the same grasps.
"""

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from configs.refs import Ref
from configs.schema.grasps import GraspsStep
from envs.grasp_set import GraspSet
from tasks.context import Context
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.linking import Links, describe, make_set
from tasks.grasps.problem import Problem
from tasks.grasps.search import STAGES, Funnel, Search
from tasks.objects import open_objects

SAMPLING, EXPANSION = "sampling", "expansion"


class GraspError(ValueError):
    """An object for which no grasps were found; the message names the stage that says so."""


def grasps(config: GraspsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish grasps.safetensors (a GraspSet) and yields.json of one object.

    Raises:
        GraspError: unknown object, or none of a bounded number of proposals became a grasp.
    """
    models = open_objects(refs, context)
    if config.object not in models:
        raise GraspError(f"grasps: object: unknown {config.object!r}; one of {sorted(models)}")
    problem = Problem.of(config.embodiment, models[config.object])
    generation = Generation(config, problem, context)
    found, links = generation.run()
    kept = make_set(config.object, found, links)
    files = _write(generation, kept, links, context.scratch)
    for phase, funnel in generation.funnels.items():
        for stage in STAGES:  # wall time is no part of the artifact: equal runs, equal bytes
            context.record(f"seconds/{phase}/{stage}", funnel.seconds[stage])
            context.record(f"count/{phase}/{stage}", funnel.counts[stage])
    message = f"{len(kept)} grasps of {config.object} for {config.embodiment.hand.name}"
    return context.publish(files, message, list(refs.values()))


class Generation:
    """The batches of one object, made or read back in order."""

    def __init__(self, config: GraspsStep, problem: Problem, context: Context) -> None:
        self.config = config
        self.problem = problem
        self.context = context
        self.funnels = {SAMPLING: Funnel(), EXPANSION: Funnel()}
        self.batches = {SAMPLING: 0, EXPANSION: 0}
        self.search: Search | None = None  # an engine is made only for a batch not yet saved

    def run(self) -> tuple[Candidates, Links]:
        """Return every held candidate and the goal graph over them."""
        try:
            found = self._expand(self._sample())
        finally:
            if self.search is not None:
                self.search.close()
        links = self._links(found)
        if not links.keep.any():
            raise GraspError(
                f"grasps: {self.config.object}: {len(found)} grasps held but none is a goal of "
                "another; raise grasps.count or task.goals.max_distance and max_rotation"
            )
        return found, links

    def _sample(self) -> Candidates:
        sampling, count = self.config.grasps.sampling, self.config.grasps.count
        found = Candidates.none(self.problem.layout)
        wanted = max(1, round(count * self.config.grasps.sampled_share))
        for batch in range(sampling.max_batches):
            found = concatenate([found, self._batch(SAMPLING, batch, found)])
            self.context.progress(len(found), count, "grasps")
            if len(found) >= wanted:
                break
            if not len(found) and batch + 1 >= sampling.barren_batches:
                break
        if not len(found):
            raise GraspError(self._reason())
        return found

    def _expand(self, found: Candidates) -> Candidates:
        count, dropped = self.config.grasps.count, 0
        for batch in range(self.config.grasps.expansion.max_batches):
            if len(found) >= count + dropped:
                links = self._links(found)
                dropped = int((~links.keep).sum())
                if len(found) >= count + dropped:
                    break
            found = concatenate([found, self._batch(EXPANSION, batch, found)])
            self.context.progress(min(len(found), count), count, "grasps")
        return found

    def _links(self, found: Candidates) -> Links:
        grasps = self.config.grasps
        return Links.of(found, self.config.goals, grasps.metric, grasps.min_component)

    def _batch(self, phase: str, number: int, tree: Candidates) -> Candidates:
        """Return one batch's grasps, read back if this or an earlier process made it."""
        path = self.context.scratch / f"{phase}_{number:05d}.safetensors"
        if path.exists():
            held, funnel = _read_batch(path)
        else:
            if self.search is None:
                self.search = Search(self.problem, self.config, self.context.threads)
            name = zlib.crc32(self.config.object.encode())
            kind = list(self.funnels).index(phase)
            rng = np.random.default_rng([self.config.seed, name, kind, number])
            search = self.search
            held, funnel = search.expand(tree, rng) if kind else search.sample(rng)
            _save_batch(path, held, funnel)
        self.funnels[phase].add(funnel)
        self.batches[phase] += 1
        return held

    def _reason(self) -> str:
        funnel = self.funnels[SAMPLING]
        stage = funnel.first_empty
        before = STAGES[STAGES.index(stage) - 1] if stage else STAGES[-1]
        extent = 100 * float(np.max(self.problem.model.extent))
        return (
            f"grasps: {self.config.object}: stage '{stage}' rejected all {funnel.counts[before]} "
            f"candidates that '{before}' left of {funnel.counts['proposed']} proposals; is the "
            f"object ({extent:.1f} cm) of a size that hand {self.problem.hand.name} can hold?"
        )


def _save_batch(path: Path, held: Candidates, funnel: Funnel) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    arrays = {name: np.ascontiguousarray(array) for name, array in vars(held).items()}
    arrays["funnel_counts"] = np.array([funnel.counts[stage] for stage in STAGES])
    arrays["funnel_seconds"] = np.array([funnel.seconds[stage] for stage in STAGES])
    save_file(arrays, temporary)
    os.replace(temporary, path)


def _read_batch(path: Path) -> tuple[Candidates, Funnel]:
    arrays = load_file(path)
    counts, seconds = arrays.pop("funnel_counts"), arrays.pop("funnel_seconds")
    funnel = Funnel(
        dict(zip(STAGES, counts.tolist(), strict=True)),
        dict(zip(STAGES, seconds.tolist(), strict=True)),
    )
    return Candidates(**arrays), funnel


def _write(generation: Generation, kept: GraspSet, links: Links, folder: Path) -> dict[str, Path]:
    config = generation.config
    kept.save(folder / "grasps.safetensors", config.embodiment.make_layout())
    yields = {
        "object": config.object,
        "hand": config.embodiment.hand.name,
        "wanted": config.grasps.count,
        "complete": len(kept) >= config.grasps.count,  # else the bound on batches ended it
        **describe(kept, links),
        "batches": generation.batches,
        "funnel": {phase: funnel.counts for phase, funnel in generation.funnels.items()},
        "metric": asdict(config.grasps.metric),
    }
    path = folder / "yields.json"
    path.write_text(json.dumps(yields, indent=2) + "\n")
    return {"grasps.safetensors": folder / "grasps.safetensors", "yields.json": path}
