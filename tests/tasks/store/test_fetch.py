"""Files fetched one at a time: verified as opened ones are, and nothing else stays here."""

import os
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store.protocol import MissingRef, VersionStore
from tests.tasks.store.places import Place

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def published(place: Place, tmp_path: Path) -> tuple[VersionStore, Ref]:
    """A version of two files, and a store that was opened anew, as on another machine."""
    files = {}
    for name, content in {"deep/a.bin": CONTENT, "b": b"b"}.items():
        files[name] = tmp_path / name.replace("/", "_")
        files[name].write_bytes(content)
    ref = place.open().publish(files, "two files", {})
    return place.elsewhere(), ref


def at(ref: Ref, path: str) -> Ref:
    return Ref(ref.store, ref.version, path)


def test_the_file_and_no_other_is_fetched(published, tmp_path: Path) -> None:
    store, ref = published
    target = tmp_path / "target" / "a.bin"
    store.fetch(at(ref, "deep/a.bin"), target)
    assert target.read_bytes() == CONTENT
    assert not os.access(target, os.W_OK) or os.geteuid() == 0
    assert sorted(path.name for path in target.parent.iterdir()) == ["a.bin"]


def test_a_file_that_is_there_is_kept_if_it_is_good_and_replaced_if_not(published, tmp_path):
    store, ref = published
    target = tmp_path / "a.bin"
    store.fetch(at(ref, "deep/a.bin"), target)
    before = target.stat().st_ino
    store.fetch(at(ref, "deep/a.bin"), target)
    assert target.stat().st_ino == before
    target.unlink()
    target.write_bytes(CONTENT[:-1])  # cut off by a kill, say
    store.fetch(at(ref, "deep/a.bin"), target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["deep", "a.bin", ""])
def test_only_a_file_can_be_fetched(published, tmp_path: Path, path: str) -> None:
    store, ref = published
    with pytest.raises(MissingRef, match=f"no file '{path}'"):
        store.fetch(at(ref, path), tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_who_deletes_what_was_fetched_has_the_space_back(published, tmp_path: Path) -> None:
    """On lakeFS the target is the only copy here; what was opened before is left alone."""
    store, ref = published
    if store.name == "local":
        pytest.skip("the local store holds the bytes in any case")
    target = tmp_path / "a.bin"
    store.fetch(at(ref, "deep/a.bin"), target)
    assert target.stat().st_nlink == 1
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    opened = store.open(at(ref, "deep/a.bin"))
    again = tmp_path / "again.bin"
    store.fetch(at(ref, "deep/a.bin"), again)
    again.unlink()
    assert store.open(at(ref, "deep/a.bin")).read_bytes() == opened.read_bytes() == CONTENT
