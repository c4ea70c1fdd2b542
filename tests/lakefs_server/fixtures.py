"""Fixtures around the server, for the conftest of every folder that needs it."""

from collections.abc import Iterator

import pytest

from tasks.store.choice import CHOICE
from tasks.store.lakefs.connection import KEY, SECRET
from tests.lakefs_server.server import KEY as KNOWN_KEY
from tests.lakefs_server.server import SECRET as KNOWN_SECRET
from tests.lakefs_server.server import LakeFSServer


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
    running_server.faults.clear()
    assert not running_server.violations, running_server.violations
