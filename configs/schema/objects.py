"""Objects: primitive shapes and meshes, with held-out members that no training step sees."""

from typing import Annotated, Literal

from pydantic import Field

from configs.schema.strict import strict


@strict
class Object:
    """One object.

    `size` [m]: box and ellipsoid (half x, half y, half z); sphere (radius,); cylinder and
    capsule (radius, half height), the axis along z; mesh (), its size is the file's.
    `mesh`: path of an OBJ, STL or GLB file in metres, for shape `mesh` only, else null.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    shape: Literal["box", "sphere", "cylinder", "capsule", "ellipsoid", "mesh"]
    size: tuple[Annotated[float, Field(gt=0)], ...]
    mesh: str | None
    held_out: bool


@strict
class Objects:
    """Every object of a run, training ones and held-out ones."""

    items: Annotated[dict[str, Object], Field(min_length=1)]
    max_extent: Annotated[float, Field(gt=0)]  # [m] larger than this is taken for a wrong unit
    min_extent: Annotated[float, Field(gt=0)]  # [m]
    max_mesh_mib: Annotated[float, Field(gt=0)]  # [MiB] a larger mesh file is refused
