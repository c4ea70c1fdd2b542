"""Metrics that the store has lost, put back from what this machine recorded.

A step that is done again records other times, so what it recorded cannot be made anew as its
artifact can; but the machine that did it still has the very file.
"""

from pathlib import Path

from tasks.running.context import METRICS, metrics_file, publish_metrics
from tasks.store.objects import hash_file
from tasks.store.protocol import Blob, Commit, Corrupt, MissingRef, VersionStore


def put_back_metrics(store: VersionStore, home: Path, identity: str) -> bool:
    """Publish a step's recorded file again if it is what the index names; return whether it was."""
    file = metrics_file(home, identity)
    try:
        version = store.index_entry(identity).get("metrics")
    except (MissingRef, Corrupt):
        return False
    if version is None or not file.is_file():
        return False
    tree = {METRICS: Blob(hash_file(file), file.stat().st_size)}
    if Commit.make(tree, (), "metrics", {"identity": f"{identity}.metrics"}).id != version:
        return False  # gone on since, in a step that was done again
    return publish_metrics(store, home, identity)["metrics"] == version
