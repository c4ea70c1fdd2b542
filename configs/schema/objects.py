"""Objects: primitive shapes and meshes, with held-out members that no training step sees."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import ArgsKwargs

from configs.schema.strict import strict

SIZE_NUMBERS = {"box": 3, "sphere": 1, "cylinder": 2, "capsule": 2, "ellipsoid": 3, "mesh": 0}
MISSING = "missing"


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

    @model_validator(mode="after")
    def size_fits_shape(self) -> "Object":
        wanted = SIZE_NUMBERS[self.shape]
        if len(self.size) != wanted:
            raise ValueError(f"a {self.shape} has {wanted} numbers in size, not {len(self.size)}")
        if (self.mesh is not None) != (self.shape == "mesh"):
            raise ValueError("`mesh` is a file's path for shape mesh, and null for every other")
        return self


@strict
class Objects:
    """Every object of a run, training ones and held-out ones."""

    items: Annotated[dict[str, Object], Field(min_length=1)]
    max_extent: Annotated[float, Field(gt=0)]  # [m] larger than this is taken for a wrong unit
    min_extent: Annotated[float, Field(gt=0)]  # [m]
    max_mesh_mib: Annotated[float, Field(gt=0)]  # [MiB] a larger mesh file is refused

    @model_validator(mode="after")
    def keys_are_names(self) -> "Objects":
        for key, item in self.items.items():
            if key != item.name:
                raise ValueError(f"object {key!r} calls itself {item.name!r}; make them equal")
        return self


def mesh_digest(path: str) -> str:
    """Return the sha256 of a mesh file; of a missing one a word that says so."""
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else MISSING


@strict
class ObjectsStep:
    """What the result of the step `objects` depends on.

    The digests, by object name, are no setting: they are read from the mesh files, so that a
    file with new content under an old name makes a new step.
    """

    objects: Objects
    digests: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def read_digests(cls, values: Any) -> Any:
        given = dict(values.kwargs or {}) if isinstance(values, ArgsKwargs) else dict(values)
        if "objects" in given and "digests" not in given:
            objects = TypeAdapter(Objects).validate_python(given["objects"])
            meshes = {item.name: item.mesh for item in objects.items.values()}
            given["digests"] = {name: mesh_digest(path) for name, path in meshes.items() if path}
        return given
