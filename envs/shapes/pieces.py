"""What an object is made of: convex pieces, some of which may slide, and their inertia."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    match shape:
        case Box(half=half):
            return BoxSurface(half)
        case Sphere(radius=radius):
            return SphereSurface(radius)
        case Cylinder(radius=radius, half_height=half_height):
            return CylinderSurface(radius, half_height)
        case Capsule(radius=radius, half_height=half_height):
            return CapsuleSurface(radius, half_height)
        case Ellipsoid(half=half):
            return EllipsoidSurface(half)
        case Prism(sides=sides, radius=radius, half_height=half_height):
            return prism(sides, radius, half_height)
        case Superquadric(half=half, exponents=exponents):
            return superquadric(half, exponents)
