"""Heuristic sampling of candidates (Algorithm 3), fingers first.

The paper samples surface points, then a pose, then fingers to reach them; a random pose is
almost never within reach (15 of 20000 here). Drawing a finger configuration first, putting the
object near its tips and taking the nearest surface points as contacts keeps the algorithm's
parts and its result, a set of contacts with an assignment, at a far better yield.
"""

import numpy as np

from configs.schema.grasps import Sampling
from envs.objects import ObjectModel
from models.rotations import normalize, random_quaternions, rotate
from tasks.grasps.candidates import Candidates, to_object
from tasks.grasps.problem import Problem

# Places along a tip capsule's axis that may touch: both ends and the middle. The nearest of them
# is at most a quarter of the axis from the true nearest point; its contact is exact all the same.
PADS = np.array([0.0, 0.5, 1.0])


def propose(problem: Problem, config: Sampling, rng: np.random.Generator) -> Candidates:
    """Draw `config.proposals` candidates, contacts assigned but not reached yet."""
    count, fingers = config.proposals, problem.layout.num_tips
    active = _choose_fingers(rng, count, fingers, config.contacts)
    position = _draw_joints(rng, problem, active, config)
    pose = _place_object(rng, problem, position, active, config)
    point, normal, pad, _ = nearest_contacts(problem, position, pose)
    return Candidates(
        joint_position=position,
        object_pose=pose,
        active=active,
        point=point,
        normal=normal,
        pad=pad,
        force=np.zeros((count, fingers)),
        quality=np.full(count, np.inf),
        joint_target=position,
        parent=np.full(count, -1),
    )


def _place_object(
    rng: np.random.Generator,
    problem: Problem,
    position: np.ndarray,
    active: np.ndarray,
    config: Sampling,
) -> np.ndarray:
    """Turn the object at random and put its middle near the touching tips' middle; [N, 7].

    It is moved outward along the tips' mean direction: around the middle itself the links that
    lead to the tips leave little room.
    """
    tips = tip_points(problem, position)  # [N, F, P, 3]
    weight = (active / active.sum(axis=1, keepdims=True))[..., None]
    outward = normalize(tips[:, :, -1] - tips[:, :, 0])
    outward = normalize((outward * weight).sum(axis=1))
    shift = rng.uniform(*config.outward, (len(position), 1))
    middle = (tips[:, :, -1] * weight).sum(axis=1) + shift * outward
    middle = middle + rng.normal(0.0, config.offset, middle.shape)
    rotation = random_quaternions(rng, len(position))
    centre = rotate(rotation, np.broadcast_to(centre_of(problem.model), middle.shape))
    return np.concatenate([middle - centre, rotation], axis=1)


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


def clearance(problem: Problem, candidates: Candidates) -> np.ndarray:
    """Return the least signed distance [N] [m] of points inside the links to the object.

    Negative: a link is in the object, and would most likely be there after the inverse
    kinematics too, which costs far more.
    """
    links, local = problem.link_points
    local = np.broadcast_to(local, (len(candidates), *local.shape))
    points = problem.kinematics.points(candidates.joint_position, links, local)
    return problem.model.closest(to_object(candidates.object_pose, points))[2].min(axis=1)


def centre_of(model: ObjectModel) -> np.ndarray:
    """Return the middle of the object's surface in its own frame [3] [m]."""
    points, _ = model.sample_surface(256, np.random.default_rng(0))
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2.0)


def _choose_fingers(
    rng: np.random.Generator, count: int, fingers: int, contacts: tuple[int, ...]
) -> np.ndarray:
    """Draw which fingers touch: the number as the paper does, then which ones; [N, F] bool."""
    sizes = rng.choice([size for size in contacts if size <= fingers], size=count)
    rank = rng.random((count, fingers)).argsort(axis=1).argsort(axis=1)
    return rank < sizes[:, None]


def _draw_joints(
    rng: np.random.Generator, problem: Problem, active: np.ndarray, config: Sampling
) -> np.ndarray:
    """Draw joint angles [N, n]; idle fingers stay nearer to the rest pose, out of the way.

    How far a hand closes is one draw: with all joints anywhere in their ranges, a hand that is
    nearly open, which large objects need, would be rare.
    """
    size = (len(active), problem.layout.num_joints)
    closure = rng.uniform(*config.closure, (len(active), 1))
    drawn = problem.lower + closure * rng.random(size) * (problem.upper - problem.lower)
    share = rng.uniform(*config.idle_curl, (len(active), 1))
    idle = problem.rest + share * (drawn - problem.rest)
    return np.where(problem.joint_mask(active), drawn, idle)
