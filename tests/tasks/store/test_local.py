"""What the local store does beside the contract: its files, its log, its own repairs."""

import json
import os
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store import open_store
from tasks.store.local import LocalStore
from tasks.store.protocol import Corrupt, MissingRef
from tests.tasks.store.places import make_file


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_equal_content_is_kept_once(store: LocalStore, tmp_path: Path) -> None:
    source = store.publish({"a": make_file(tmp_path, "content")}, "a", {})
    objects = set((store.root / "objects").rglob("*"))
    store.branch("work", None)
    store.copy("work", "deep/b", Ref("local", source.version, "a"))
    store.put("work", "c", make_file(tmp_path, "content"))
    store.commit("work", "copy", {})
    assert set((store.root / "objects").rglob("*")) == objects


def test_one_file_is_opened_without_the_others(store: LocalStore, tmp_path: Path) -> None:
    """So that the manifest of a dataset costs nothing of its 40,000 shards."""
    made = store.publish({n: make_file(tmp_path, n) for n in ("a", "deep/b", "deep/c")}, "x", {})
    file = store.open(Ref("local", made.version, "deep/b"))
    assert [path.name for path in (store.root / "checkouts").rglob("*") if path.is_file()] == ["b"]
    assert file.stat().st_mode & 0o222 == 0
    lost = store.read(made.version).tree["deep/c"].sha256
    (store.root / "objects" / lost[:2] / lost).unlink()
    assert store.open(Ref("local", made.version, "deep/b")) == file
    with pytest.raises(Corrupt, match="deep/c"):
        store.open(Ref("local", made.version, "deep"))


def test_a_merge_believes_no_changed_history(store: LocalStore, tmp_path: Path) -> None:
    versions = []
    for name in ("a", "b"):
        store.branch(name, None)
        for content in (f"{name}1", f"{name}2"):
            store.put(name, name, make_file(tmp_path, content))
            versions.append(store.commit(name, content, {}))
    path = store.root / "commits" / f"{versions[2]}.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"parents":[]', b'"parents":["x"]'))
    store.merge("a", "main")
    with pytest.raises(Corrupt, match=versions[2][:12]):
        LocalStore(store.root).merge("b", "main")
    path.unlink()
    with pytest.raises(MissingRef, match=versions[2][:12]):
        LocalStore(store.root).merge("b", "main")
    assert store.resolve("main") == versions[1]


def test_what_is_named_was_synced_whole(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watches the true fsync: what Python has not yet given to the kernel is not synced by it."""
    synced: dict[int, int] = {}  # inode -> bytes that the kernel had of it
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        state = os.fstat(descriptor)
        synced[state.st_ino] = state.st_size

    monkeypatch.setattr(os, "fsync", watched)
    ref = store.publish({"a": make_file(tmp_path, "a" * 3_000_001)}, "x", {})
    store.branch("work", None)
    store.index_put("i", ref)
    files = [path for path in store.root.rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    assert len(files) == 5
    for path in files:
        assert synced[path.stat().st_ino] == path.stat().st_size > 0, path


def test_log_file_holds_the_times(store: LocalStore, tmp_path: Path) -> None:
    store.branch("work", None)
    store.put("work", "a", make_file(tmp_path, "1"))
    version = store.commit("work", "m", {})
    rows = [json.loads(line) for line in (store.root / "log.jsonl").read_text().splitlines()]
    events = [("branch", ""), ("commit to work", version)]
    assert [(row["event"], row["version"]) for row in rows] == events
    assert rows[1]["time_utc"] not in json.dumps(store.read(version).metadata)


def test_open_store_makes_nothing_by_itself(tmp_path: Path) -> None:
    assert open_store(tmp_path).index_get("x") is None
    assert list(tmp_path.iterdir()) == []
