"""Which models an engine can keep as one that has some fields once for every environment.

Scales of an object differ in sizes, masses and meshes alone: sizes and masses are such fields, and
so is the number of a mesh. Another object's shape is another structure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from configs.schema.hand import Hand
from configs.schema.physics import Physics
from envs.engines.mujoco_models import nominal_scene, structure
from envs.shapes.objects import ObjectModel

Kind = tuple[int, float]  # which object, and its scale

# Fields of Warp's Model of which every environment has its own: those that a scale changes, and
# those that are randomised.
OWN_FIELDS = (
    *("geom_size", "geom_pos", "geom_quat", "geom_aabb", "geom_rbound", "geom_dataid"),
    *("body_ipos", "body_iquat", "body_mass", "body_inertia", "body_subtreemass"),
    *("body_invweight0", "dof_invweight0", "jnt_range"),
    *("geom_friction", "actuator_gainprm", "actuator_biasprm"),
)
# Fields of MjModel that may differ besides: a mesh is chosen by geom_dataid, the rest is for
# rendering, or for integrators and sleeping that are not used.
UNUSED = ("mesh_", "bvh_", "cam_", "light_", "dof_M0", "dof_length")


@dataclass(frozen=True)
class Shared:
    """Environments whose models differ in no more than OWN_FIELDS."""

    rows: np.ndarray  # [M] which of the engine's environments
    model: mujoco.MjModel  # like all of theirs, with the meshes of all
    mesh: np.ndarray  # [M, geoms] the number of each geom's mesh in `model`; -1: it has none


def share(
    hand: Hand,
    physics: Physics,
    objects: Sequence[ObjectModel],
    object_index: np.ndarray,
    scales: np.ndarray,
    models: Sequence[mujoco.MjModel],
) -> list[Shared]:
    """Group the models of environments, in order of first appearance."""
    groups: list[list[int]] = []
    group_of: dict[Kind, list[int]] = {}
    kinds = list(zip(object_index.tolist(), scales.tolist(), strict=True))
    for row, kind in enumerate(kinds):
        if kind not in group_of:
            known = (group for group in groups if alike(models[group[0]], models[row]))
            group_of[kind] = next(known, [])
            if not group_of[kind]:
                groups.append(group_of[kind])
        group_of[kind].append(row)
    found = []
    for group in groups:
        model, numbers = with_all_meshes(hand, physics, objects, [kinds[row] for row in group])
        mesh = np.array([numbers[kinds[row]] for row in group])
        found.append(Shared(np.array(group), model, mesh))
    return found


def alike(first: mujoco.MjModel, second: mujoco.MjModel) -> bool:
    """Say whether two models differ in no more than OWN_FIELDS and UNUSED."""
    if structure(first) != structure(second):
        return False
    names = {name for name in dir(first) if not name.startswith(("_", *UNUSED))}
    pairs = ((getattr(first, n), getattr(second, n)) for n in names - set(OWN_FIELDS))
    return all(np.array_equal(a, b) for a, b in pairs if isinstance(a, np.ndarray))


def with_all_meshes(
    hand: Hand, physics: Physics, objects: Sequence[ObjectModel], kinds: Sequence[Kind]
) -> tuple[mujoco.MjModel, dict[Kind, np.ndarray]]:
    """Return the model of the first kind, holding the meshes of all, and of each kind the number of
    every geom's mesh [geoms]."""
    distinct = list(dict.fromkeys(kinds))
    spec = nominal_scene(hand, physics, objects[distinct[0][0]], distinct[0][1])
    for number, (index, scale) in enumerate(distinct[1:], start=1):
        for mesh in nominal_scene(hand, physics, objects[index], scale).meshes:
            name = f"{mesh.name}@{number}"
            spec.add_mesh(name=name, uservert=mesh.uservert, userface=mesh.userface)
    model = spec.compile()
    numbers = {}
    for number, kind in enumerate(distinct):
        own = model.geom_dataid.copy()
        for geom in np.flatnonzero(own >= 0) if number else ():
            own[geom] = model.mesh(f"{model.mesh(int(own[geom])).name}@{number}").id
        numbers[kind] = own
    return model, numbers
