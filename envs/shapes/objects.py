"""Objects to hold: pieces, surface, and how one enters a MuJoCo scene. No torch."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from configs.errors import UserError
from configs.load import ConfigError, plain, validate
from configs.schema.objects import Limits, Object
from configs.schema.physics import Physics
from configs.schema.shapes import Mesh, Slide, Tool
from envs.shapes.hull import HullSurface
from envs.shapes.meshes import check_mesh, mesh_pieces
from envs.shapes.pieces import Piece, pieces_of
from envs.shapes.surfaces import (
    BoxSurface,
    CapsuleSurface,
    Closest,
    CylinderSurface,
    EllipsoidSurface,
    Solid,
    SphereSurface,
    Surface,
)
from envs.shapes.union import UnionSurface

OBJECT = "object"  # name of the body and of its free joint; its geoms' names begin so
HAND = (0.02, 0.2)  # [m] lengths of what a hand holds
COLOUR, SLIDING_COLOUR = (0.95, 0.49, 0.16, 1.0), (0.98, 0.75, 0.35, 1.0)
PARKED = (0.3, 0.0, 0.3)  # [m] where a compiled model has the object: clear of the hand
LIST_FILE, PIECES_FILE = "objects.json", "{name}.safetensors"
SLIDER = "object_slider"  # name of the body that slides and of its joint
# With the default 0.9, friction creeps centimetres a second
STIFF = (0.999, 0.9999, 0.001, 0.5, 2.0)
INERTIA, VERTICES, FACES = "inertia", ".vertices", ".faces"  # names of kept arrays, or their ends


class ObjectModel:
    """One object at scale 1, in its own frame, whose origin lies inside it.

    `inertia` [3, 3] [m^2] is about the origin, which is then the centre of mass, a kilogram;
    None: that of the pieces, evenly filled.
    """

    def __init__(
        self, spec: Object, pieces: tuple[Piece, ...] = (), inertia: np.ndarray | None = None
    ) -> None:
        """Make the object of its shape, or of the pieces that `save_object` kept.

        Raises:
            UserError: its mesh is missing or cannot be read.
        """
        self.spec = spec
        if pieces:
            self.pieces, self.inertia = pieces, inertia
        elif isinstance(spec.shape, Mesh):
            self.pieces, self.inertia = mesh_pieces(spec.shape, f"object {spec.name!r}")
        else:
            self.pieces, self.inertia = pieces_of(spec.shape), None
        self.surface: Surface = (
            self.pieces[0].solid if len(self.pieces) == 1 else UnionSurface(self.pieces)
        )

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def slide(self) -> Slide | None:
        """How its sliding pieces move, if it has some."""
        return self.spec.shape.slide if isinstance(self.spec.shape, Tool) else None

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
        if self.inertia is not None:
            body.explicitinertial, body.mass, body.ipos = True, mass, [0.0, 0.0, 0.0]
            moments = mass * scale**2 * self.inertia
            body.fullinertia = moments[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
        slider = body if self.slide is None else _add_slider(body, self.slide, scale)
        volumes = np.array([piece.solid.volume for piece in self.pieces])
        for piece, share in zip(self.pieces, volumes / volumes.sum(), strict=True):
            geom = (slider if piece.slides else body).add_geom(
                name=f"{OBJECT}_{piece.name}",
                pos=scale * piece.position,
                mass=mass * float(share),
                condim=physics.contact_dimensions,
                rgba=SLIDING_COLOUR if piece.slides else COLOUR,
            )
            _shape_geom(spec, geom, piece.solid, scale)


def check_object(spec: Object, limits: Limits) -> ObjectModel:
    """Return the object's model if it can be simulated.

    Raises:
        UserError: its mesh is missing, too large a file, unreadable, empty or open; or the
            object is too large (a wrong unit) or too small.
    """
    if spec.mesh is not None:
        check_mesh(spec.mesh, f"object {spec.name!r}", limits)
    model = ObjectModel(spec)
    longest, shortest = float(model.extent.max()), float(model.extent.min())
    if longest > limits.max_extent:
        remedy = "give its size in metres"
        if spec.mesh is not None:
            remedy = unit_advice(spec.name, longest / spec.mesh.unit)
        raise UserError(
            f"object {spec.name!r}: {longest:g} m long, more than objects.limits.max_extent "
            f"{limits.max_extent:g} m; {remedy}"
        )
    if shortest < limits.min_extent:
        remedy = "give its size in metres" if spec.mesh is None else "its `unit` may be too small"
        raise UserError(
            f"object {spec.name!r}: {shortest:g} m thin, less than objects.limits.min_extent "
            f"{limits.min_extent:g} m; {remedy}"
        )
    return model


def unit_advice(name: str, length: float) -> str:
    """Say which unit would make a mesh, so long in its file's numbers, an object for a hand."""
    units = {"millimetres": 0.001, "centimetres": 0.01, "inches": 0.0254}
    fit = {word: unit for word, unit in units.items() if HAND[0] <= unit * length <= HAND[1]}
    key = f"objects.items.{name}.shape.unit"
    if not fit:
        return f"say what 1 in the file is with {key}=METRES, or scale the mesh"
    choices = " or ".join(f"{key}={unit:g} ({word})" for word, unit in fit.items())
    return f"the file is not in metres: {choices}"


def save_objects(models: list[ObjectModel], folder: Path) -> list[Path]:
    """Write objects.json and each object's pieces into a folder; return the files."""
    rows, files = {}, [folder / LIST_FILE]
    for model in models:
        rows[model.name] = plain(without_path(model.spec))
        files.append(folder / PIECES_FILE.format(name=model.name))
        save_pieces(model, files[-1])
    files[0].write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n")
    return files


def load_objects(folder: Path) -> dict[str, ObjectModel]:
    """Read what `save_objects` wrote, by name, in the file's order.

    Raises:
        UserError: the folder holds no such files.
    """
    path = folder / LIST_FILE
    try:
        rows = json.loads(path.read_text())
        specs = [validate(Object, row, str(path)) for row in rows.values()]
        files = [folder / PIECES_FILE.format(name=spec.name) for spec in specs]
        contents = [file.read_bytes() for file in files]
    except (OSError, json.JSONDecodeError, ConfigError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a list of objects ({reason}); make it again") from None
    return {
        spec.name: load_object(spec, content, str(file))
        for spec, content, file in zip(specs, contents, files, strict=True)
    }


def save_pieces(model: ObjectModel, path: Path) -> None:
    """Write what the object's shape does not say: polyhedra and a mesh's inertia; equal bytes for
    equal objects."""
    arrays = {} if model.inertia is None else {INERTIA: model.inertia}
    for piece in model.pieces:
        if isinstance(piece.solid, HullSurface):
            arrays[piece.name + VERTICES] = piece.solid.vertices
            arrays[piece.name + FACES] = piece.solid.faces
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def load_object(spec: Object, content: bytes, holder: str) -> ObjectModel:
    """Return the object of a shape and the bytes that `save_pieces` wrote.

    Raises:
        UserError: they are no such bytes, or another object's.
    """
    try:
        arrays = load_arrays(content)
        pieces = _restore(spec, arrays)
    except (SafetensorError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{holder}: not the pieces of {spec.name!r} ({reason})") from None
    return ObjectModel(spec, pieces, arrays.get(INERTIA))


def without_path(spec: Object) -> Object:
    """Return the object with a mesh file's name alone: where it lay is its user's matter."""
    if spec.mesh is None:
        return spec
    return replace(spec, shape=replace(spec.mesh, file=Path(spec.mesh.file).name))


def _restore(spec: Object, arrays: Mapping[str, np.ndarray]) -> tuple[Piece, ...]:
    names = [name.removesuffix(VERTICES) for name in sorted(arrays) if name.endswith(VERTICES)]
    solids = {name: HullSurface(arrays[name + VERTICES], arrays[name + FACES]) for name in names}
    if isinstance(spec.shape, Mesh):
        return tuple(Piece(name, solid, np.zeros(3)) for name, solid in solids.items())
    return pieces_of(spec.shape, solids)


def _add_slider(body: mujoco.MjsBody, slide: Slide, scale: float) -> mujoco.MjsBody:
    slider = body.add_body(name=SLIDER)
    slider.add_joint(
        name=SLIDER,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0.0, 0.0, 1.0],
        range=[scale * end for end in slide.range],
        limited=True,
        frictionloss=slide.friction,
        solimp_friction=STIFF,
    )
    return slider


def _shape_geom(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, solid: Solid, scale: float) -> None:
    match solid:
        case BoxSurface():
            geom.type, size = mujoco.mjtGeom.mjGEOM_BOX, solid.half
        case SphereSurface():
            geom.type, size = mujoco.mjtGeom.mjGEOM_SPHERE, [solid.radius]
        case CylinderSurface():
            geom.type, size = mujoco.mjtGeom.mjGEOM_CYLINDER, [solid.radius, solid.half]
        case CapsuleSurface():
            geom.type, size = mujoco.mjtGeom.mjGEOM_CAPSULE, [solid.radius, solid.half]
        case EllipsoidSurface():
            geom.type, size = mujoco.mjtGeom.mjGEOM_ELLIPSOID, solid.half
        case HullSurface():
            vertices, faces = scale * solid.vertices, solid.faces
            spec.add_mesh(
                name=geom.name, uservert=vertices.ravel().tolist(), userface=faces.ravel().tolist()
            )
            geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, geom.name
            return
        case _:
            raise TypeError(f"no geom for a {type(solid).__name__}")
    geom.size = [*(scale * np.array(size)), *[0.0] * (3 - len(size))]
