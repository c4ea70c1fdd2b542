"""The version store that a run uses."""

import importlib
from pathlib import Path

from tasks.store.protocol import VersionStore


def open_store(home: Path) -> VersionStore:
    """Return the store of a state folder, ready to use; nothing is made before it is written."""
    # Named, not imported: a step's identity covers the code that it imports, and where bytes
    # are kept changes no result.
    return importlib.import_module("tasks.store.choice").open_chosen(home)
