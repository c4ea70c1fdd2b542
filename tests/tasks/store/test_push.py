"""From the local store to lakeFS: equal ids, nothing twice, nothing lost, whatever breaks off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store.lakefs import LakeFSStore
from tasks.store.lakefs_repository import Repository
from tasks.store.local import LocalStore
from tasks.store.protocol import Corrupt, MissingRef
from tasks.store.push import push
from tasks.store.verify import verify
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.data.workshop import fill
from tests.tasks.store.places import Place, repository


def quiet(done: float, total: float, unit: str) -> None:
    pass


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "home/store")
    fill(store, tmp_path / "scratch")
    store.branch("empty", None)
    return store


@pytest.fixture
def remote(server: LakeFSServer, tmp_path: Path) -> Iterator[Place]:
    with repository(tmp_path / "home", server, presign=False) as place:
        yield place


def opened(place: Place) -> LakeFSStore:
    store = place.elsewhere()
    assert isinstance(store, LakeFSStore)
    return store


def uploads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the path of each object that is sent."""
    sent: list[str] = []
    upload = Repository.upload

    def noting(
        self: Repository, branch: str, path: str, content: bytes | Path, sha256: str
    ) -> None:
        upload(self, branch, path, content, sha256)
        if not path.startswith(".dexgen") and branch != "_index":
            sent.append(sha256)

    monkeypatch.setattr(Repository, "upload", noting)
    return sent


def test_everything_arrives_with_equal_ids(local: LocalStore, remote: Place) -> None:
    found = push(local, remote.open(), [], quiet)
    assert not found.refused
    there = opened(remote)
    assert there.branches() == local.branches()
    assert there.tags() == local.tags()
    for name in (branch for branch in local.branches() if branch != "empty"):
        assert there.resolve(name) == local.resolve(name)
        assert [one.id for one in there.log(name)] == [one.id for one in local.log(name)]
    with pytest.raises(MissingRef, match="no commit"):
        there.resolve("empty")
    assert not verify(there, [], quiet).damage
    main = Ref("lakefs", there.resolve("main"), "")
    ours = local.open(Ref("local", main.version, ""))
    for path in local.read(main.version).tree:
        assert (there.open(main) / path).read_bytes() == (ours / path).read_bytes()


def test_index_goes_along_with_its_times(local: LocalStore, remote: Place) -> None:
    push(local, remote.open(), [], quiet)
    (entry,), (ours,) = opened(remote).index_entries(), local.index_entries()
    assert entry == ours | {"ref": ours["ref"] | {"store": "lakefs"}}
    assert opened(remote).index_get(entry["identity"]) is not None


def test_second_push_sends_nothing(
    local: LocalStore, remote: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = uploads(monkeypatch)
    first = push(local, remote.open(), [], quiet)
    assert len(sent) == len(set(sent)) == first.objects
    again = push(local, remote.open(), [], quiet)
    assert (again.versions, again.objects, again.names, again.entries) == (0, 0, 0, 0)
    assert again.known == first.versions
    assert len(sent) == first.objects


def test_broken_off_push_goes_on_where_it_was(
    local: LocalStore, remote: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    sent = uploads(monkeypatch)
    done = 0
    for last in range(3):

        def stop(at: float, total: float, unit: str, last: int = last) -> None:
            nonlocal done
            done += 1
            if done > 2 + last:
                done = 0
                raise Killed

        with pytest.raises(Killed):
            push(local, remote.open(), [], stop)
        assert "main" not in opened(remote).branches()  # names come last
    push(local, remote.open(), [], quiet)
    assert len(sent) == len(set(sent))  # nothing was sent twice
    assert not verify(opened(remote), [], quiet).damage
    assert not opened(remote).repository.left_behind()


def test_named_push_takes_what_it_needs_and_no_more(local: LocalStore, remote: Place) -> None:
    push(local, remote.open(), ["main"], quiet)
    there = opened(remote)
    assert there.branches() == ["main"]
    assert there.tags() == {}
    assert there.index_entries() == []
    with pytest.raises(MissingRef):
        there.read(local.resolve("runs/bad"))
    with pytest.raises(MissingRef, match="nothing"):
        push(local, remote.open(), ["nothing"], quiet)


def test_branch_moves_forward_and_never_loses_what_is_there(
    local: LocalStore, remote: Place, tmp_path: Path
) -> None:
    push(local, remote.open(), ["main"], quiet)
    file = tmp_path / "more"
    file.write_text("ours")
    local.put("main", "more", file)
    local.commit("main", "more", {})
    assert push(local, remote.open(), ["main"], quiet).names == 1
    there = opened(remote)
    assert there.resolve("main") == local.resolve("main")
    file.write_text("theirs")
    there.put("main", "other", file)
    ahead = there.commit("main", "theirs", {})
    assert not push(local, remote.open(), ["main"], quiet).refused  # it holds ours
    local.put("main", "third", file)
    local.commit("main", "ours again", {})
    (refused,) = push(local, remote.open(), ["main"], quiet).refused
    assert ahead[:12] in refused
    assert opened(remote).resolve("main") == ahead


def test_damaged_object_is_not_sent(local: LocalStore, remote: Place) -> None:
    version = local.resolve("main")
    blob = next(iter(local.read(version).tree.values()))
    path = local.objects.path(blob.sha256)
    path.chmod(0o644)
    path.write_bytes(b"x" * blob.size)
    with pytest.raises(Corrupt, match=blob.sha256):
        push(local, remote.open(), ["main"], quiet)
    assert opened(remote).branches() == []
