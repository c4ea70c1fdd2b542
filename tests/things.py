"""Objects for tests, in one line each."""

from pathlib import Path
from typing import Any

from configs.load import validate
from configs.schema.objects import Object


def thing(kind: str, name: str = "thing", held_out: bool = False, **shape: Any) -> Object:
    """Return an object of a shape (configs/schema/shapes.py)."""
    values = {"name": name, "shape": {"kind": kind, **shape}, "held_out": held_out}
    return validate(Object, values, "object")


def mesh(path: Path, name: str = "thing", unit: float = 1.0, contact: str = "hull") -> Object:
    """Return an object of a mesh file."""
    return thing("mesh", name, file=str(path), unit=unit, contact=contact)
