"""The server itself: what does not fit the description is refused and noted."""

import base64
import json
from collections.abc import Iterator

import pytest
import urllib3

from tests.lakefs_server.server import KEY, SECRET, LakeFSServer


@pytest.fixture
def server() -> Iterator[LakeFSServer]:
    server = LakeFSServer()
    yield server
    server.close()


def ask(server: LakeFSServer, method: str, path: str, body: object = None) -> int:
    word = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
    url = f"{server.endpoint}/api/v1{path}"
    content = None if body is None else json.dumps(body)
    return urllib3.request(method, url, body=content, headers=headers).status


def test_what_is_not_described_is_refused_and_noted(server: LakeFSServer) -> None:
    made = {"name": "data", "storage_namespace": "local://x", "default_branch": "root"}
    assert ask(server, "POST", "/repositories", made) == 201
    assert server.violations == []
    wrong = [
        ("POST", "/repositories", {**made, "colour": "red"}),
        ("POST", "/repositories/data/branches", {"name": "a/b", "source": "root"}),
        ("POST", "/repositories/data/branches", {"name": "a"}),
        ("POST", "/repositories/data/tags", {"id": "a..b", "ref": "root"}),
        ("GET", "/repositories/data/refs/root/objects", None),
        ("GET", "/repositories/data/tags?amount=1001", None),
    ]
    for number, (method, path, body) in enumerate(wrong, 1):
        assert ask(server, method, path, body) == 400, path
        assert len(server.violations) == number
    assert ask(server, "GET", "/no/such/operation") == 404
    assert len(server.violations) == len(wrong) + 1
