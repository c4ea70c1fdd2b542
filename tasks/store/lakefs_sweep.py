"""What `gc` takes of a lakeFS store: private branches of killed writers, and the cache's excess.

Versions and names stay: other machines share them, and lakeFS has retention rules of its own.
"""

from dataclasses import dataclass

from tasks.store.lakefs import LakeFSStore
from tasks.store.protocol import VersionStore


@dataclass(frozen=True)
class Swept:
    branches: list[str]  # private ones, removed
    freed: int  # [bytes] of the cache


def sweep(store: VersionStore, before: float, dry_run: bool) -> Swept:
    """Remove private branches made before a time [s of the epoch], and trim the cache.

    Call it while no process works in this state folder.
    """
    assert isinstance(store, LakeFSStore)
    old = [name for name, made in store.repository.left_behind().items() if made < before]
    if dry_run:
        return Swept(old, 0)
    for name in old:
        store.repository.delete_branch(name)
    return Swept(old, store.cache.trim(alone=True))
