"""From a grasp set to candidates, and from what grew to the graph that is stored."""

from collections.abc import Sequence

import numpy as np

from configs.schema.grasps import GraspMetric
from envs.grasp_graph import Edges, GraspGraph
from envs.grasp_set import GraspSet
from tasks.grasps.candidates import Candidates
from tasks.grasps.linking import pack_set
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.regrasps.growth import Batch


def from_set(problem: Problem, grasps: GraspSet) -> Candidates:
    """Return stored grasps as candidates; pads are taken anew where the tips are."""
    joints, pose = grasps.joint_position.astype(float), grasps.object_pose.astype(float)
    point, normal, pad, _ = nearest_contacts(problem, joints, pose)
    count, fingers = len(grasps), problem.layout.num_tips
    active, force = np.zeros((count, fingers), dtype=bool), np.zeros((count, fingers))
    row, place = np.nonzero(grasps.contacts.finger >= 0)
    finger = grasps.contacts.finger[row, place]
    active[row, finger] = True
    force[row, finger] = grasps.contacts.force[row, place]
    point[row, finger] = grasps.contacts.point[row, place]
    normal[row, finger] = grasps.contacts.normal[row, place]
    return Candidates(
        joint_position=joints,
        object_pose=pose,
        active=active,
        point=point,
        normal=normal,
        pad=pad,
        force=force,
        quality=grasps.quality.astype(float),
        joint_target=grasps.joint_target.astype(float),
        parent=np.full(count, -1),
    )


def make_graph(
    problem: Problem,
    tree: Candidates,
    batches: Sequence[Batch],
    draws: int,
    metric: GraspMetric,
) -> GraspGraph:
    """Return the tree and all its motions as they are stored."""
    links = [part for batch in batches for part in (batch.forth, batch.back, batch.loops)]

    def joined(name: str, kind: type) -> np.ndarray:
        return np.concatenate([np.asarray(getattr(part, name)) for part in links]).astype(kind)

    def moved(name: str, kind: type) -> np.ndarray:
        return np.concatenate([getattr(part.motion, name) for part in links]).astype(kind)

    edges = Edges(
        start=joined("start", np.int32),
        end=joined("end", np.int32),
        turn=joined("turn", np.float32),
        kind=joined("kind", np.int8),
        finger=joined("finger", np.int8),
        target=moved("target", np.float32),
        steps=moved("steps", np.int16),
        draws=np.full(sum(map(len, links)), draws, np.int8),
        landed=joined("landed", np.int8),
    )
    neighbours = neighbours_of(len(tree), edges)
    return GraspGraph(pack_set(problem, tree, neighbours), edges, metric)


def neighbours_of(count: int, edges: Edges) -> np.ndarray:
    """Return the grasps that motions lead to from each [G, k] int32, -1 pads."""
    pairs = np.unique(np.stack([edges.start, edges.end], axis=1), axis=0)
    first = np.searchsorted(pairs[:, 0], np.arange(count + 1))
    width = int(np.diff(first).max(initial=1))
    found = np.full((count, width), -1, dtype=np.int32)
    place = np.arange(len(pairs)) - first[pairs[:, 0]]
    found[pairs[:, 0], place] = pairs[:, 1]
    return found
