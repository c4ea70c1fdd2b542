"""The step `grasps`: sample, expand, validate and link the grasps of one object (Algorithm 2).

Work is cut into batches. A batch is a function of the seed, its number and the batches before
the last, and is saved as a whole: a run that was killed goes on and ends with the same grasps.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from configs.errors import UserError
from configs.refs import Ref
from configs.schema.grasps import Expansion, GraspSampling, GraspsStep
from envs.grasp_set import GraspSet
from tasks.grasps.batches import Pending, Saved
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.coverage import cover
from tasks.grasps.linking import Links, describe, make_set
from tasks.grasps.problem import Problem
from tasks.grasps.search import STAGES, CandidateBatch, Funnel, Search, stages_of
from tasks.objects import open_objects
from tasks.running.context import Context

PHASES = SAMPLING, EXPANSION = "sampling", "expansion"


class NoGraspsError(UserError):
    """An object for which no grasps were found; the message names the stage that says so.

    Its exit code tells a run that it may go on without this object.
    """

    exit_code = 3


def grasps(config: GraspsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish grasps.safetensors (a GraspSet) and yields.json of one object.

    Raises:
        UserError: unknown object. NoGraspsError: none of a bounded number of proposals became a
            grasp.
    """
    models = open_objects(refs, context)
    if config.object not in models:
        raise UserError(f"object: unknown {config.object!r}; one of {sorted(models)}")
    problem = Problem.of(config.embodiment, models[config.object])
    generation = Generation(config, problem, context)
    found, links = generation.run()
    kept = make_set(problem, found, links)
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
        kinds = (*config.grasps.sampling.kinds, EXPANSION)
        self.funnels = {kind: Funnel() for kind in kinds}  # of each kind of proposals
        self.batches = {SAMPLING: 0, EXPANSION: 0}
        self.search: Search | None = None  # an engine is made only for a batch not yet saved
        self.proposer = ThreadPoolExecutor(1)
        self.linked: tuple[int, Links] | None = None  # of how many, which only grow

    def run(self) -> tuple[Candidates, Links]:
        """Return every held candidate and the goal graph over them."""
        try:
            found = self._expand(self._sample())
        finally:
            self.proposer.shutdown(cancel_futures=True)
            if self.search is not None:
                self.search.close()
        links = self._links(found)
        if not links.keep.any():
            raise NoGraspsError(
                f"{len(found)} grasps held but none is a goal of another; raise grasps.count or "
                "task.goals.max_distance and max_rotation"
            )
        return found, links

    def _sample(self) -> Candidates:
        sampling = self.config.grasps.sampling
        wanted = min(self.config.grasps.sampled, self.config.grasps.count)

        def enough(found: Candidates) -> bool:
            return len(found) >= wanted

        none = Candidates.none(self.problem.layout)
        found = self._grow(SAMPLING, none, enough, sampling)
        if not len(found):
            raise NoGraspsError(self._reason())
        return found

    def _expand(self, found: Candidates) -> Candidates:
        count, dropped = self.config.grasps.count, 0

        def enough(found: Candidates) -> bool:
            nonlocal dropped
            if len(found) < count + dropped:
                return False
            dropped = int((~self._links(found).keep).sum())
            return len(found) >= count + dropped

        return self._grow(EXPANSION, found, enough, self.config.grasps.expansion)

    def _grow(
        self,
        phase: str,
        found: Candidates,
        enough: Callable[[Candidates], bool],
        limits: GraspSampling | Expansion,
    ) -> Candidates:
        """Make batches until there are enough grasps, or too many batches, or too many one after
        another without a new grasp; return them with those found before.

        The next batch is proposed while one is held, from what had been found before that one:
        so no slot stays empty, and a batch still follows from the seed, its number and the
        batches before it.
        """
        number, barren, batch = 0, 0, self._begin(phase, 0, found)
        while number < limits.max_batches and barren < limits.barren_batches and not enough(found):
            following = self._begin(phase, number + 1, found)
            held, funnel = batch.finish(following.submit)
            self.funnels[self._kind(phase, number)].add(funnel)
            self.batches[phase] += 1
            found, batch, number = concatenate([found, held]), following, number + 1
            barren = 0 if len(held) else barren + 1
            count = self.config.grasps.count
            self.context.progress(min(len(found), count), count, "grasps")
        batch.abandon()
        return found

    def _links(self, found: Candidates) -> Links:
        """Return the goal graph over what was found; a minute's work for 100,000, so kept."""
        if self.linked is None or self.linked[0] != len(found):
            grasps, threads = self.config.grasps, self.context.threads or 1
            links = Links.of(
                found,
                self.config.goals,
                grasps.metric,
                grasps.min_component,
                threads,
                self.context.progress,
            )
            self.linked = len(found), links
        return self.linked[1]

    def _begin(self, phase: str, number: int, tree: Candidates) -> Saved | Pending:
        path = self.context.scratch / f"{phase}_{number:05d}.safetensors"
        if path.exists():
            return Saved(path)
        if self.search is None:
            self.search = Search(self.problem, self.config, self.context.threads)
        search = self.search
        name = zlib.crc32(self.config.object.encode())
        rng = np.random.default_rng([self.config.seed, name, PHASES.index(phase), number])
        kind = self._kind(phase, number)

        def propose() -> CandidateBatch:
            return search.expand(tree, rng) if kind == EXPANSION else search.sample(kind, rng)

        return Pending(search, self.proposer, propose, path)

    def _kind(self, phase: str, number: int) -> str:
        """Return the kind of proposals of a batch: the kinds of sampling go in turn."""
        kinds = self.config.grasps.sampling.kinds
        return EXPANSION if phase == EXPANSION else kinds[number % len(kinds)]

    def _reason(self) -> str:
        funnel = Funnel()
        for kind in self.config.grasps.sampling.kinds:
            funnel.add(self.funnels[kind])
        stage = funnel.first_empty
        before = STAGES[STAGES.index(stage) - 1] if stage else STAGES[-1]
        extent = 100 * float(np.max(self.problem.model.extent))
        return (
            f"stage '{stage}' rejected all {funnel.counts[before]} "
            f"candidates that '{before}' left of {funnel.counts['proposed']} proposals; is the "
            f"object ({extent:.1f} cm) of a size that hand {self.problem.hand.name} can hold?"
        )


def _write(generation: Generation, kept: GraspSet, links: Links, folder: Path) -> dict[str, Path]:
    config = generation.config
    kept.save(folder / "grasps.safetensors", config.embodiment.make_layout())
    yields = {
        "object": config.object,
        "hand": config.embodiment.hand.name,
        "wanted": config.grasps.count,
        "complete": len(kept) >= config.grasps.count,  # else the bound on batches ended it
        **describe(kept, links),
        "coverage": cover(kept, generation.problem.symmetry, config.embodiment.hand),
        "batches": generation.batches,
        "funnel": {
            kind: {stage: funnel.counts[stage] for stage in stages_of(kind)}
            for kind, funnel in generation.funnels.items()
        },
        "metric": asdict(config.grasps.metric),
    }
    path = folder / "yields.json"
    path.write_text(json.dumps(yields, indent=2) + "\n")
    return {"grasps.safetensors": folder / "grasps.safetensors", "yields.json": path}
