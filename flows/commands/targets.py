"""Objects named on the command line: those of the configuration, or a mesh file as a new one."""

import re
from collections.abc import Sequence
from pathlib import Path

from configs.load import ConfigError, load
from configs.schema.pipeline import Config

SUFFIXES = (".obj", ".stl", ".glb")


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell objects and mesh files from Hydra overrides, which hold `=` or begin with `~`."""

    def is_target(word: str) -> bool:
        file = word.lower().endswith(SUFFIXES) and Path(word).is_file()
        return file or not ("=" in word or word.startswith("~"))

    targets = [word for word in words if is_target(word)]
    return targets, [word for word in words if word not in targets]


def resolve(targets: Sequence[str], overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of objects, and the overrides with a new object for each mesh file.

    Raises:
        ConfigError: neither an object of the configuration nor a mesh file, or two files that
            would have one name.
    """
    names, added, files = [], [], dict[str, str]()
    for target in targets:
        path = Path(target)
        if path.suffix.lower() not in SUFFIXES:
            names.append(target)
            continue
        if not path.is_file():
            raise ConfigError(f"{target}: there is no such mesh file")
        name = "mesh_" + (re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "file")
        if name in files:
            raise ConfigError(f"{files[name]} and {target} would both be {name}; rename one")
        files[name] = target
        quoted = str(path.resolve()).replace("'", r"\'")
        shape = f"{{kind: mesh, file: '{quoted}', unit: 1.0, contact: hull}}"
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


def check_meshes(config: Config, names: Sequence[str]) -> list[str]:
    """Look at the mesh files among these objects, and say what of them touches.

    Raises:
        UserError: a file that cannot be simulated, before anything is started for it.
    """
    from envs.shapes.objects import check_object  # half a second, only where it is needed

    said = []
    for name in names:
        item = config.objects.members[name]
        if item.mesh is None:
            continue
        check_object(item, config.objects.limits)
        if item.mesh.contact == "hull":
            key = f"objects.items.{name}.shape.contact=parts"
            said.append(f"{name}: its convex hull is what touches; {key} keeps what is hollow")
    return said
