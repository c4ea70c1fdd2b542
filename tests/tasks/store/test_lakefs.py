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
from tasks.store.protocol import Conflict, Corrupt, MissingRef, StoreError, VersionStore
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
    place: Place, server: LakeFSServer, file: Path
) -> None:
    store = place.open()
    store.branch("work", None)
    store.put("work", "a", file)
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
    place: Place, server: LakeFSServer, file: Path, operation: str
) -> None:
    store = place.open()
    store.branch("work", None)
    store.put("work", "a", file)
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
    place: Place, server: LakeFSServer, file: Path, operation: str
) -> None:
    store = place.open()
    store.branch("work", None)
    store.put("work", "a", file)
    before = server.faults.asked.get(operation, 0)
    server.faults.add(operation, 412)
    line = refusal(lambda: store.commit("work", "m", {}))
    assert "refused by a hook" in line
    assert "injected 412" in line
    assert server.faults.asked[operation] == before + 1


def test_server_that_stays_away_is_named(place: Place, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    choose(settings(place, endpoint=endpoint, attempts=2))
    line = refusal(lambda: open_chosen(tmp_path))
    assert endpoint in line
    assert "store.endpoint" in line


def test_server_that_is_silent_is_given_up(place: Place, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        choose(settings(place, endpoint=endpoint, attempts=2, timeout_s=0.1))
        assert endpoint in refusal(lambda: open_chosen(tmp_path))


class SomethingElse(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


def test_server_that_is_no_lakefs_is_said(place: Place, tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), SomethingElse) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{other.server_port}"
        choose(settings(place, endpoint=endpoint))
        line = refusal(lambda: open_chosen(tmp_path))
        other.shutdown()
    assert endpoint in line
    assert "no lakeFS" in line


def test_credentials_are_asked_for(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong")
    line = refusal(lambda: open_chosen(tmp_path))
    assert "refused" in line
    assert KEY in line
    monkeypatch.delenv(KEY)
    assert f"set {KEY}" in refusal(lambda: open_chosen(tmp_path))


def test_missing_repository_says_how_to_make_it(place: Place, tmp_path: Path) -> None:
    choose(settings(place, repository="nowhere"))
    line = refusal(lambda: open_chosen(tmp_path))
    assert "lakectl repo create lakefs://nowhere" in line


def test_storage_that_signs_nothing_is_said(
    place: Place, server: LakeFSServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.storage, "signs", False)
    choose(settings(place, presign=True))
    assert "store.presign=false" in refusal(lambda: open_chosen(tmp_path))


def test_server_that_stays_ill_is_said_with_its_words(
    place: Place, server: LakeFSServer, tmp_path: Path
) -> None:
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


def test_damaged_record_is_found(place: Place, file: Path) -> None:
    store = place.open()
    made = store.publish({"a": file}, "m", {})
    place.flip(store.read(made.version).to_bytes().decode())
    line = refusal(lambda: place.elsewhere().read(made.version), Corrupt)
    assert ".dexgen/commit.json" in line
    store.index_put("i", made)
    assert place.elsewhere().index_get("i") is None


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
    objects = list((reader.folder / "objects").rglob("*/*"))
    assert len(objects) == 2
    for path in objects:
        os.utime(path, (0, 0))
    reader.open(replace(made, path="a"))
    assert sorted(path.stat().st_mtime > 0 for path in objects) == [False, True]


def test_damaged_index_is_found(place: Place, file: Path) -> None:
    store = place.open()
    store.index_put("i", store.publish({"a": file}, "m", {}), label="x")
    content = place.contents()[-1]
    assert content.startswith(b'{"entry"')
    place.flip(content.decode())
    assert "_index/i" in refusal(lambda: store.index_get("i"), Corrupt)
    store.index_drop("i")
    assert store.index_get("i") is None


def test_unknown_key_in_the_choice_is_one_line(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = plain(settings(place)) | {"colour": "red"}
    monkeypatch.setenv("DEXGEN_STORE", json.dumps(chosen))
    with pytest.raises(ValueError, match=r"DEXGEN_STORE.*colour"):
        open_chosen(tmp_path)
