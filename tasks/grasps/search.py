"""One batch of the search: proposals through every stage, with what each stage let through."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from configs.schema.grasps import GraspsStep
from tasks.grasps.analysis import analyse
from tasks.grasps.assignment import reach, squeeze
from tasks.grasps.candidates import Candidates
from tasks.grasps.collision import CollisionChecker
from tasks.grasps.expansion import extend
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import clearance, nearest_contacts, propose
from tasks.grasps.validation import Validator

# What is left after each stage, in order.
STAGES = ("proposed", "near", "clear", "balanced", "reachable", "collision_free", "held")


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


class Search:
    """Everything that a batch needs and that outlives it: collision model and engine."""

    def __init__(self, problem: Problem, config: GraspsStep, threads: int | None) -> None:
        self.problem = problem
        self.config = config
        grasps = config.grasps
        self.checker = CollisionChecker(problem, config.physics, grasps.penetration)
        self.validator = Validator(
            problem, config.physics, config.randomization, grasps.validation, threads
        )

    def sample(self, rng: np.random.Generator) -> tuple[Candidates, Funnel]:
        """Return the grasps that hold of one batch of heuristic samples (Algorithm 3)."""
        sampling = self.config.grasps.sampling
        return self._refine(lambda: propose(self.problem, sampling, rng), rng, fresh=True)

    def expand(self, tree: Candidates, rng: np.random.Generator) -> tuple[Candidates, Funnel]:
        """Return the grasps that hold of one batch of RRT steps from `tree` (Algorithm 5)."""
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
            fresh=False,
        )

    def _refine(
        self, source: Callable[[], Candidates], rng: np.random.Generator, *, fresh: bool
    ) -> tuple[Candidates, Funnel]:
        funnel = Funnel()
        candidates = Candidates.none(self.problem.layout)
        stages = (
            lambda _: source(),
            self.near,
            self.clear if fresh else lambda found: found,
            self.balanced,
            self.reachable,
            lambda found: found.take(self.checker.free(found)),
            lambda found: self._held(found, rng),
        )
        for name, stage in zip(STAGES, stages, strict=True):
            started = time.perf_counter()
            candidates = stage(candidates)
            funnel.counts[name] = len(candidates)
            funnel.seconds[name] = time.perf_counter() - started
            if not len(candidates):
                break
        return candidates, funnel

    def near(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose touching pads have a short way to go."""
        problem, pads = self.problem, candidates.pad
        goal = candidates.pad_goals(problem.tip_radii)
        now = problem.kinematics.points(candidates.joint_position, problem.tip_links, pads)
        way = np.linalg.norm(goal - now, axis=2) * candidates.active
        return candidates.take((way < self.config.grasps.sampling.reach).all(axis=1))

    def clear(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose links begin outside the object."""
        return candidates.take(clearance(self.problem, candidates) > 0.0)

    def balanced(self, candidates: Candidates) -> Candidates:
        """Keep candidates whose contact forces can nearly cancel."""
        stable, quality, force = analyse(
            candidates.normal, candidates.active, self.config.grasps.net_force
        )
        return replace(candidates, quality=quality, force=force).take(stable)

    def reachable(self, candidates: Candidates) -> Candidates:
        """Bring the touching pads to their points; keep candidates where that works."""
        position, reached = reach(self.problem, candidates, self.config.grasps.assignment)
        return replace(candidates, joint_position=position).take(reached)

    def _held(self, candidates: Candidates, rng: np.random.Generator) -> Candidates:
        newtons = rng.uniform(*self.config.grasps.squeeze, (len(candidates), 1))
        pressed = replace(candidates, force=candidates.force * newtons)
        pressed = replace(pressed, joint_target=squeeze(self.problem, pressed))
        outcome = self.validator.hold(pressed, rng)
        settled = replace(
            pressed, joint_position=outcome.joint_position, object_pose=outcome.object_pose
        ).take(outcome.held)
        return self.touching(settled, outcome.scale[outcome.held])

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
        stable, quality, _ = analyse(normal, active, grasps.net_force)
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
