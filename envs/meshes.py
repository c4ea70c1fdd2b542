"""Mesh files: reading them through trimesh, refusing those that cannot be simulated.

An object's mesh is used as its convex hull: a handle's hole or a cup's inside is closed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from envs.hull import HullSurface

if TYPE_CHECKING:
    import trimesh

SUFFIXES = (".obj", ".stl", ".glb")
MIB = 2**20


class ObjectError(ValueError):
    """An object that cannot be used; one line that names it and the remedy."""


def check_mesh(path: Path, holder: str, max_mib: float) -> None:
    """Refuse a mesh file that is missing, too large, unreadable, empty or open.

    Raises:
        ObjectError: naming `holder`, the file and what to do.
    """
    _require_file(path, holder)
    mib = path.stat().st_size / MIB
    if mib > max_mib:
        raise ObjectError(
            f"{holder}: mesh {path} has {mib:.1f} MiB, more than objects.max_mesh_mib "
            f"{max_mib:g}; simplify it"
        )
    if not read_mesh(path, holder).is_watertight:
        raise ObjectError(f"{holder}: mesh {path} is open (not watertight); close its holes")


def hull_of(path: Path, holder: str) -> HullSurface:
    """Return the convex hull of a mesh file, moved to have its centroid at the origin."""
    hull = read_mesh(path, holder).convex_hull
    vertices = np.array(hull.vertices, dtype=np.float64) - hull.center_mass
    return HullSurface(vertices, np.array(hull.faces, dtype=np.int64))


def read_mesh(path: Path, holder: str) -> "trimesh.Trimesh":
    """Read a mesh file as one body with merged vertices.

    Raises:
        ObjectError: missing, of an unknown kind, unreadable or without a triangle.
    """
    import trimesh  # half a second

    _require_file(path, holder)
    try:
        mesh = trimesh.load_mesh(path, process=True)
    except Exception as error:  # a broken file makes the readers raise whatever they meet
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ObjectError(f"{holder}: mesh {path} cannot be read ({reason:.120})") from None
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise ObjectError(f"{holder}: mesh {path} is empty: it holds no triangle")
    if not np.isfinite(mesh.vertices).all():
        raise ObjectError(f"{holder}: mesh {path} holds a vertex that is not a finite number")
    mesh.merge_vertices()  # an STL file repeats each triangle's corners
    return mesh


def _require_file(path: Path, holder: str) -> None:
    if not path.is_file():
        raise ObjectError(f"{holder}: mesh {path} is missing; give the path of an OBJ, STL or GLB")
    if path.suffix.lower() not in SUFFIXES:
        raise ObjectError(f"{holder}: mesh {path} is not one of {', '.join(SUFFIXES)}; convert it")
