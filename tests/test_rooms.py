"""What the import contracts in pyproject.toml cannot say: allow-lists and dynamic imports."""

import ast
import re
import sys
from pathlib import Path

from tasks.running.identity import imports

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("configs", "models", "envs", "tasks", "flows", "robot")
# What robot/ may enter beside configs (docs/architecture.md); all of it is free of torch.
ROBOT_MAY_ENTER = {
    "models.answering",
    "models.approval",
    "models.bundle",
    "models.script",
    "models.kinematics",
    "models.motion",
    "models.rotations",
    "models.session",
    "models.state",
    "models.strength",
    "envs.grasp_set",
    "envs.shapes.objects",
    "envs.offscreen",
    "envs.scene",
}
ROBOT_LIBRARIES = {"mujoco", "numpy", "pydantic", "safetensors"}
# Named, not imported, on purpose: the step table and the store's backend.
MAY_IMPORT_BY_NAME = {"tasks/running/steps.py", "tasks/store/__init__.py", "flows/runtime.py"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def test_robot_enters_only_what_it_may():
    for path in modules("robot"):
        for name in imports(ast.parse(path.read_text())):
            room = name.split(".")[0]
            if room in {"models", "envs"} and "." in name:
                known = [f"{module}." for module in ROBOT_MAY_ENTER]
                # a module's own name, a name in it, or a package above it
                near = [m for m in known if f"{name}.".startswith(m) or m.startswith(f"{name}.")]
                assert near, f"{path.name}: {name}"
            assert room not in {"tasks", "flows"}, f"{path.name}: {name}"


def test_robot_uses_only_its_extras_libraries():
    for path in modules("robot"):
        for name in imports(ast.parse(path.read_text())):
            top = name.split(".")[0]
            known = {*ROOMS, *ROBOT_LIBRARIES, *sys.stdlib_module_names}
            assert top in known, f"{path.name} imports {name}"


def test_nothing_else_imports_by_name():
    dynamic = re.compile(r"import_module|__import__")
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in modules(room)
        if dynamic.search(path.read_text())
    }
    assert found == MAY_IMPORT_BY_NAME


def test_nothing_is_unpickled():
    pickles = re.compile(r"pickle\.loads?\(|^import (dill|cloudpickle|joblib)", re.MULTILINE)
    bare_load = re.compile(r"torch\.load\((?![^)]*weights_only=True)")
    for room in ROOMS:
        for path in modules(room):
            text = path.read_text()
            assert not pickles.search(text), path
            assert not bare_load.search(text), path


def test_imports_are_absolute():
    """A step's identity follows imports by their full names."""
    for room in ROOMS:
        for path in modules(room):
            for node in ast.walk(ast.parse(path.read_text())):
                assert not (isinstance(node, ast.ImportFrom) and node.level), path
