"""Which backend a process keeps its versions in: chosen by the command, inherited by its steps.

An environment variable carries it, so that no function between a command and a step's process
needs to know that there is a choice.
"""

import json
import os
from pathlib import Path

from configs.load import plain, validate
from configs.schema.store import LakeFSSettings, Store
from tasks.store.local import LocalStore
from tasks.store.protocol import StoreError, VersionStore

CHOICE = "DEXGEN_STORE"  # the configuration group `store`, as JSON
LOCAL, LAKEFS = "store", "lakefs"  # folders below the state folder


def choose(store: Store) -> None:
    """Make this process and those that it starts open a store so configured."""
    os.environ[CHOICE] = json.dumps(plain(store))


def open_chosen(home: Path) -> VersionStore:
    """Return the chosen store, the local one without a choice.

    Raises:
        StoreError: it cannot be reached, or its extra is not installed.
    """
    chosen = json.loads(os.environ.get(CHOICE) or '{"backend": "local"}')
    holder = f"environment variable {CHOICE}"
    settings = validate(Store, chosen, holder)  # type: ignore[arg-type]  # a union is one too
    if not isinstance(settings, LakeFSSettings):
        return LocalStore(home / LOCAL)
    try:
        from tasks.store.lakefs.store import LakeFSStore
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("lakefs", "lakefs_sdk"):
            raise
        raise StoreError(
            "store lakefs: needs the extra `lakefs`: pip install 'dexteritygen[lakefs]'"
        ) from None
    return LakeFSStore(settings, home / LAKEFS)
