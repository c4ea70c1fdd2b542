"""A grasp graph grown by playing motions: what a motion settles to is the next grasp.

    a pose to go to -> the nearest grasp -> a step in it, or a regrasp -> played in three draws
    -> the mean of where it landed, held as any grasp is -> played back

To land on grasps that exist already costs a third of the success, so the graph makes its own. It
begins with `growth.roots` of them; all others hang together with these both ways, or do not count.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from configs.schema.grasps import Grasps
from configs.schema.physics import Physics, Randomization
from configs.schema.regrasps import Growth, Regrasps
from envs.grasp_graph import BACK, IN_GRASP, NAMES
from envs.shapes.symmetry import NONE
from models.rotations import angle
from tasks.grasps.analysis import analyse
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.grasps.validation import Validator
from tasks.regrasps.asking import Asker
from tasks.regrasps.balance import share_out
from tasks.regrasps.batches import Batch, NewEdges
from tasks.regrasps.gait import Planner
from tasks.regrasps.likeness import tips_of, turned
from tasks.regrasps.loops import find_pairs
from tasks.regrasps.motion import NO_FINGER, Aim, squeezed, straight
from tasks.regrasps.playing import Played, Player

STAGES = ("planned", "landed", "held", "back")


class Grower:
    """Makes batches of one object's graph."""

    def __init__(
        self,
        problem: Problem,
        physics: Physics,
        randomization: Randomization,
        config: Regrasps,
        grasps: Grasps,
        seed: int,
        threads: int | None,
    ) -> None:
        self.problem, self.config, self.grasps = problem, config, grasps
        self.planner = Planner(problem, physics, config, grasps, seed)
        self.asker = Asker(problem, config, grasps.metric, self.planner)
        self.player = Player(problem, physics, randomization, config.playing, config.servo, threads)
        self.validator = Validator(problem, physics, randomization, grasps.validation, threads)

    def batch(
        self, tree: Candidates, tries: np.ndarray, last: Batch | None, rng: np.random.Generator
    ) -> Batch:
        """Grow the tree by one batch; `tries` [N] says how often each grasp was asked before.

        What the `last` batch made goes on towards its pose; other poses are new.
        """
        playing = self.config.playing
        asked, goal, age = self.asker.pursue(tree, tries, last, rng)
        plans, place = self.asker.plan(tree, asked, goal, last, rng)
        played = self.player.play(plans.before, plans.forth, plans.aim, rng)
        wanted = plans.after.active
        right = played.near(plans.after.object_pose, wanted, playing, playing.slack)
        joints, target, pose = played.mean(right)
        landed = np.flatnonzero(right.sum(axis=1) >= playing.needed)
        settled = replace(
            plans.after, joint_position=joints, joint_target=target, object_pose=pose
        ).take(landed)
        nodes, held = self.hold(settled, rng)
        kept, played = plans.take(landed[held]), played.take(landed[held])
        hits = played.near(nodes.object_pose, nodes.active, playing).sum(axis=1)
        undone = self.player.play(nodes, kept.back, Aim.at(kept.before, kept.finger), rng)
        home = undone.near(kept.before.object_pose, kept.before.active, playing).sum(axis=1)
        moved = self.moved(kept.before.object_pose, nodes.object_pose) | (kept.finger >= 0)
        good = np.flatnonzero(moved & (hits >= playing.needed) & (home >= playing.needed))
        counts = tally(plans.kind, plans.kind[landed], kept.kind, kept.kind[good])
        nodes, kept, rows = nodes.take(good), kept.take(good), len(tree) + np.arange(len(good))
        same = np.repeat(NONE.turns, len(rows), axis=0)
        forth = NewEdges(nodes.parent, rows, same, kept.kind, kept.finger, kept.forth, hits[good])
        kind = BACK[kept.kind]
        undo = NewEdges(rows, nodes.parent, same, kind, kept.finger, kept.back, home[good])
        place, planned = place[landed[held][good]], self.planner.told()
        loops = self.close_loops(concatenate([tree, nodes]), len(tree), rng)
        return Batch(nodes, forth, undo, loops, asked, goal[place], age[place] + 1, counts, planned)

    def close_loops(self, tree: Candidates, first: int, rng: np.random.Generator) -> NewEdges:
        """Join the grasps from row `first` on with grasps that are nearly the same, by motions that
        land."""
        config, playing = self.config.growth, self.config.playing
        found = find_pairs(self.problem, self.grasps.metric, config, tree, first).both_ways()
        if not len(found.start):
            return NewEdges.none(self.problem.layout.num_joints)
        before, after = tree.take(found.start), turned(tree.take(found.end), found.turn)
        start, end = before.joint_target, after.joint_target
        motion = straight(self.problem, start, end, self.config.path.rate)
        none = np.full(len(found.start), NO_FINGER)
        played = self.player.play(before, motion, Aim.at(after, none), rng)
        landed = played.near(after.object_pose, after.active, playing)
        landed = (landed & self.in_place(played, after)).sum(axis=1)
        kind = np.full(len(none), IN_GRASP)
        edges = NewEdges(found.start, found.end, found.turn, kind, none, motion, landed)
        return edges.take(np.flatnonzero(landed >= playing.needed))

    def in_place(self, played: Played, after: Candidates) -> np.ndarray:
        """Say where the tips ended at their places on the object [M, D]."""
        places = tips_of(self.problem, after)
        ends = [
            replace(
                after,
                joint_position=played.joint_position[:, one],
                object_pose=played.object_pose[:, one],
            )
            for one in range(played.sound.shape[1])
        ]
        away = [np.linalg.norm(tips_of(self.problem, end) - places, axis=-1) for end in ends]
        near = [((a < self.config.growth.slid) | ~after.active).all(axis=1) for a in away]
        return np.stack(near, axis=1)

    def moved(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Say which poses [N, 7] differ by as much as a step in the grasp must move the object."""
        playing = self.config.playing
        way = np.linalg.norm(after[:, :3] - before[:, :3], axis=1) / playing.position
        turn = angle(after[:, 3:], before[:, 3:]) / playing.rotation
        return np.maximum(way, turn) >= playing.least

    def first(self, seeds: Candidates, rng: np.random.Generator) -> Batch:
        """Return the batch that a tree begins with: seeds squeezed so that every finger takes part,
        the first that hold like that."""
        squeeze = share_out(seeds.point, seeds.normal, seeds.active, self.config.balance)
        target = squeezed(self.problem, seeds, squeeze, seeds.active, self.config)
        found, _ = self.hold(replace(seeds, joint_target=target), rng)
        roots = found.take(np.arange(min(self.config.growth.roots, len(found))))
        goal, age = roots.object_pose.copy(), np.zeros(len(roots), dtype=int)
        none = NewEdges.none(self.problem.layout.num_joints)
        return Batch(
            replace(roots, parent=np.full(len(roots), -1)),
            none,
            none,
            none,
            age[:0],
            goal,
            age,
            tally(*[age[:0]] * len(STAGES)),
            self.planner.told(),
        )

    def hold(self, settled: Candidates, rng: np.random.Generator) -> tuple[Candidates, np.ndarray]:
        """Hold candidates as every grasp is; return those that did, and their rows."""
        outcome = self.validator.hold(settled, rng)
        joints, pose = outcome.joint_position, outcome.object_pose
        point, normal, pad, distance = nearest_contacts(self.problem, joints, pose, outcome.scale)
        gap = self.problem.tip_radii + self.grasps.validation.gap
        active = settled.active & (distance < gap)
        same = (active == settled.active).all(axis=1)  # no finger has come off
        rows = np.flatnonzero(outcome.held & same)
        squeeze = share_out(point, normal, active, self.config.balance)
        newtons = self.config.balance.force * active.sum(axis=1, keepdims=True)
        found = replace(
            settled,
            joint_position=joints,
            object_pose=pose,
            point=point,
            normal=normal,
            pad=pad,
            force=squeeze.share * newtons,
            quality=analyse(point, normal, active, self.grasps)[1],
        )
        return found.take(rows), rows

    def close(self) -> None:
        self.player.close()
        self.validator.close()


def tally(*kinds: np.ndarray) -> dict[str, dict[str, int]]:
    """Count the motions of each kind after each stage."""
    return {
        name: {stage: int((left == kind).sum()) for stage, left in zip(STAGES, kinds, strict=True)}
        for kind, name in enumerate(NAMES)
    }


def grow(
    config: Growth,
    make: Callable[[Candidates | None, np.ndarray, list[Batch]], Batch],
    progress: Callable[[float, float, str], None],
) -> tuple[Candidates, list[Batch]]:
    """Put batches together until there are enough motions; return all grasps and the batches.

    `make` returns the next batch, given the tree, how often each grasp was asked and the batches
    so far, of which there are none at first.
    """
    batches: list[Batch] = []
    parts: list[Candidates] = []
    tries, edges = np.zeros(0), 0
    while edges < config.edges and len(batches) <= config.max_batches:
        tree = concatenate(parts) if parts else None
        batch = make(tree, tries, batches)
        batches.append(batch)
        parts.append(batch.nodes)
        tries = np.pad(
            tries + np.bincount(batch.asked, minlength=len(tries)), (0, len(batch.nodes))
        )
        edges += len(batch.forth) + len(batch.back) + len(batch.loops)
        progress(min(edges, config.edges), config.edges, "motions")
        if not len(parts[0]):
            break
    return concatenate(parts), batches
