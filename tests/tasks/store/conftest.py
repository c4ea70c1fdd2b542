"""The stores that the contract is held to."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lakefs_server.fixtures import choice, running_server, server  # noqa: F401
from tests.tasks.store.places import ENDPOINT, Place, local, repository


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
