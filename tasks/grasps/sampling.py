"""What both ways of sampling candidates, and the expansion, share: pads, contacts, idle fingers."""

import numpy as np

from configs.schema.grasps import GraspSampling
from envs.shapes.objects import ObjectModel
from tasks.grasps.candidates import Candidates, to_object
from tasks.grasps.problem import Problem

# Places along a tip capsule's axis that may touch: both ends and the middle. The nearest of them
# is at most a quarter of the axis from the true nearest point; its contact is exact all the same.
PADS = np.array([0.0, 0.5, 1.0])


def sizes_for(
    rng: np.random.Generator, count: int, fingers: int, contacts: tuple[int, ...]
) -> np.ndarray:
    """Draw numbers of contacts [N] as the paper does, of those that a hand has fingers for."""
    return rng.choice([size for size in contacts if size <= fingers], size=count)


def idle_joints(
    problem: Problem, sampling: GraspSampling, active: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw joint angles [N, n] of fingers that do not touch: near the rest pose, out of the way."""
    span = problem.upper - problem.lower
    drawn = problem.lower + rng.random((len(active), len(span))) * span
    share = rng.uniform(*sampling.idle_curl, (len(active), 1))
    return problem.rest + share * (drawn - problem.rest)


def tip_points(problem: Problem, position: np.ndarray) -> np.ndarray:
    """Return the PADS of each tip capsule in the hand frame, [N, F, P, 3] [m]."""
    pads = pads_of(problem)
    count, (fingers, places) = len(position), pads.shape[:2]
    local = np.broadcast_to(pads.reshape(-1, 3), (count, fingers * places, 3))
    links = np.repeat(problem.tip_links, places)
    return problem.kinematics.points(position, links, local).reshape(count, fingers, places, 3)


def pads_of(problem: Problem) -> np.ndarray:
    """Return the PADS of each tip capsule in its link's frame, [F, P, 3] [m]."""
    start, end = problem.tip_axes[:, None, 0], problem.tip_axes[:, None, 1]
    return start + PADS[:, None] * (end - start)


def nearest_contacts(
    problem: Problem,
    position: np.ndarray,
    pose: np.ndarray,
    scale: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Find where each tip would touch: at the place of its axis nearest to the surface.

    Args:
        scale: factor on the object's lengths [N]; default: 1.

    Returns:
        point, normal and pad, [N, F, 3] each, and the axis' signed distance [N, F] [m] to the
        scaled surface. Points are those of the object of scale 1, as everywhere.
    """
    axis = tip_points(problem, position)
    count, fingers, places = axis.shape[:3]
    local = to_object(pose, axis.reshape(count, fingers * places, 3))
    factor = np.ones(count) if scale is None else scale
    point, normal, distance = problem.model.closest(local / factor[:, None, None])
    distance = factor[:, None, None] * distance.reshape(count, fingers, places)
    best = distance.argmin(axis=2)[..., None]  # [N, F, 1]

    def chosen(array: np.ndarray) -> np.ndarray:
        whole = array.reshape(count, fingers, places, 3)
        return np.take_along_axis(whole, best[..., None], axis=2)[:, :, 0]

    pads = np.broadcast_to(pads_of(problem), (count, fingers, places, 3))
    nearest = np.take_along_axis(distance, best, axis=2)[..., 0]
    return chosen(point), chosen(normal), chosen(pads), nearest


def clear(problem: Problem, candidates: Candidates) -> np.ndarray:
    """Say which candidates [N] have no point inside a link in the object.

    A link in the object would most likely be there after the inverse kinematics too, which costs
    far more.
    """
    links, local = problem.link_points
    local = np.broadcast_to(local, (len(candidates), *local.shape))
    points = problem.kinematics.points(candidates.joint_position, links, local)
    points = to_object(candidates.object_pose, points)
    low, high = problem.model.surface.bounds
    row, point = np.nonzero(((points > low) & (points < high)).all(axis=2))
    inside = problem.model.closest(points[row, point])[2] <= 0.0
    free = np.ones(len(candidates), dtype=bool)
    free[row[inside]] = False
    return free


def centre_of(model: ObjectModel) -> np.ndarray:
    """Return the middle of the object's surface in its own frame [3] [m]."""
    points, _ = model.sample_surface(256, np.random.default_rng(0))
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2.0)
