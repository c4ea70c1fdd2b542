"""Objects of a run, named and random ones; no training step sees those that are held out."""

import hashlib
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import ArgsKwargs

from configs.schema.random_objects import RandomObjects
from configs.schema.shapes import Mesh, Shape
from configs.schema.strict import strict

MISSING = "missing"


@strict
class Object:
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # the object's name, equal to its key
    shape: Shape  # [m] the object's shape, at scale 1
    held_out: bool  # whether all training steps do without the object

    @property
    def mesh(self) -> Mesh | None:
        """Its shape, if that is a file's."""
        return self.shape if isinstance(self.shape, Mesh) else None


@strict
class Limits:
    """What is refused before anything is simulated."""

    # [m] greatest extent of an object; a larger one has most likely a wrong unit
    max_extent: Annotated[float, Field(gt=0)]
    min_extent: Annotated[float, Field(gt=0)]  # [m] least extent of an object
    max_mesh_mib: Annotated[float, Field(gt=0)]  # [MiB] greatest size of a mesh file


@strict
class Objects:
    """Every object of a run, training ones and held-out ones."""

    items: dict[str, Object]
    random: RandomObjects | None  # how objects are drawn at random; null: none are
    limits: Limits

    @model_validator(mode="after")
    def names_are_clear(self) -> "Objects":
        for key, item in self.items.items():
            if key != item.name:
                raise ValueError(f"object {key!r} calls itself {item.name!r}; make them equal")
        if not self.items and self.random is None:
            raise ValueError("no object: name some under `items`, or draw some with `random`")
        for name in self.drawn:
            if name in self.items:
                raise ValueError(f"object {name!r} has the name of a random one; rename it")
        return self

    @cached_property
    def drawn(self) -> dict[str, Object]:
        """The random objects by name."""
        if self.random is None:
            return {}
        draws = (self.random.draw(index) for index in range(self.random.count))
        return {name: Object(name=name, shape=s, held_out=out) for name, s, out in draws}

    @property
    def members(self) -> dict[str, Object]:
        """All objects by name, the named ones first."""
        return self.items | self.drawn


def mesh_digest(mesh: Mesh) -> str:
    """Return the sha256 of a mesh's file, or a word that says that it is missing, and the version
    of what would cut it into parts."""
    path = Path(mesh.file)
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else MISSING
    if mesh.contact == "hull":
        return found
    try:
        return f"{found} coacd {version('coacd')}"
    except PackageNotFoundError:
        return f"{found} coacd {MISSING}"


@strict
class ObjectStep:
    """What the result of the step `objects` depends on: one object.

    `digest` is no setting: it is read from the mesh file, so that a file with new content under
    an old name makes a new step; null without a file.
    """

    item: Object
    limits: Limits
    digest: str | None = None

    @model_validator(mode="before")
    @classmethod
    def read_digest(cls, values: Any) -> Any:
        given = dict(values.kwargs or {}) if isinstance(values, ArgsKwargs) else dict(values)
        if "item" in given and "digest" not in given:
            item = TypeAdapter(Object).validate_python(given["item"])
            given["digest"] = mesh_digest(item.mesh) if item.mesh else None
        return given
