"""Mesh files: reading them through trimesh, refusing those that cannot be simulated.

What touches is a mesh's convex hull (a handle's hole or a cup's inside is closed), or the parts of
its convex decomposition; inertia is that of the mesh itself, evenly filled.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from configs.errors import UserError
from configs.schema.objects import Limits
from configs.schema.shapes import Mesh
from envs.shapes.pieces import BODY, Piece
from envs.shapes.polytopes import coarse_hull

if TYPE_CHECKING:
    import trimesh

SUFFIXES = (".obj", ".stl", ".glb")
MIB = 2**20
# Of the decomposition: how far a part may be from convex, of the whole's size, and how many parts
CONCAVITY, PARTS = 0.05, 16


def check_mesh(shape: Mesh, holder: str, limits: Limits) -> None:
    """Refuse a mesh file that is missing, too large, unreadable, empty or open.

    Raises:
        UserError: naming `holder`, the file and what to do.
    """
    path = Path(shape.file)
    _require_file(path, holder)
    mib = path.stat().st_size / MIB
    if mib > limits.max_mesh_mib:
        raise UserError(
            f"{holder}: mesh {path} has {mib:.1f} MiB, more than objects.limits.max_mesh_mib "
            f"{limits.max_mesh_mib:g}; simplify it"
        )
    mesh = read_mesh(path, holder)
    if not mesh.is_watertight:
        raise UserError(f"{holder}: mesh {path} is open (not watertight); close its holes")
    if not mesh.is_winding_consistent:
        raise UserError(
            f"{holder}: mesh {path}: some faces are turned inward and others outward, so it has no "
            "volume to speak of; make its normals consistent (trimesh.repair.fix_normals does)"
        )
    if mesh.volume <= 0.0:
        raise UserError(f"{holder}: mesh {path} is inside out; turn its faces round")


def mesh_pieces(shape: Mesh, holder: str) -> tuple[tuple[Piece, ...], np.ndarray]:
    """Return a mesh's pieces about its centre of mass, and its inertia there a kilogram [3, 3]."""
    mesh = read_mesh(Path(shape.file), holder)
    mesh.apply_scale(shape.unit)
    mesh.apply_translation(-mesh.center_mass)
    inertia = np.array(mesh.moment_inertia) / mesh.mass
    try:
        clouds = [mesh.vertices] if shape.contact == "hull" else _parts(mesh, holder)
        hulls = [coarse_hull(np.array(cloud, dtype=np.float64))[0] for cloud in clouds]
    except ValueError as error:
        raise UserError(f"{holder}: mesh {shape.file} has no inside: {error}") from None
    names = [BODY] if len(hulls) == 1 else [f"part_{i:02d}" for i in range(len(hulls))]
    return tuple(Piece(*named, np.zeros(3)) for named in zip(names, hulls, strict=True)), inertia


def read_mesh(path: Path, holder: str) -> "trimesh.Trimesh":
    """Read a mesh file as one body with merged vertices.

    Raises:
        UserError: missing, of an unknown kind, unreadable or without a triangle.
    """
    import trimesh  # half a second

    _require_file(path, holder)
    try:
        mesh = trimesh.load_mesh(path, process=True)
    except Exception as error:  # a broken file makes the readers raise whatever they meet
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{holder}: mesh {path} cannot be read, or is empty ({reason:.120}); export it anew"
        ) from None
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise UserError(f"{holder}: mesh {path} is empty: it holds no triangle")
    if not np.isfinite(mesh.vertices).all():
        raise UserError(f"{holder}: mesh {path} holds a vertex that is not a finite number")
    mesh.merge_vertices()  # an STL file repeats each triangle's corners
    return mesh


def _parts(mesh: "trimesh.Trimesh", holder: str) -> list[np.ndarray]:
    """Return the corners of the convex parts that CoACD cuts a mesh into."""
    try:
        import coacd
    except ImportError:
        raise UserError(
            f"{holder}: contact: parts needs the extra `meshes`: pip install 'dexteritygen[meshes]'"
            ", or take contact: hull"
        ) from None
    coacd.set_log_level("error")
    body = coacd.Mesh(mesh.vertices, mesh.faces)
    found = coacd.run_coacd(body, threshold=CONCAVITY, max_convex_hull=PARTS, seed=0)
    return [corners for corners, _ in found]


def _require_file(path: Path, holder: str) -> None:
    if not path.is_file():
        raise UserError(f"{holder}: mesh {path} is missing; give the path of an OBJ, STL or GLB")
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{holder}: mesh {path} is not one of {', '.join(SUFFIXES)}; convert it")
