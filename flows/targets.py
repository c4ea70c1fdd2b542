"""Objects named on the command line: those of the configuration, or a mesh file as a new one."""

import re
from collections.abc import Sequence
from pathlib import Path

from configs.load import ConfigError, load
from configs.schema.pipeline import Config

SUFFIXES = (".obj", ".stl", ".glb")


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell objects and mesh files from Hydra overrides, which hold `=` or begin with `~`."""
    targets = [word for word in words if "=" not in word and not word.startswith("~")]
    return targets, [word for word in words if word not in targets]


def resolve(targets: Sequence[str], overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of objects, and the overrides with a new object for each mesh file.

    Raises:
        ConfigError: neither an object of the configuration nor a mesh file.
    """
    names, added = [], []
    for target in targets:
        path = Path(target)
        if path.suffix.lower() not in SUFFIXES:
            names.append(target)
            continue
        if not path.is_file():
            raise ConfigError(f"{target}: there is no such mesh file")
        name = "mesh_" + (re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "file")
        shape = f"{{kind: mesh, file: '{path.resolve()}', unit: 1.0, contact: hull}}"
        added.append(f"+objects.items.{name}={{name: {name}, shape: {shape}, held_out: false}}")
        names.append(name)
    whole = [*added, *overrides]  # first: an override may say another unit or kind of contact
    known = load(Config, whole).objects.members
    for name in names:
        if name not in known:
            some = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
            raise ConfigError(
                f"{name}: neither a mesh file ({', '.join(SUFFIXES)}) nor one of {some}"
            )
    return names, whole
