"""What every backend of the store means: one suite, held to each of them."""

import time
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store.entries import write_entry
from tasks.store.local import LocalStore
from tasks.store.protocol import Conflict, Corrupt, MissingRef, StoreError, VersionStore
from tests.tasks.store.places import Place, make_file


@pytest.fixture
def store(place: Place) -> VersionStore:
    return place.open()


def commit(store: VersionStore, tmp_path: Path, branch: str, **files: str) -> str:
    if branch not in store.branches():
        store.branch(branch, None)
    for path, content in files.items():
        store.put(branch, path, make_file(tmp_path, content))
    return store.commit(branch, f"commit of {sorted(files)}", {})


def ref(store: VersionStore, version: str, path: str = "") -> Ref:
    return Ref(store.name, version, path)


def test_bytes_come_back_exact(place: Place, store: VersionStore, tmp_path: Path) -> None:
    source, empty = tmp_path / "data.bin", tmp_path / "empty"
    source.write_bytes(bytes(range(256)) * 10_000)
    empty.touch()
    store.branch("work", None)
    store.put("work", "deep/er/data.bin", source)
    store.put("work", "empty", empty)
    version = store.commit("work", "data", {})
    for handle in (store, place.elsewhere()):
        folder = handle.open(ref(store, version))
        assert (folder / "deep/er/data.bin").read_bytes() == source.read_bytes()
        assert (folder / "empty").read_bytes() == b""
        assert handle.open(ref(store, version, "deep/er")) == folder / "deep/er"


def test_source_may_change_after_put(store: VersionStore, tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.write_text("first")
    store.branch("work", None)
    store.put("work", "data", source)
    source.write_text("second")
    version = store.commit("work", "data", {})
    assert (store.open(ref(store, version)) / "data").read_text() == "first"


def test_equal_content_has_the_id_that_the_local_store_gives(
    store: VersionStore, tmp_path: Path
) -> None:
    made = []
    for each in (store, LocalStore(tmp_path / "other")):
        first = each.publish({"a": make_file(tmp_path, "a")}, "first", {"n": 1, "m": [2]})
        second = each.publish(
            {"b": make_file(tmp_path, "b")}, "second", {"identity": "x"}, (first.version,)
        )
        joined = commit(each, tmp_path, "work", c="c")
        each.merge(second.version, "work")
        versions = [first.version, second.version, joined, each.resolve("work")]
        made.append((versions, each.branches(), each.log("work")))
        time.sleep(0.01)
    assert made[0] == made[1]
    assert made[0][1] == [f"loose/{first.version}", "steps/x", "work"]


def test_any_difference_gives_another_id(store: VersionStore, tmp_path: Path) -> None:
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


def test_metadata_and_parents_read_back(store: VersionStore, tmp_path: Path) -> None:
    metadata = {"verdict": "passed", "n": 1.5, "list": [1, None], "of": {"ö": True}}
    first = store.publish({"a": make_file(tmp_path, "a")}, "eins\nzwei", metadata)
    second = store.publish({"b": make_file(tmp_path, "b")}, "", {}, (first.version,) * 2)
    assert store.read(first.version).metadata == metadata
    assert store.read(first.version).message == "eins\nzwei"
    assert store.read(second.version).parents == (first.version,)


def test_publishing_again_changes_nothing(store: VersionStore, tmp_path: Path) -> None:
    file = make_file(tmp_path, "a")
    first = store.publish({"a": file}, "m", {"identity": "x"})
    assert store.publish({"a": file}, "m", {"identity": "x"}) == first
    assert store.resolve("steps/x") == first.version


def test_a_step_that_is_published_anew_replaces_its_branch(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    store.publish({"a": make_file(tmp_path, "a"), "old": make_file(tmp_path, "o")}, "m", {})
    one = store.publish({"a": make_file(tmp_path, "a")}, "m", {"identity": "x"})
    two = store.publish(
        {"a": make_file(tmp_path, "b"), "c": make_file(tmp_path, "c")}, "m", {"identity": "x"}
    )
    assert store.resolve("steps/x") == two.version != one.version
    opened = place.elsewhere().open(two)
    assert {path.name: path.read_text() for path in opened.iterdir()} == {"a": "b", "c": "c"}


def test_commit_without_change_returns_the_head(store: VersionStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    assert commit(store, tmp_path, "work", a="1") == first
    assert commit(store, tmp_path, "work", a="2") != first


def test_staged_files_are_invisible_until_commit(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    first = commit(store, tmp_path, "work", a="1")
    store.put("work", "b", make_file(tmp_path, "2"))
    other = place.open()
    assert other.resolve("work") == first
    assert set(other.read(first).tree) == {"a"}
    assert other.commit("work", "nothing of mine", {}) == first


def test_a_commit_joins_what_others_committed(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    commit(store, tmp_path, "work", a="1")
    store.put("work", "mine", make_file(tmp_path, "m"))
    theirs = commit(place.open(), tmp_path, "work", theirs="t")
    version = store.commit("work", "mine too", {})
    assert store.read(version).parents == (theirs,)
    folder = place.elsewhere().open(ref(store, version))
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "a": "1",
        "mine": "m",
        "theirs": "t",
    }


def test_a_staged_path_that_another_changed_is_a_conflict(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    commit(store, tmp_path, "work", a="1")
    store.put("work", "a", make_file(tmp_path, "2"))
    head = commit(place.open(), tmp_path, "work", a="3")
    with pytest.raises(Conflict, match=r"work.*: a was changed"):
        store.commit("work", "m", {})
    assert store.resolve("work") == head


def test_missing_references_are_named(store: VersionStore, tmp_path: Path) -> None:
    version = commit(store, tmp_path, "work", a="1")
    store.branch("empty", None)
    unknown, other = "0" * 64, {"local": "lakefs", "lakefs": "local"}[store.name]
    for action, word in (
        (lambda: store.resolve("nowhere"), "nowhere"),
        (lambda: store.resolve("empty"), "empty"),
        (lambda: store.resolve("root"), "root"),
        (lambda: store.resolve(version[:7]), version[:7]),
        (lambda: store.read(unknown), unknown[:12]),
        (lambda: store.open(ref(store, unknown)), unknown[:12]),
        (lambda: store.open(ref(store, version, "b")), "'b'"),
        (lambda: store.open(Ref(other, version, "")), other),
        (lambda: store.put("nowhere", "a", tmp_path), "nowhere"),
        (lambda: store.branch("new", "nowhere"), "nowhere"),
        (lambda: store.copy("work", "c", ref(store, version, "b")), "'b'"),
        (lambda: store.commit("nowhere", "m", {}), "nowhere"),
        (lambda: store.merge("nowhere", "work"), "nowhere"),
        (lambda: store.tag("t", unknown), unknown[:12]),
        (lambda: store.publish({}, "m", {}, (unknown,)), unknown[:12]),
        (lambda: store.index_entry("unknown"), "unknown"),
    ):
        with pytest.raises(MissingRef, match=word) as caught:
            action()
        assert "\n" not in str(caught.value)
    assert store.branches() == ["empty", "work"]
    assert store.tags() == {}


def test_paths_cannot_leave_the_tree(store: VersionStore, tmp_path: Path) -> None:
    store.branch("work", None)
    file = make_file(tmp_path, "a")
    for path in ("../a", "/a", "a/../b", "a//b", "", ".hidden", "a\nb"):
        with pytest.raises(StoreError, match="name"):
            store.put("work", path, file)
        with pytest.raises(StoreError, match="name"):
            store.publish({path: file}, "m", {})
        with pytest.raises(StoreError, match="name"):
            store.branch(path, None)


def test_names_come_back_as_they_were_given(store: VersionStore, tmp_path: Path) -> None:
    names = ["-".join("abc"), "_", "a..b", "a.lock", "a/b", "a__b", "a_b", "a_db", "x.", "A-/1"]
    names = sorted(set(names) - {"A-/1"} | {"A-1/_x"})
    version = commit(store, tmp_path, "first", a="1")
    for name in names:
        store.branch(name, "first")
        store.tag(f"tags/{name}", version)
    assert store.branches() == sorted([*names, "first"])
    assert store.tags() == {f"tags/{name}": version for name in names}


def test_tag_stays(store: VersionStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    second = commit(store, tmp_path, "work", a="2")
    store.tag("v/1", first)
    store.tag("v/1", first)
    with pytest.raises(Conflict, match="v/1"):
        store.tag("v/1", second)
    assert store.resolve("v/1") == first
    assert store.tags() == {"v/1": first}
    assert store.resolve(first[:10]) == store.resolve(first) == first


def test_a_name_is_of_a_branch_or_of_a_tag(store: VersionStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "work", a="1")
    store.tag("v1", first)
    with pytest.raises(Conflict, match="work: is a branch's name"):
        store.tag("work", first)
    with pytest.raises(Conflict, match="v1: is a tag's name"):
        store.branch("v1", None)
    with pytest.raises(Conflict, match="v1: is a tag's name"):
        store.merge("work", "v1")
    assert store.branches() == ["work"]
    assert store.tags() == {"v1": first}


def test_merge_takes_what_each_side_changed(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    base = commit(store, tmp_path, "main", shared="0", mine="0", other="0")
    store.branch("side", "main")
    theirs = commit(store, tmp_path, "side", other="theirs", added="theirs")
    ours = commit(store, tmp_path, "main", mine="ours")
    merged = store.read(store.merge("side", "main"))
    assert merged.parents == (ours, theirs)
    expected = {"shared": "0", "mine": "ours", "other": "theirs", "added": "theirs"}
    folder = place.elsewhere().open(ref(store, merged.id))
    assert {path: (folder / path).read_text() for path in merged.tree} == expected
    assert store.merge("side", "main") == merged.id
    assert [c.id for c in store.log("main")] == [merged.id, ours, theirs, base]


def test_merge_fast_forwards_and_begins_branches(store: VersionStore, tmp_path: Path) -> None:
    first = commit(store, tmp_path, "side", a="1")
    assert store.merge("side", "main") == first
    second = commit(store, tmp_path, "side", a="2")
    assert store.merge(second, "main") == second
    assert store.resolve("main") == second


def test_the_base_of_a_merge_is_the_nearest_common_version(
    store: VersionStore, tmp_path: Path
) -> None:
    """Parents count, even those that a commit only names: lakeFS's own history knows none."""
    made = store.publish({"a": make_file(tmp_path, "1")}, "made", {})
    store.merge(made.version, "main")
    store.branch("side", None)
    store.copy("side", "a", ref(store, made.version, "a"))
    store.put("side", "b", make_file(tmp_path, "2"))
    side = store.commit("side", "beside", {}, (made.version,))
    ours = commit(store, tmp_path, "main", a="changed")
    merged = store.read(store.merge("side", "main"))
    assert merged.parents == (ours, side)
    assert (store.open(ref(store, merged.id)) / "a").read_text() == "changed"


def test_conflicting_merge_changes_nothing(store: VersionStore, tmp_path: Path) -> None:
    commit(store, tmp_path, "main", a="0")
    store.branch("side", "main")
    commit(store, tmp_path, "side", a="1")
    head = commit(store, tmp_path, "main", a="2")
    with pytest.raises(Conflict, match=r"side.*main.*: a was changed"):
        store.merge("side", "main")
    assert store.resolve("main") == head


def test_unrelated_branches_merge_when_paths_differ(store: VersionStore, tmp_path: Path) -> None:
    commit(store, tmp_path, "one", a="1")
    commit(store, tmp_path, "two", b="2")
    store.merge("one", "main")
    store.merge("two", "main")
    assert set(store.read(store.resolve("main")).tree) == {"a", "b"}


def test_existing_branch_is_refused(store: VersionStore) -> None:
    store.branch("work", None)
    with pytest.raises(Conflict, match="work"):
        store.branch("work", None)


def test_copy_is_the_same_object(place: Place, store: VersionStore, tmp_path: Path) -> None:
    source = store.publish({"a": make_file(tmp_path, "content")}, "a", {})
    store.branch("work", None)
    other = place.elsewhere()
    other.copy("work", "deep/b", ref(store, source.version, "a"))
    version = other.commit("work", "copy", {})
    assert store.read(version).tree["deep/b"] == store.read(source.version).tree["a"]
    assert (store.open(ref(store, version)) / "deep/b").read_text() == "content"


@pytest.mark.parametrize("lost", [False, True])
def test_damaged_object_is_found_and_made_anew(
    place: Place, store: VersionStore, tmp_path: Path, lost: bool
) -> None:
    bad = make_file(tmp_path, "content")
    made = store.publish({"good": make_file(tmp_path, "g"), "sub/bad": bad}, "x", {"identity": "i"})
    store.index_put("i", made)
    kept = commit(store, tmp_path, "work", bad="content")
    if not lost:
        store.open(made)  # in the local store it shares the object's bytes
    (place.lose if lost else place.flip)(b"content")
    for reader in (place.elsewhere(), place.elsewhere()):
        with pytest.raises(Corrupt) as caught:
            reader.open(made)
        assert "sub/bad" in str(caught.value)
        assert store.read(made.version).tree["sub/bad"].sha256 in str(caught.value)
        assert "\n" not in str(caught.value)
        assert reader.open(ref(store, made.version, "good")).read_text() == "g"
    if place.name != "local":  # there it is put back in the server's storage
        return
    assert place.elsewhere().index_get("i") is None
    again = place.elsewhere().publish(
        {"good": make_file(tmp_path, "g"), "sub/bad": bad}, "x", {"identity": "i"}
    )
    assert again == made
    assert place.elsewhere().index_get("i") == made
    for version, path in ((made.version, "sub/bad"), (kept, "bad")):  # whatever shares the object
        opened = place.elsewhere().open(ref(store, version))
        assert (opened / path).read_text() == "content"


def test_damaged_record_is_found_and_made_anew(
    place: Place, store: VersionStore, tmp_path: Path
) -> None:
    files = {"a": make_file(tmp_path, "a")}
    made = store.publish(files, "x", {"identity": "i"})
    store.index_put("i", made)
    place.flip(store.read(made.version).to_bytes())
    other = place.elsewhere()
    with pytest.raises(Corrupt, match=rf"{made.version[:12]}: .*commit.*\.json"):
        other.read(made.version)
    assert other.index_get("i") is None
    if place.name == "local":
        assert other.publish(files, "x", {"identity": "i"}) == made
        assert other.index_get("i") == made


def test_damaged_index_entry_is_found(place: Place, store: VersionStore, tmp_path: Path) -> None:
    store.index_put("i", store.publish({"a": make_file(tmp_path, "a")}, "x", {}), label="x")
    place.flip(write_entry(store.index_entry("i")))
    with pytest.raises(Corrupt, match="index/i"):
        store.index_get("i")
    store.index_drop("i")
    assert store.index_get("i") is None


def test_opened_files_cannot_be_written_and_strays_are_found(
    store: VersionStore, tmp_path: Path
) -> None:
    made = store.publish({"a": make_file(tmp_path, "a")}, "x", {})
    folder = store.open(made)
    assert (folder / "a").stat().st_mode & 0o222 == 0
    (folder / "stray").write_text("not of this version")
    with pytest.raises(StoreError, match="stray"):
        store.open(made)


def test_index_keeps_reference_and_facts(place: Place, store: VersionStore, tmp_path: Path) -> None:
    assert store.index_get("step") is None
    assert store.index_entries() == []
    store.index_drop("step")
    made = store.publish({"a": make_file(tmp_path, "a")}, "x", {"identity": "step"})
    store.index_put("step", made, label="grasps/box", seconds=1.0)
    store.index_put("step", made, label="grasps/box", seconds=1.5)
    time.sleep(0.002)
    store.index_put("later", made, label="train")
    other = place.open()
    assert other.index_get("step") == made
    assert other.index_entry("step")["seconds"] == 1.5
    assert [entry["label"] for entry in other.index_entries()] == ["grasps/box", "train"]
    other.index_drop("step")
    assert store.index_get("step") is None
    assert store.read(made.version).id == made.version
    store.index_put("gone", Ref(store.name, "0" * 64, ""), label="x")
    assert store.index_get("gone") is None


def test_unreadable_file_leaves_no_trace(place: Place, store: VersionStore, tmp_path: Path) -> None:
    store.branch("work", None)
    with pytest.raises(StoreError, match="absent"):
        store.put("work", "a", tmp_path / "absent")
    assert not place.left_behind()
    with pytest.raises(MissingRef, match="no commit yet"):
        store.resolve("work")
