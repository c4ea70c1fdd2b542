"""What a machine keeps of lakeFS stays below its bound, and what is in use stays."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store.lakefs import LakeFSStore
from tasks.store.lakefs_cache import GIB, Cache
from tasks.store.lakefs_sweep import sweep
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.store.places import Place, repository

ROOT = Path(__file__).resolve().parents[3]
SIZE = 100_000  # [bytes] of a version's file
HOLDER = """
import sys
from pathlib import Path
from configs.refs import Ref
from tasks.store import open_store
store = open_store(Path(sys.argv[1]))
store.open(Ref("lakefs", sys.argv[2], ""))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(server: LakeFSServer, tmp_path: Path) -> Iterator[Place]:
    with repository(tmp_path / "writer", server, presign=False) as place:
        yield place


@pytest.fixture
def refs(place: Place, tmp_path: Path) -> list[Ref]:
    found, file = [], tmp_path / "file"
    for number in range(4):
        file.write_bytes(bytes([number]) * SIZE)
        found.append(place.open().publish({"file": file}, str(number), {}))
    return found


def reader(place: Place, tmp_path: Path, versions: float) -> LakeFSStore:
    """Return the store on a machine whose cache has room for so many versions."""
    other = Place("lakefs", tmp_path / "reader", place.storage, place.settings)
    store = other.open()
    assert isinstance(store, LakeFSStore)
    store.cache = Cache(store.folder, versions * SIZE / GIB)
    return store


def kept(tmp_path: Path) -> int:
    objects = (tmp_path / "reader/lakefs/objects").rglob("*")
    return sum(path.stat().st_size for path in objects if path.is_file())


def test_least_recently_used_goes(place: Place, refs: list[Ref], tmp_path: Path) -> None:
    for number, ref in enumerate(refs[:3]):
        reader(place, tmp_path, 2.5).open(ref)  # a handle of its own: the last one let go
        used = tmp_path / "reader/lakefs/held" / ref.version
        os.utime(used, (1000 + number, 1000 + number))
    checkouts = tmp_path / "reader/lakefs/checkouts"
    assert {path.name for path in checkouts.iterdir()} == {ref.version for ref in refs[1:3]}
    assert kept(tmp_path) == 2 * SIZE
    reopened = reader(place, tmp_path, 2.5).open(refs[0])  # what went is fetched again
    assert (reopened / "file").read_bytes() == bytes([0]) * SIZE
    assert refs[1].version not in {path.name for path in checkouts.iterdir()}


def test_open_checkout_of_a_process_stays(place: Place, refs: list[Ref], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "reader"), refs[0].version]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    os.utime(tmp_path / "reader/lakefs/held" / refs[0].version, (1000, 1000))
    held = tmp_path / "reader/lakefs/checkouts" / refs[0].version / "file"
    for ref in refs[1:]:
        reader(place, tmp_path, 1.5).open(ref)
    assert held.read_bytes() == bytes([0]) * SIZE
    process.kill()
    process.wait()
    reader(place, tmp_path, 1.5).open(refs[1])
    assert not held.exists()


def test_own_open_versions_stay(place: Place, refs: list[Ref], tmp_path: Path) -> None:
    store = reader(place, tmp_path, 1.5)
    folders = [store.open(ref) for ref in refs]
    for number, folder in enumerate(folders):
        assert (folder / "file").read_bytes() == bytes([number]) * SIZE


def test_put_objects_wait_to_be_sent(place: Place, refs: list[Ref], tmp_path: Path) -> None:
    store, file = reader(place, tmp_path, 0.5), tmp_path / "mine"
    store.branch("work", None)
    file.write_bytes(b"m" * SIZE)
    store.put("work", "mine", file)
    reader(place, tmp_path, 0.5).open(refs[0])
    reader(place, tmp_path, 0.5).cache.trim(alone=True)
    version = store.commit("work", "mine", {})
    assert (place.open().open(Ref("lakefs", version, "")) / "mine").read_bytes() == b"m" * SIZE


def test_sweep_takes_old_private_branches_and_leaves_young_ones(
    place: Place, refs: list[Ref]
) -> None:
    store = place.open()
    assert isinstance(store, LakeFSStore)
    old, young = "_work-00000010-left", f"_work-{int(time.time()):08x}-busy"
    for name in (old, young):
        store.repository.create_branch(name, store.repository.root)
    before = time.time() - 3600
    assert sweep(store, before, dry_run=True).branches == [old]
    assert set(store.repository.left_behind()) == {old, young}
    assert sweep(store, before, dry_run=False).branches == [old]
    assert set(store.repository.left_behind()) == {young}
    assert store.read(refs[0].version).id == refs[0].version
