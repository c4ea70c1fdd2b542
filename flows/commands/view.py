"""`dexgen view grasps`: an object's grasps in a browser."""

import signal
from collections.abc import Sequence
from pathlib import Path

from configs.load import ConfigError, load
from configs.refs import Ref
from configs.schema.pipeline import Config
from flows.commands.targets import resolve, split
from flows.plan import plan
from flows.runtime import identity_of
from tasks.store import open_store
from tasks.store.choice import choose


def view_grasps(words: Sequence[str], home: Path, host: str, port: int) -> None:
    """Serve the grasps of one object until interrupted.

    Raises:
        ConfigError: not one object, no grasps made of it with these settings, or no viewer.
    """
    targets, overrides = split(words)
    if len(targets) != 1:
        raise ConfigError("view grasps: name one object, or a mesh file")
    only, overrides = resolve(targets, overrides)
    config = load(Config, overrides)
    choose(config.store)
    nodes = plan(config, "grasps", only)
    store, refs = open_store(home), dict[str, Ref]()
    for node in nodes:
        found = store.index_get(
            identity_of(node, {name: refs[label] for name, label in node.inputs.items()})
        )
        if found is None:
            command = " ".join(["dexgen grasps", *words])
            raise ConfigError(f"{node.label}: not made with these settings; run: {command}")
        refs[node.label] = found
    try:
        from tasks.grasps.viewer import view
    except ImportError:
        raise ConfigError(
            "view grasps: needs the extra `viewer`: pip install 'dexteritygen[viewer]'"
        ) from None
    item, made = (store.open(refs[node.label]) for node in nodes)
    server = view(nodes[1].config, item, made, host, port)
    print(f"grasps of {only[0]}: http://{host}:{server.port} (Ctrl-C ends it)", flush=True)
    try:
        signal.pause()
    finally:
        server.close()
