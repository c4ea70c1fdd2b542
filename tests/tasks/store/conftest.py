"""The stores that the contract is held to."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.store.choice import CHOICE
from tasks.store.lakefs_connection import KEY, SECRET
from tests.lakefs_server.server import KEY as KNOWN_KEY
from tests.lakefs_server.server import SECRET as KNOWN_SECRET
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.store.places import ENDPOINT, Place, local, repository


@pytest.fixture(autouse=True)
def choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the choice of a store as it was, whatever a test chooses."""
    monkeypatch.setenv(CHOICE, "")


@pytest.fixture(scope="session")
def running_server() -> Iterator[LakeFSServer]:
    server = LakeFSServer()
    yield server
    server.close()


@pytest.fixture
def server(running_server: LakeFSServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeFSServer]:
    """Our own lakeFS, whose description every request and answer of the test must fit."""
    monkeypatch.setenv(KEY, KNOWN_KEY)
    monkeypatch.setenv(SECRET, KNOWN_SECRET)
    running_server.violations.clear()
    yield running_server
    assert running_server.violations == []


@pytest.fixture(params=["local", "lakefs", "lakefs, presigned"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """One store of each kind; with DEXGEN_LAKEFS_ENDPOINT set, of that server."""
    home = tmp_path / "home"
    if request.param == "local":
        yield local(home)
        return
    own = None if os.environ.get(ENDPOINT) else request.getfixturevalue("server")
    with repository(home, own, presign="presigned" in request.param) as place:
        yield place
