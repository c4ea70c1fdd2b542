"""One batch of the search: proposals through every stage, with what each stage let through."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from configs.schema.grasps import GraspsStep
from tasks.grasps import finger_first, surface_first
from tasks.grasps.analysis import analyse
from tasks.grasps.assignment import reach, squeeze
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.collision import CollisionChecker
from tasks.grasps.expansion import extend, halve
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import clear, nearest_contacts
from tasks.grasps.validation import Hold, Validator
from tasks.grasps.workspace import Workspace

FINGER_FIRST, SURFACE_FIRST = "finger_first", "surface_first"  # kinds of proposals
# What is left after each stage, in order.
STAGES = ("proposed", "near", "clear", "balanced", "reachable", "collision_free", "held")


def stages_of(kind: str) -> tuple[str, ...]:
    """Return the stages in the order that proposals of a kind pass them: contacts that come first
    are balanced before there is a hand."""
    if kind != SURFACE_FIRST:
        return STAGES
    rest = tuple(stage for stage in STAGES[1:] if stage != "balanced")
    return (STAGES[0], "balanced", *rest)


@dataclass
class Funnel:
    """Candidates left and seconds spent at each stage."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    def add(self, other: "Funnel") -> None:
        for stage in STAGES:
            self.counts[stage] += other.counts[stage]
            self.seconds[stage] += other.seconds[stage]

    @property
    def first_empty(self) -> str | None:
        """The first stage that let nothing through, if one did."""
        return next((stage for stage in STAGES if not self.counts[stage]), None)


@dataclass(frozen=True)
class CandidateBatch:
    """Candidates of one batch that may be held in physics, and what became of the others."""

    candidates: Candidates
    funnel: Funnel
    rng: np.random.Generator  # in the state that the batch goes on with


class Search:
    """Everything that a batch needs and that outlives it: collision model and engine.

    `sample` and `expand` may run beside `held`, in another thread.
    """

    def __init__(self, problem: Problem, config: GraspsStep, threads: int | None) -> None:
        self.problem = problem
        self.config = config
        grasps = config.grasps
        physics = config.physics  # where the physics is, the inverse kinematics is too
        self.device = None if physics.engine == "mujoco" else physics.device
        self.workspace = Workspace(problem, config.seed)
        self.checker = CollisionChecker(problem, config.physics, grasps.penetration)
        self.validator = Validator(
            problem, config.physics, config.randomization, grasps.validation, threads
        )

    def sample(self, kind: str, rng: np.random.Generator) -> CandidateBatch:
        """Return what may hold of one batch of heuristic samples (Algorithm 3) of a kind."""
        problem, grasps = self.problem, self.config.grasps
        sampling = grasps.sampling
        if kind == FINGER_FIRST:
            batch = self._refine(lambda: finger_first.propose(problem, sampling, rng), rng)
            batch.funnel.counts["proposed"] = sampling.finger_first.proposals
            return batch
        balanced = 0

        def propose() -> Candidates:
            nonlocal balanced
            found, balanced = surface_first.propose(problem, self.workspace, grasps, rng)
            return found

        batch = self._refine(propose, rng)
        batch.funnel.counts["proposed"] = sampling.surface_first.proposals
        batch.funnel.counts["balanced"] = balanced  # sets of contacts; all that are placed do
        return batch

    def expand(self, tree: Candidates, rng: np.random.Generator) -> CandidateBatch:
        """Return what may hold of one batch of RRT steps from `tree` (Algorithm 5)."""
        grasps = self.config.grasps
        return self._refine(
            lambda: extend(
                self.problem,
                tree,
                grasps.expansion,
                grasps.metric,
                grasps.sampling.reach,
                grasps.min_contacts,
                rng,
            ),
            rng,
            tree,
        )

    def _refine(
        self,
        source: Callable[[], Candidates],
        rng: np.random.Generator,
        tree: Candidates | None = None,
    ) -> CandidateBatch:
        """Take proposals through the stages; those from a `tree` begin clear of the object."""
        funnel = Funnel()
        candidates = Candidates.none(self.problem.layout)
        stages = (
            lambda _: source(),
            self.near,
            self.clear if tree is None else lambda found: found,
            self.balanced,
            self.reachable,
            lambda found: self.collision_free(found, tree, funnel),
        )
        for name, stage in zip(STAGES, stages, strict=False):
            started = time.perf_counter()
            candidates = stage(candidates)
            funnel.counts[name] = len(candidates)
            funnel.seconds[name] += time.perf_counter() - started
            if not len(candidates):
                break
        return CandidateBatch(self._squeezed(candidates, rng), funnel, rng)

    def submit(self, batch: CandidateBatch) -> Hold:
        """Queue a batch's candidates to be held."""
        return self.validator.submit(batch.candidates, batch.rng)

    def held(
        self,
        batch: CandidateBatch,
        hold: Hold | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Candidates:
        """Return the grasps of a batch when all of it was held; submitted as `hold`, or now.

        `meanwhile` is called after every control step; it may submit the next batch.
        """
        started = time.perf_counter()
        outcome = self.validator.finish(hold or self.submit(batch), meanwhile)
        settled = replace(
            batch.candidates,
            joint_position=outcome.joint_position,
            object_pose=outcome.object_pose,
        ).take(outcome.held)
        found = self.touching(settled, outcome.scale[outcome.held])
        batch.funnel.counts[STAGES[-1]] = len(found)
        batch.funnel.seconds[STAGES[-1]] = time.perf_counter() - started
        return found

    def near(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose touching pads have a short way to go."""
        problem, pads = self.problem, candidates.pad
        goal = candidates.pad_goals(problem.tip_radii)
        now = problem.kinematics.points(candidates.joint_position, problem.tip_links, pads)
        way = np.linalg.norm(goal - now, axis=2) * candidates.active
        return candidates.take((way < self.config.grasps.sampling.reach).all(axis=1))

    def clear(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose links begin outside the object."""
        return candidates.take(clear(self.problem, candidates))

    def balanced(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose contact forces can nearly cancel."""
        point, normal, active = candidates.point, candidates.normal, candidates.active
        stable, quality, force = analyse(point, normal, active, self.config.grasps)
        return replace(candidates, quality=quality, force=force).take(stable)

    def reachable(self, candidates: Candidates) -> Candidates:
        """Bring the touching pads to their points; keep candidates where that works."""
        assignment, device = self.config.grasps.assignment, self.device
        position, reached = reach(self.problem, candidates, assignment, device)
        return replace(candidates, joint_position=position).take(reached)

    def collision_free(
        self, candidates: Candidates, tree: Candidates | None, funnel: Funnel
    ) -> Candidates:
        """Keep candidates that collide in no but their wanted contacts; a step from `tree` that
        does is taken half as far, and the time to reach it goes to that stage in `funnel`."""
        free = self.checker.free(candidates)
        if tree is None:
            return candidates.take(free)
        started = time.perf_counter()
        halved = self.reachable(halve(tree, candidates.take(~free)))
        seconds = time.perf_counter() - started
        funnel.seconds["reachable"] += seconds
        funnel.seconds["collision_free"] -= seconds
        return concatenate([candidates.take(free), halved.take(self.checker.free(halved))])

    def _squeezed(self, candidates: Candidates, rng: np.random.Generator) -> Candidates:
        newtons = rng.uniform(*self.config.grasps.squeeze, (len(candidates), 1))
        pressed = replace(candidates, force=candidates.force * newtons)
        return replace(pressed, joint_target=squeeze(self.problem, pressed))

    def touching(self, settled: Candidates, scale: np.ndarray) -> Candidates:
        """Take the contacts anew where the object settled, and repeat the analysis on them.

        Fewer contacts than `min_contacts` are no grasp.

        `scale` [N] is the factor on the object's lengths at which each candidate was held: what
        touches is judged by that surface.
        """
        problem, grasps = self.problem, self.config.grasps
        point, normal, pad, distance = nearest_contacts(
            problem, settled.joint_position, settled.object_pose, scale
        )
        active = settled.active & (distance < problem.tip_radii + grasps.validation.gap)
        stable, quality, _ = analyse(point, normal, active, grasps)
        contacts = replace(
            settled,
            active=active,
            point=point,
            normal=normal,
            pad=pad,
            quality=quality,
            force=settled.force * active,
        )
        return contacts.take(stable & (active.sum(axis=1) >= grasps.min_contacts))

    def close(self) -> None:
        self.validator.close()
