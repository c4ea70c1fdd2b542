"""Objects to hold: shape, surface, and how one enters a MuJoCo scene. No torch."""

import json
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
from safetensors import SafetensorError

from configs.load import ConfigError, plain, validate
from configs.schema.objects import Object, Objects
from configs.schema.physics import Physics
from envs.hull import HullSurface, load_hull, loads_hull, save_hull
from envs.meshes import ObjectError, check_mesh, hull_of
from envs.surfaces import SURFACES, Closest, Surface

OBJECT = "object"  # name of the body, its free joint and its geom
COLOUR = (0.95, 0.49, 0.16, 1.0)
PARKED = (0.3, 0.0, 0.3)  # [m] where a compiled model has the object: clear of the hand
LIST_FILE = "objects.json"
GEOMS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


class ObjectModel:
    """One object at scale 1, in its own frame, whose origin lies inside it.

    A mesh is its convex hull, everywhere: contact, inertia, surface. `mesh` is the file to read,
    a hull that `save_objects` wrote or a mesh that trimesh reads; the bytes of such a hull; or
    None: the file that `spec` names.
    """

    def __init__(self, spec: Object, mesh: Path | bytes | None = None) -> None:
        self.spec = spec
        self.surface = _surface(spec, mesh)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def extent(self) -> np.ndarray:
        """Edges [3] of the axis-aligned bounding box [m]."""
        return self.surface.extent

    def sample_surface(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw points [P, 3] [m], uniform over the area, and outward normals [P, 3]."""
        return self.surface.sample(count, rng)

    def closest(self, points: np.ndarray) -> Closest:
        """Return the closest surface points [..., 3], outward normals [..., 3] and signed
        distances [...] [m], negative inside, of points [..., 3] in the object's frame."""
        points = np.asarray(points, dtype=np.float64)
        surface, normals, distance = self.surface.closest(points.reshape(-1, 3))
        shape = points.shape
        return surface.reshape(shape), normals.reshape(shape), distance.reshape(shape[:-1])

    def add_to(self, spec: mujoco.MjSpec, physics: Physics, *, mass: float, scale: float) -> None:
        """Add a free body with compiled geometry, so that inertia and bounds follow the scale.

        Args:
            mass: [kg], spread evenly over the volume.
            scale: factor on all lengths.
        """
        body = spec.worldbody.add_body(name=OBJECT, pos=PARKED)
        body.add_freejoint(name=OBJECT)
        geom = body.add_geom(name=OBJECT, mass=mass, condim=physics.contact_dimensions, rgba=COLOUR)
        if isinstance(self.surface, HullSurface):
            vertices = scale * self.surface.vertices
            spec.add_mesh(
                name=OBJECT,
                uservert=vertices.ravel().tolist(),
                userface=self.surface.faces.ravel().tolist(),
            )
            geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, OBJECT
        else:
            size = [scale * value for value in self.spec.size]
            geom.type = GEOMS[self.spec.shape]
            geom.size = [*size, *[0.0] * (3 - len(size))]


def check_object(spec: Object, limits: Objects) -> ObjectModel:
    """Return the object's model if it can be simulated.

    Raises:
        ObjectError: its mesh is missing, too large a file, unreadable, empty or open; or the
            object is too large (a wrong unit) or too small.
    """
    if spec.mesh is not None:
        check_mesh(Path(spec.mesh), f"object {spec.name!r}", limits.max_mesh_mib)
    model = ObjectModel(spec)
    longest, shortest = float(model.extent.max()), float(model.extent.min())
    if longest > limits.max_extent:
        fits = limits.min_extent <= 1e-3 * longest <= limits.max_extent
        remedy = "it looks like millimetres: scale by 0.001" if fits else "give its size in metres"
        raise ObjectError(
            f"object {spec.name!r}: {longest:g} m long, more than objects.max_extent "
            f"{limits.max_extent:g} m; {remedy}"
        )
    if shortest < limits.min_extent:
        raise ObjectError(
            f"object {spec.name!r}: {shortest:g} m thin, less than objects.min_extent "
            f"{limits.min_extent:g} m; give its size in metres"
        )
    return model


def save_objects(models: list[ObjectModel], folder: Path) -> list[Path]:
    """Write objects.json and each mesh object's hull into a folder; return the files."""
    rows, files = {}, [folder / LIST_FILE]
    for model in models:
        spec = model.spec
        if isinstance(model.surface, HullSurface):
            spec = replace(spec, mesh=f"{spec.name}.safetensors")
            files.append(folder / f"{spec.name}.safetensors")
            save_hull(model.surface, files[-1])
        rows[spec.name] = plain(spec)
    files[0].write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n")
    return files


def load_objects(folder: Path) -> dict[str, ObjectModel]:
    """Read what `save_objects` wrote, by name, in the file's order.

    Raises:
        ObjectError: the folder holds no such files.
    """
    path = folder / LIST_FILE
    try:
        rows = json.loads(path.read_text())
        specs = [validate(Object, row, str(path)) for row in rows.values()]
        meshes = [folder / spec.mesh if spec.mesh else None for spec in specs]
        return {
            spec.name: ObjectModel(spec, mesh) for spec, mesh in zip(specs, meshes, strict=True)
        }
    except (OSError, json.JSONDecodeError, ConfigError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ObjectError(f"{path}: not a list of objects ({reason}); make it again") from None


def _surface(spec: Object, mesh: Path | bytes | None) -> Surface:
    if spec.mesh is None:
        return SURFACES[spec.shape](spec.size)
    if isinstance(mesh, bytes):
        try:
            return loads_hull(mesh)
        except (SafetensorError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise ObjectError(f"object {spec.name!r}: {spec.mesh} is no hull ({reason})") from None
    path = mesh or Path(spec.mesh)
    if path.suffix == ".safetensors":
        return load_hull(path)
    return hull_of(path, f"object {spec.name!r}")
