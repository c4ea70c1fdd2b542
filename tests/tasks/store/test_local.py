"""The local store: what is published is whole, exact and the same for the same content."""

import json
import time
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store import open_store
from tasks.store.local import LocalStore
from tasks.store.protocol import Conflict, Corrupt, MissingRef, StoreError


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def make_file(tmp_path: Path, content: str) -> Path:
    path = tmp_path / f"file-{abs(hash(content))}"
    path.write_text(content)
    return path


def commit(store: LocalStore, tmp_path: Path, branch: str, **files: str) -> str:
    if branch not in store.branches():
        store.branch(branch, None)
    for path, content in files.items():
        store.put(branch, path, make_file(tmp_path, content))
    return store.commit(branch, f"commit of {sorted(files)}", {})


def test_bytes_come_back_exact(store: LocalStore, tmp_path: Path) -> None:
    source = tmp_path / "data.bin"
    source.write_bytes(bytes(range(256)) * 10_000)
    store.branch("work", None)
    store.put("work", "deep/er/data.bin", source)
    version = store.commit("work", "data", {})
    folder = store.open(Ref("local", version, ""))
    assert (folder / "deep/er/data.bin").read_bytes() == source.read_bytes()
    assert store.open(Ref("local", version, "deep/er")) == folder / "deep/er"


def test_source_may_change_after_put(store: LocalStore, tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.write_text("first")
    store.branch("work", None)
    store.put("work", "data", source)
    source.write_text("second")
    version = store.commit("work", "data", {})
    assert (store.open(Ref("local", version, "")) / "data").read_text() == "first"


def test_equal_content_has_equal_ids_whenever_and_wherever_made(tmp_path: Path) -> None:
    versions = set()
    for name in ("one", "two"):
        store = LocalStore(tmp_path / name)
        first = store.publish({"a": make_file(tmp_path, "a")}, "first", {"n": 1, "m": [2]})
        second = store.publish(
            {"b": make_file(tmp_path, "b")}, "second", {"identity": "x"}, (first.version,)
        )
        versions.add((first.version, second.version))
        time.sleep(0.01)
    assert len(versions) == 1
    assert store.branches() == [f"loose/{first.version}", "steps/x"]


def test_any_difference_gives_another_id(store: LocalStore, tmp_path: Path) -> None:
    a, b = make_file(tmp_path, "a"), make_file(tmp_path, "b")
    refs = [
        store.publish({"x": a}, "message", {}),
        store.publish({"x": b}, "message", {}),
        store.publish({"y": a}, "message", {}),
        store.publish({"x": a}, "other", {}),
        store.publish({"x": a}, "message", {"k": 1}),
    ]
    refs.append(store.publish({"x": a}, "message", {}, (refs[0].version,)))
    assert len({ref.version for ref in refs}) == len(refs)


def test_commit_without_change_returns_the_head(store: LocalStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    assert commit(store, tmp_path, "work", a="1") == first
    assert commit(store, tmp_path, "work", a="2") != first


def test_staged_files_are_invisible_until_commit(store: LocalStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    store.put("work", "b", make_file(tmp_path, "2"))
    other = LocalStore(store.root)
    assert other.resolve("work") == first
    assert set(other.read(first).tree) == {"a"}
    assert other.commit("work", "nothing of mine", {}) == first


def test_missing_references_are_named(store: LocalStore, tmp_path: Path) -> None:
    version = commit(store, tmp_path, "work", a="1")
    store.branch("empty", None)
    unknown = "0" * 64
    for action, word in (
        (lambda: store.resolve("nowhere"), "nowhere"),
        (lambda: store.resolve("empty"), "empty"),
        (lambda: store.read(unknown), unknown[:12]),
        (lambda: store.open(Ref("local", unknown, "")), unknown[:12]),
        (lambda: store.open(Ref("local", version, "b")), "'b'"),
        (lambda: store.open(Ref("lakefs", version, "")), "lakefs"),
        (lambda: store.put("nowhere", "a", tmp_path), "nowhere"),
        (lambda: store.branch("new", "nowhere"), "nowhere"),
        (lambda: store.copy("work", "c", Ref("local", version, "b")), "'b'"),
        (lambda: store.commit("nowhere", "m", {}), "nowhere"),
        (lambda: store.index_entry("unknown"), "unknown"),
    ):
        with pytest.raises(MissingRef, match=word) as caught:
            action()
        assert "\n" not in str(caught.value)


def test_paths_cannot_leave_the_tree(store: LocalStore, tmp_path: Path) -> None:
    store.branch("work", None)
    file = make_file(tmp_path, "a")
    for path in ("../a", "/a", "a/../b", "a//b", "", ".hidden", "a\nb"):
        with pytest.raises(StoreError, match="name"):
            store.put("work", path, file)


def test_tag_stays(store: LocalStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    second = commit(store, tmp_path, "work", a="2")
    store.tag("v/1", first)
    store.tag("v/1", first)
    with pytest.raises(Conflict, match="v/1"):
        store.tag("v/1", second)
    assert store.resolve("v/1") == first
    assert store.tags() == {"v/1": first}
    assert store.resolve(first[:10]) == first


def test_merge_takes_what_each_side_changed(store: LocalStore, tmp_path: Path) -> None:
    base = commit(store, tmp_path, "main", shared="0", mine="0", other="0")
    store.branch("side", "main")
    theirs = commit(store, tmp_path, "side", other="theirs", added="theirs")
    ours = commit(store, tmp_path, "main", mine="ours")
    merged = store.read(store.merge("side", "main"))
    assert merged.parents == (ours, theirs)
    expected = {"shared": "0", "mine": "ours", "other": "theirs", "added": "theirs"}
    folder = store.open(Ref("local", merged.id, ""))
    assert {path: (folder / path).read_text() for path in merged.tree} == expected
    assert store.merge("side", "main") == merged.id
    assert [c.id for c in store.log("main")] == [merged.id, ours, theirs, base]


def test_merge_fast_forwards_and_begins_branches(store: LocalStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "side", a="1")
    assert store.merge("side", "main") == first
    second = commit(store, tmp_path, "side", a="2")
    assert store.merge(second, "main") == second
    assert store.resolve("main") == second


def test_conflicting_merge_changes_nothing(store: LocalStore, tmp_path: Path) -> None:
    commit(store, tmp_path, "main", a="0")
    store.branch("side", "main")
    commit(store, tmp_path, "side", a="1")
    head = commit(store, tmp_path, "main", a="2")
    with pytest.raises(Conflict, match=r"side.*main.*: a was changed"):
        store.merge("side", "main")
    assert store.resolve("main") == head


def test_unrelated_branches_merge_when_paths_differ(store: LocalStore, tmp_path: Path) -> None:
    commit(store, tmp_path, "one", a="1")
    commit(store, tmp_path, "two", b="2")
    store.merge("one", "main")
    store.merge("two", "main")
    assert set(store.read(store.resolve("main")).tree) == {"a", "b"}


def test_existing_branch_is_refused(store: LocalStore) -> None:
    store.branch("work", None)
    with pytest.raises(Conflict, match="work"):
        store.branch("work", None)


def test_copy_refers_to_the_same_object(store: LocalStore, tmp_path: Path) -> None:
    source = store.publish({"a": make_file(tmp_path, "content")}, "a", {})
    objects = set((store.root / "objects").rglob("*"))
    store.branch("work", None)
    store.copy("work", "deep/b", Ref("local", source.version, "a"))
    version = store.commit("work", "copy", {})
    assert set((store.root / "objects").rglob("*")) == objects
    assert store.read(version).tree["deep/b"] == store.read(source.version).tree["a"]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("opened_before", [False, True])
def test_flipped_byte_of_an_object_is_found(
    store: LocalStore, tmp_path: Path, opened_before: bool
) -> None:
    bad = make_file(tmp_path, "content")
    ref = store.publish({"good": make_file(tmp_path, "g"), "sub/bad": bad}, "x", {})
    if opened_before:
        store.open(ref)
    sha = store.read(ref.version).tree["sub/bad"].sha256
    flip(store.root / "objects" / sha[:2] / sha)
    with pytest.raises(Corrupt) as caught:
        store.open(ref)
    message = str(caught.value)
    assert "sub/bad" in message
    assert f"objects/{sha[:2]}/{sha}" in message
    assert "\n" not in message
    assert store.open(Ref("local", ref.version, "good")).read_text() == "g"
    store.publish({"again": bad}, "x", {})  # putting the same bytes heals the object
    assert (store.open(ref) / "sub/bad").read_text() == "content"


def test_lost_object_and_changed_commit_are_found(store: LocalStore, tmp_path: Path) -> None:
    ref = store.publish({"a": make_file(tmp_path, "a")}, "x", {})
    sha = store.read(ref.version).tree["a"].sha256
    (store.root / "objects" / sha[:2] / sha).unlink()
    with pytest.raises(Corrupt, match="missing"):
        store.open(ref)
    path = store.root / "commits" / f"{ref.version}.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"x"', '"y"'))
    with pytest.raises(Corrupt, match=f"commits/{ref.version}"):
        LocalStore(store.root).read(ref.version)


def test_opened_files_cannot_be_written_and_strays_are_found(
    store: LocalStore, tmp_path: Path
) -> None:
    ref = store.publish({"a": make_file(tmp_path, "a")}, "x", {})
    folder = store.open(ref)
    assert (folder / "a").stat().st_mode & 0o222 == 0
    (folder / "stray").write_text("not of this version")
    with pytest.raises(StoreError, match="stray"):
        store.open(ref)


def test_index_keeps_reference_and_facts(store: LocalStore, tmp_path: Path) -> None:
    assert store.index_get("step") is None
    ref = store.publish({"a": make_file(tmp_path, "a")}, "x", {"identity": "step"})
    store.index_put("step", ref, label="grasps/box", seconds=1.5)
    other = LocalStore(store.root)
    assert other.index_get("step") == ref
    assert other.index_entry("step")["seconds"] == 1.5
    assert [entry["label"] for entry in other.index_entries()] == ["grasps/box"]


def test_unreadable_file_leaves_no_trace(store: LocalStore, tmp_path: Path) -> None:
    store.branch("work", None)
    with pytest.raises(StoreError, match="absent"):
        store.put("work", "a", tmp_path / "absent")
    assert list((store.root / "tmp").iterdir()) == []


def test_log_file_holds_the_times(store: LocalStore, tmp_path: Path) -> None:
    version = commit(store, tmp_path, "work", a="1")
    rows = [json.loads(line) for line in (store.root / "log.jsonl").read_text().splitlines()]
    assert [(row["event"], row["version"]) for row in rows] == [("branch", ""), ("commit", version)]
    assert rows[1]["time_utc"] not in json.dumps(store.read(version).metadata)


def test_open_store_makes_nothing_by_itself(tmp_path: Path) -> None:
    assert open_store(tmp_path).index_get("x") is None
    assert list(tmp_path.iterdir()) == []
