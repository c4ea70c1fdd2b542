"""Objects for benchmarks."""

import tempfile
from pathlib import Path
from typing import Any

from configs.load import validate
from configs.schema.objects import Object
from envs.shapes.objects import ObjectModel


def thing(name: str, shape: dict[str, Any], body: Any = None) -> ObjectModel:
    """Return an object of a shape; `body` is the trimesh of one that is a mesh."""
    with tempfile.TemporaryDirectory() as folder:
        if body is not None:
            shape = shape | {"kind": "mesh", "file": str(Path(folder, "body.stl")), "unit": 1.0}
            body.export(shape["file"])
        spec = {"name": name, "shape": shape, "held_out": True}
        return ObjectModel(validate(Object, spec, name))
