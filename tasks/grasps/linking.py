"""From held candidates to a grasp set: goal neighbours, and no grasp that leads nowhere."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from configs.schema.grasps import GraspMetric
from configs.schema.task import GoalRules
from envs.grasp_set import Contacts, GraspSet
from tasks.grasps.candidates import Candidates
from tasks.grasps.metric import components, goal_neighbours
from tasks.grasps.problem import Problem


@dataclass(frozen=True)
class Links:
    """The goal graph over some candidates, and which of them it is worth keeping."""

    neighbours: np.ndarray  # [G, k] int32, -1 pads
    keep: np.ndarray  # [G] bool
    isolated: int  # dropped: no goal at all
    fragments: int  # dropped: in a component that is too small
    expanded: int  # kept: grown from another grasp, be that one kept or not

    @staticmethod
    def of(
        found: Candidates,
        goals: GoalRules,
        metric: GraspMetric,
        min_component: int,
        threads: int = 1,
        say: Callable[[float, float, str], None] = lambda *_: None,
    ) -> "Links":
        neighbours = goal_neighbours(metric, goals, found, threads, say)
        labels = components(neighbours)
        size = np.bincount(labels)[labels]
        alone = size == 1
        keep = ~alone & (size >= min_component)
        return Links(
            neighbours=neighbours,
            keep=keep,
            isolated=int(alone.sum()),
            fragments=int((~alone & ~keep).sum()),
            expanded=int((found.parent[keep] >= 0).sum()),
        )


def make_set(problem: Problem, found: Candidates, links: Links) -> GraspSet:
    """Return the kept grasps of the problem's object as they are stored."""
    return pack_set(problem, found, links.neighbours).select(np.flatnonzero(links.keep))


def pack_set(problem: Problem, found: Candidates, neighbours: np.ndarray) -> GraspSet:
    """Return grasps and their neighbours [G, k] as they are stored."""
    order = np.argsort(~found.active, axis=1, kind="stable")  # touching fingers first
    touching = np.take_along_axis(found.active, order, axis=1)

    def pack(array: np.ndarray) -> np.ndarray:
        index = order[..., None] if array.ndim == 3 else order
        mask = touching[..., None] if array.ndim == 3 else touching
        return (np.take_along_axis(array, index, axis=1) * mask).astype(np.float32)

    contacts = Contacts(
        finger=np.where(touching, order, -1).astype(np.int8),
        link=np.where(touching, problem.tip_links[order], -1).astype(np.int8),
        point=pack(found.point),
        normal=pack(found.normal),
        force=pack(found.force),
    )
    return GraspSet(
        object=problem.model.name,
        joint_position=found.joint_position.astype(np.float32),
        joint_target=found.joint_target.astype(np.float32),
        object_pose=found.object_pose.astype(np.float32),
        contacts=contacts,
        quality=found.quality.astype(np.float32),
        parent=found.parent.astype(np.int32),
        neighbours=neighbours,
    )


def describe(grasps: GraspSet, links: Links) -> dict[str, object]:
    """Return how the set is linked, for people and for the summary."""
    linked = (grasps.neighbours >= 0).sum(axis=1)
    touching = (grasps.contacts.finger >= 0).sum(axis=1)
    numbers, counts = np.unique(touching, return_counts=True)
    return {
        "grasps": len(grasps),
        "dropped_isolated": links.isolated,
        "dropped_fragments": links.fragments,
        "share_with_neighbour": float((linked > 0).mean()) if len(grasps) else 0.0,
        "mean_neighbours": float(linked.mean()) if len(grasps) else 0.0,
        "expanded": links.expanded,
        "by_contacts": {str(n): int(c) for n, c in zip(numbers, counts, strict=True)},
    }
