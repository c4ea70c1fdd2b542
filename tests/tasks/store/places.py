"""Where the contract is held to: a folder, and repositories of a lakeFS server."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lakefs
import pytest
from lakefs.client import Client

from configs.schema.store import LakeFSSettings, LocalSettings
from tasks.store import open_store
from tasks.store.choice import choose
from tasks.store.lakefs.connection import KEY, SECRET
from tasks.store.lakefs.repository import Repository
from tasks.store.protocol import VersionStore
from tests.lakefs_server import server as ours
from tests.lakefs_server.storage import Storage

ENDPOINT, NAMESPACE = "DEXGEN_LAKEFS_ENDPOINT", "DEXGEN_LAKEFS_NAMESPACE"


@dataclass
class Place:
    """A store that several handles, processes and machines open."""

    name: str  # of the backend
    home: Path
    storage: Storage | None = None  # of our own lakeFS server
    settings: LakeFSSettings | None = None

    def open(self) -> VersionStore:
        """Return another handle, as another process has it."""
        return open_store(self.home)

    def elsewhere(self) -> VersionStore:
        """Return a handle on another machine, if the store is one that machines share."""
        if self.name == "local":
            return self.open()
        return open_store(self.home.with_name(f"machine-{secrets.token_hex(4)}"))

    def flip(self, content: str) -> None:
        """Flip a bit of the stored object with this content."""
        if self.name == "local":
            path = self._object(content)
            path.chmod(0o644)
            path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
        else:
            self._storage().flip(content.encode())

    def lose(self, content: str) -> None:
        """Take the stored object with this content away."""
        if self.name == "local":
            self._object(content).unlink()
        else:
            self._storage().lose(content.encode())

    def contents(self) -> list[bytes]:
        """Return all that our own server's storage holds."""
        return list(self._storage().objects.values())

    def left_behind(self) -> bool:
        """Tell whether a process was killed while it wrote."""
        if self.settings is None:
            return any((self.home / "store/tmp").iterdir())
        return any(name.startswith("_work-") for name in Repository(self.settings).branches())

    def _object(self, content: str) -> Path:
        files = (self.home / "store/objects").rglob("*")
        return next(p for p in files if p.is_file() and p.read_text() == content)

    def _storage(self) -> Storage:
        if self.storage is None:
            pytest.skip("a real server's storage is out of reach")
        return self.storage


def local(home: Path) -> Place:
    choose(LocalSettings(backend="local"))
    return Place("local", home)


@contextmanager
def repository(home: Path, server: "ours.LakeFSServer | None", presign: bool) -> Iterator[Place]:
    """Make a repository of our own server, or of a real one, and take it away afterwards."""
    endpoint = server.endpoint if server else os.environ[ENDPOINT]
    client = Client(host=endpoint, username=os.environ[KEY], password=os.environ[SECRET])
    if presign and not client.storage_config.pre_sign_support:
        pytest.skip("this server signs no addresses")
    name = f"contract-{secrets.token_hex(6)}"
    namespace = f"{os.environ.get(NAMESPACE, 'local://dexgen-tests')}/{name}"
    made = lakefs.Repository(name, client).create(namespace, default_branch="root")
    settings = LakeFSSettings(
        backend="lakefs",
        endpoint=endpoint,
        repository=name,
        presign=presign,
        attempts=4,
        pause_s=0.01,
        timeout_s=30.0,
    )
    choose(settings)
    yield Place("lakefs", home, server.storage if server else None, settings)
    made.delete()
