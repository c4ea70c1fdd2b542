"""The lakeFS store when the server, the network or the storage fails."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from configs.load import plain
from configs.refs import Ref
from configs.schema.store import LakeFSSettings as Settings
from tasks.store.choice import choose, open_chosen
from tasks.store.lakefs.connection import KEY, SECRET
from tasks.store.lakefs.store import LakeFSStore
from tasks.store.local import LocalStore
from tasks.store.protocol import Conflict, MissingRef, StoreError, VersionStore
from tests.lakefs_server.faults import CUT, DROP, LOSE
from tests.lakefs_server.server import SECRET as KNOWN_SECRET
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.store.places import Place, repository

ALWAYS = 1000  # times a fault strikes
CONTENT = "content " * 1000


@pytest.fixture(params=[False, True], ids=["", "presigned"])
def place(request: pytest.FixtureRequest, tmp_path: Path, server: LakeFSServer) -> Iterator[Place]:
    with repository(tmp_path / "home", server, presign=request.param) as place:
        yield place
        server.faults.clear()  # the repository is yet to be deleted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text(CONTENT)
    return path


@pytest.fixture
def store(place: Place, file: Path) -> LakeFSStore:
    """A store with a file that waits to be committed."""
    store = place.open()
    assert isinstance(store, LakeFSStore)
    store.branch("work", None)
    store.put("work", "a", file)
    return store


def settings(place: Place, **changed: object) -> Settings:
    assert place.settings is not None
    return replace(place.settings, **changed)


def refusal(action: Callable[[], object], kind: type[StoreError] = StoreError) -> str:
    """Return the one line of an error of exactly this kind, which tells no secret."""
    with pytest.raises(StoreError) as caught:
        action()
    message = str(caught.value)
    assert type(caught.value) is kind
    assert "\n" not in message
    assert KNOWN_SECRET not in message
    return message


def work_through(store: VersionStore, other: VersionStore, file: Path) -> list[str]:
    """Do all that the protocol has; return the versions that come of it."""
    made = store.publish({"a": file}, "made", {"identity": "i", "verdict": "passed"})
    store.index_put("i", made, label="x")
    store.branch("work", None)
    store.copy("work", "copied", Ref(store.name, made.version, "a"))
    store.put("work", "put", file)
    first = store.commit("work", "first", {}, (made.version,))
    store.merge("work", "main")
    store.put("main", "more", file)
    second = store.commit("main", "second", {})
    beside = store.publish({"a": file}, "beside", {})
    store.merge(beside.version, "main")
    store.tag("v/1", first)
    remade = store.publish({"b": file}, "remade", {"identity": "i"})
    assert other.index_get("i") == made
    store.index_drop("i")
    assert other.index_get("i") is None
    assert other.tags() == {"v/1": first}
    assert other.branches() == [f"loose/{beside.version}", "main", "steps/i", "work"]
    head = other.resolve("main")
    opened = other.open(Ref(store.name, head, ""))
    assert {path.name for path in opened.iterdir()} == {"a", "copied", "put", "more"}
    assert {path.read_text() for path in opened.iterdir()} == {CONTENT}
    return [made.version, first, second, head, remade.version]


JSON = [
    "getRepository",
    "listBranches",
    "createBranch",
    "getBranch",
    "deleteBranch",
    "listTags",
    "createTag",
    "commit",
    "mergeIntoBranch",
    "statObject",
    "listObjects",
    "copyObject",
    "deleteObjects",
    "getObject",
]
SIGNED = ["getPhysicalAddress", "linkPhysicalAddress"]
STORAGE = ["storage PUT", "storage GET"]


@pytest.mark.parametrize("how", [503, 429, DROP, LOSE], ids=str)
def test_what_fails_in_passing_changes_nothing(
    place: Place, server: LakeFSServer, file: Path, how: str | int
) -> None:
    """Every operation fails, before or after it is done, and nobody notices."""
    for operation in JSON:
        server.faults.add(operation, how, times=2)
    if not settings(place).presign:
        server.faults.add("uploadObject", how, times=2)
    else:
        for operation in SIGNED if how == LOSE else SIGNED + STORAGE:
            server.faults.add(operation, how)
    versions = work_through(place.open(), place.elsewhere(), file)
    assert server.faults.waiting() == []
    local = LocalStore(file.with_name("local"))
    assert versions == work_through(local, local, file)


def test_download_that_breaks_off_or_suffers_is_repeated(
    place: Place, server: LakeFSServer, file: Path
) -> None:
    made = place.open().publish({"a": file}, "m", {})
    reader = place.elsewhere()
    reader.read(made.version)
    server.faults.add("storage GET" if settings(place).presign else "getObject", CUT, times=2)
    assert (reader.open(made) / "a").read_text() == CONTENT


def test_upload_that_breaks_off_for_good_leaves_nothing(
    place: Place, store: LakeFSStore, server: LakeFSServer, file: Path
) -> None:
    upload = "storage PUT" if settings(place).presign else "uploadObject"
    server.faults.add(upload, DROP, ALWAYS)
    line = refusal(lambda: store.commit("work", "m", {}))
    assert server.endpoint in line
    assert "run the same command again" in line
    refusal(lambda: store.publish({"a": file}, "m", {"identity": "i"}))
    server.faults.clear()
    assert place.elsewhere().branches() == ["work"]
    assert "no commit yet" in refusal(lambda: place.elsewhere().resolve("work"), MissingRef)


@pytest.mark.parametrize("operation", ["commit", "mergeIntoBranch"])
def test_conflicts_that_nobody_caused_are_tried_again_and_then_said(
    place: Place, store: LakeFSStore, server: LakeFSServer, file: Path, operation: str
) -> None:
    server.faults.add(operation, 409, times=3)
    first = store.commit("work", "m", {})
    store.put("work", "b", file)
    server.faults.add(operation, 409, ALWAYS)
    line = refusal(lambda: store.commit("work", "m", {}), Conflict)
    assert "commit to work" in line
    server.faults.clear()
    assert place.elsewhere().resolve("work") == first


@pytest.mark.parametrize("operation", ["commit", "mergeIntoBranch"])
def test_refusal_by_a_hook_is_final(
    store: LakeFSStore, server: LakeFSServer, operation: str
) -> None:
    before = server.faults.asked.get(operation, 0)
    server.faults.add(operation, 412)
    line = refusal(lambda: store.commit("work", "m", {}))
    assert "refused by a hook" in line
    assert "injected 412" in line
    assert server.faults.asked[operation] == before + 1


class SomethingElse(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@pytest.fixture(params=["gone", "silent", "no lakeFS"])
def stranger(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of what does not answer as lakeFS does, and what is said of it."""
    if request.param == "no lakeFS":
        with HTTPServer(("127.0.0.1", 0), SomethingElse) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{other.server_port}", "no lakeFS answers so"
            other.shutdown()
        return
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "silent":
            server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", "no answer"


def test_server_that_does_not_answer_as_lakefs_does_is_named(
    place: Place, stranger: tuple[str, str], tmp_path: Path
) -> None:
    endpoint, words = stranger
    choose(settings(place, endpoint=endpoint, attempts=2, timeout_s=0.2))
    line = refusal(lambda: open_chosen(tmp_path))
    assert endpoint in line
    assert words in line
    assert "store.endpoint" in line


def test_credentials_are_asked_for(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong")
    line = refusal(lambda: open_chosen(tmp_path))
    assert "refused" in line
    assert KEY in line
    monkeypatch.delenv(KEY)
    assert f"set {KEY}" in refusal(lambda: open_chosen(tmp_path))


def test_what_the_server_has_not_is_said(
    place: Place, server: LakeFSServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(settings(place, repository="nowhere"))
    assert "lakectl repo create lakefs://nowhere" in refusal(lambda: open_chosen(tmp_path))
    monkeypatch.setattr(server.storage, "signs", False)
    choose(settings(place, presign=True))
    assert "store.presign=false" in refusal(lambda: open_chosen(tmp_path))
    server.faults.add("getRepository", 500, ALWAYS)
    line = refusal(lambda: open_chosen(tmp_path))
    assert "injected 500" in line
    assert "run the same command again" in line


def test_opened_files_are_fetched_once(place: Place, server: LakeFSServer, file: Path) -> None:
    made = place.open().publish({"a": file}, "m", {})
    reader = place.elsewhere()
    folder = reader.open(made)
    before = server.faults.asked["getObject"]
    assert reader.open(made) == folder
    assert server.faults.asked["getObject"] == before
    (folder / "a").chmod(0o644)
    (folder / "a").write_text("damaged here")  # and with it the kept bytes
    assert (reader.open(made) / "a").read_text() == CONTENT


def test_transfers_go_the_way_that_is_configured(
    place: Place, server: LakeFSServer, file: Path
) -> None:
    server.faults.asked.clear()
    made = place.open().publish({"a": file}, "m", {})
    place.elsewhere().open(made)
    expected = {"storage PUT", "storage GET"} if settings(place).presign else {"uploadObject"}
    assert expected == server.faults.asked.keys() & {"storage PUT", "storage GET", "uploadObject"}


def test_more_is_deleted_than_one_request_takes(place: Place) -> None:
    store = place.open()
    assert isinstance(store, LakeFSStore)
    store.repository.create_branch("b", "root")
    store.repository.upload("b", "p1500", b"x", "y")
    store.repository.delete("b", [f"p{number}" for number in range(1600)])
    assert store.repository.objects("b") == {}


def test_what_is_used_is_younger_than_what_is_not(place: Place, file: Path, tmp_path: Path) -> None:
    """So that it goes last when downloads are brought within their bound."""
    other = tmp_path / "other"
    other.write_text("other")
    made = place.open().publish({"a": file, "b": other}, "m", {})
    reader = place.elsewhere()
    assert isinstance(reader, LakeFSStore)
    reader.open(made)
    objects = list((reader.root / "objects").rglob("*/*"))
    assert len(objects) == 2
    for path in objects:
        os.utime(path, (0, 0))
    reader.open(replace(made, path="a"))
    assert sorted(path.stat().st_mtime > 0 for path in objects) == [False, True]


def test_unknown_key_in_the_choice_is_one_line(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = plain(settings(place)) | {"colour": "red"}
    monkeypatch.setenv("DEXGEN_STORE", json.dumps(chosen))
    with pytest.raises(ValueError, match=r"DEXGEN_STORE.*colour"):
        open_chosen(tmp_path)
