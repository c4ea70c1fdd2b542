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

    @property
    def words(self) -> list[str]:
        """Return the overrides with which a command uses this repository."""
        assert self.settings is not None
        where = self.settings
        return [
            "store=lakefs",
            f"store.endpoint={where.endpoint}",
            f"store.repository={where.repository}",
        ]

    def flip(self, content: bytes) -> None:
        """Flip a bit of what is stored with these bytes."""
        if self.name == "local":
            path = self._stored(content)
            path.chmod(0o644)
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        else:
            self._storage().flip(content)

    def lose(self, content: bytes) -> None:
        """Take away what is stored with these bytes."""
        if self.name == "local":
            self._stored(content).unlink()
        else:
            self._storage().lose(content)

    def left_behind(self) -> bool:
        """Tell whether a process was killed while it wrote."""
        if self.settings is None:
            return any((self.home / "store/tmp").iterdir())
        return any(name.startswith("_work-") for name in Repository(self.settings).branches())

    def _stored(self, content: bytes) -> Path:
        files = (self.home / "store" / part for part in ("objects", "commits", "index"))
        found = (path for folder in files for path in folder.rglob("*") if path.is_file())
        return next(path for path in found if path.read_bytes() == content)

    def _storage(self) -> Storage:
        if self.storage is None:
            pytest.skip("a real server's storage is out of reach")
        return self.storage


def make_file(folder: Path, content: str) -> Path:
    path = folder / f"file-{abs(hash(content))}"
    path.write_text(content)
    return path


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
