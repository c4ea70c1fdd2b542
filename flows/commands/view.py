"""`dexgen view`: an object's grasps, or a way over its graph, in a browser."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.load import ConfigError, load
from configs.refs import Ref
from configs.schema.pipeline import Config
from flows.commands.targets import resolve, split
from flows.plan import plan
from flows.runtime import identity_of
from tasks.store import open_store
from tasks.store.choice import choose

NO_VIEWER = ConfigError("view: needs the extra `viewer`: pip install 'dexteritygen[viewer]'")
TURN = re.compile(r"([xyz])=(-?[0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Made:
    """An object's artifacts up to a stage, as they were made with some settings."""

    name: str
    config: Any  # of the stage
    item: Path  # folder of the object
    folder: Path  # folder of the stage's artifact


def view_grasps(words: Sequence[str], home: Path, host: str, port: int) -> None:
    """Serve the grasps of one object until interrupted.

    Raises:
        ConfigError: not one object, no grasps made of it with these settings, or no viewer.
    """
    made = find("grasps", words, home)
    try:
        from tasks.grasps.viewer import view
    except ImportError:
        raise NO_VIEWER from None
    serve(view(made.config, made.item, made.folder, host, port), f"grasps of {made.name}", host)


def view_path(words: Sequence[str], turn: str, home: Path, host: str, port: int) -> None:
    """Serve a way over the grasp graph of one object until interrupted.

    Raises:
        ConfigError: as for `view_grasps`, or `turn` is no axis and angle.
    """
    found = TURN.fullmatch(turn)
    if found is None or not 0.0 < abs(float(found[2])) <= 180.0:
        raise ConfigError(f"view path: --turn {turn}: give an axis and degrees, such as z=90")
    made = find("regrasps", words, home)
    try:
        from tasks.regrasps.viewer import view
    except ImportError:
        raise NO_VIEWER from None
    server = view(made.config, made.item, made.folder, found[1], float(found[2]), host, port)
    serve(server, f"{made.name} turned, {turn} degrees", host)


def find(stage: str, words: Sequence[str], home: Path) -> Made:
    """Find the artifacts of one object that `words` name, with overrides."""
    targets, overrides = split(words)
    if len(targets) != 1:
        raise ConfigError("view: name one object, or a mesh file")
    only, overrides = resolve(targets, overrides)
    config = load(Config, overrides)
    choose(config.store)
    nodes = plan(config, stage, only)
    store, refs = open_store(home), dict[str, Ref]()
    for node in nodes:
        found = store.index_get(
            identity_of(node, {name: refs[label] for name, label in node.inputs.items()})
        )
        if found is None:
            command = " ".join([f"dexgen {stage}", *words])
            raise ConfigError(f"{node.label}: not made with these settings; run: {command}")
        refs[node.label] = found
    folders = [store.open(refs[node.label]) for node in nodes]
    return Made(only[0], nodes[-1].config, folders[0], folders[-1])


def serve(server: Any, what: str, host: str) -> None:
    """Say where a viewer is, and keep it until interrupted."""
    print(f"{what}: http://{host}:{server.port} (Ctrl-C ends it)", flush=True)
    try:
        signal.pause()
    finally:
        server.close()
