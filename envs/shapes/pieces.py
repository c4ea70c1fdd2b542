"""What an object is made of: convex pieces, some of which may slide, and their inertia."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

import numpy as np

from configs.schema.shapes import (
    Box,
    Capsule,
    Convex,
    Cylinder,
    Ellipsoid,
    Part,
    Prism,
    Sphere,
    Superquadric,
    Tool,
)
from envs.shapes.polytopes import prism, superquadric
from envs.shapes.surfaces import (
    BoxSurface,
    CapsuleSurface,
    CylinderSurface,
    EllipsoidSurface,
    Solid,
    SphereSurface,
)

BODY = "body"  # name of the piece of an object that is one
SOLIDS: Mapping[type, Callable[..., Solid]] = {
    Box: BoxSurface,
    Sphere: SphereSurface,
    Cylinder: CylinderSurface,
    Capsule: CapsuleSurface,
    Ellipsoid: EllipsoidSurface,
    Prism: prism,
    Superquadric: superquadric,
}


@dataclass(frozen=True)
class Piece:
    """A convex solid, its frame parallel to the object's."""

    name: str
    solid: Solid
    position: np.ndarray  # [3] [m] of its frame in the object's
    slides: bool = False


def pieces_of(shape: Convex | Tool, kept: Mapping[str, Solid] | None = None) -> tuple[Piece, ...]:
    """Return a shape's pieces, where they are while nothing has slid.

    `kept` are solids by piece name that need not be made again.
    """
    if isinstance(shape, Tool):
        parts = shape.parts
    else:
        parts = {BODY: Part(shape=shape, position=(0.0, 0.0, 0.0), slides=False)}
    solids = kept or {}
    return tuple(
        Piece(
            name=name,
            solid=solids[name] if name in solids else make_solid(part.shape),
            position=np.array(part.position),
            slides=part.slides,
        )
        for name, part in parts.items()
    )


def make_solid(shape: Convex) -> Solid:
    """Return the solid of a shape; its values are its makers', in their order."""
    _, *values = astuple(shape)  # the kind comes first
    return SOLIDS[type(shape)](*values)
