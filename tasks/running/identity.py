"""A step's identity: its name, its code, its configuration and its inputs, nothing else."""

import ast
import hashlib
import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from configs.refs import Ref

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("configs", "models", "envs", "tasks")
# Libraries whose version changes numbers: import name -> distribution.
NUMERIC = {
    "lightning": "lightning",
    "mujoco": "mujoco",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "rsl_rl": "rsl-rl-lib",
    "scipy": "scipy",
    "torch": "torch",
    "trimesh": "trimesh",
}


def identity(step: str, code: str, config_digest: str, refs: Mapping[str, Ref]) -> str:
    """Return the sha256 that names one run of one step."""
    content = {
        "step": step,
        "code": code,
        "config": config_digest,
        # Not the store's name: where bytes are kept changes no result.
        "refs": {name: [ref.version, ref.path] for name, ref in refs.items()},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def code_fingerprint(module: str, root: Path = ROOT) -> str:
    """Return the sha256 of a module and of every project module that it imports, at any depth.

    What counts is the syntax tree without docstrings (comments are no part of it), and the
    versions of the numeric libraries imported on the way.
    """
    trees: dict[str, str] = {}
    libraries: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = module_path(name, root)
        if name in trees or path is None:
            continue
        trees[name], imported_names = parsed(path.read_text())
        for imported in imported_names:
            if imported.split(".")[0] in ROOMS:
                waiting += parents(imported)
            elif imported.split(".")[0] in NUMERIC:
                libraries.add(imported.split(".")[0])
    versions = {name: version(NUMERIC[name]) for name in libraries}
    content = json.dumps([trees, versions], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


@cache  # most steps import most files: each is parsed once a process
def parsed(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the sha256 of a file's syntax tree without docstrings, and what it imports."""
    tree = syntax_tree(text)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(imports(tree))


def module_path(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def parents(name: str) -> list[str]:
    """Return a dotted name and every package above it: importing a.b.c runs a and a.b too."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every imported dotted name; `from a import b` yields a and a.b (b may be a module)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def syntax_tree(text: str) -> ast.Module:
    """Parse a file's text and take its docstrings out."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return tree


@cache
def version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return "absent"
