"""Shapes of objects: convex primitives, meshes, and tools made of convex parts.

Lengths in metres, at scale 1. A shape's frame has its origin in the middle and, where there is
an axis, the axis along z.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import strict

Length = Annotated[float, Field(gt=0)]  # [m]
Half = tuple[Length, Length, Length]  # half of the edges, or half axes, along x, y, z
Vector = tuple[float, float, float]


@strict
class Box:
    """A box."""

    kind: Literal["box"]
    half: Half


@strict
class Sphere:
    """A sphere."""

    kind: Literal["sphere"]
    radius: Length


@strict
class Cylinder:
    """A cylinder along z."""

    kind: Literal["cylinder"]
    radius: Length
    half_height: Length


@strict
class Capsule:
    """A cylinder along z with half spheres at its ends."""

    kind: Literal["capsule"]
    radius: Length
    half_height: Length  # of the cylinder between the half spheres


@strict
class Ellipsoid:
    """An ellipsoid."""

    kind: Literal["ellipsoid"]
    half: Half


@strict
class Prism:
    """A regular polygon, drawn up along z."""

    kind: Literal["prism"]
    sides: Annotated[int, Field(ge=3, le=12)]
    radius: Length  # of the circle through the polygon's corners
    half_height: Length


@strict
class Superquadric:
    """|x/a|^(2/e) and |y/b|^(2/e) to the power e/n, plus |z/c|^(2/n), is 1 on the surface (Barr).

    Exponents (n, e), along and around the axis: 1, 1 is an ellipsoid, towards 0 a box, 2 an
    octahedron; beyond 2 the shape is not convex.
    """

    kind: Literal["superquadric"]
    half: Half
    exponents: tuple[Annotated[float, Field(ge=0.1, le=2)], Annotated[float, Field(ge=0.1, le=2)]]


@strict
class Mesh:
    """A file's triangles."""

    kind: Literal["mesh"]
    file: str  # an OBJ, STL or GLB; a relative path is one below the working directory
    unit: Length  # [m] the length of 1 in the file: 0.001 for millimetres
    # What touches: `hull`, its convex hull; `parts`, its convex decomposition (extra `meshes`)
    contact: Literal["hull", "parts"]


Convex = Annotated[
    Box | Sphere | Cylinder | Capsule | Ellipsoid | Prism | Superquadric,
    Field(discriminator="kind"),
]


@strict
class Part:
    """A convex part of a tool, placed in the tool's frame with its axis along z."""

    shape: Convex
    position: Vector  # [m] of the part's middle
    slides: bool  # it belongs to what slides


@strict
class Slide:
    """How a tool's sliding parts move, all as one, along the tool's z axis."""

    range: tuple[Annotated[float, Field(le=0)], Annotated[float, Field(ge=0)]]  # [m]
    friction: Annotated[float, Field(ge=0)]  # [N] that must be overcome

    @model_validator(mode="after")
    def slides_somewhere(self) -> "Slide":
        if self.range[0] == self.range[1]:
            raise ValueError("range [0, 0] lets nothing slide; set slide: null")
        return self


@strict
class Tool:
    """Several convex parts as one object, some of which may slide."""

    kind: Literal["tool"]
    parts: Annotated[dict[str, Part], Field(min_length=1)]
    slide: Slide | None

    @model_validator(mode="after")
    def slides_if_it_says_so(self) -> "Tool":
        sliding = [part.slides for part in self.parts.values()]
        if any(sliding) != (self.slide is not None):
            raise ValueError("`slide` says how the parts with slides: true move; null without any")
        if all(sliding):
            raise ValueError("a part with slides: false must hold those that slide")
        return self


Shape = Annotated[
    Box | Sphere | Cylinder | Capsule | Ellipsoid | Prism | Superquadric | Mesh | Tool,
    Field(discriminator="kind"),
]
