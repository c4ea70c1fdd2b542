"""The stores under real processes: killed at any moment, racing for one branch, out of space."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from configs.refs import Ref
from tasks.store.local import LocalStore
from tasks.store.protocol import VersionStore
from tests.tasks.store.places import Place

ROOT = Path(__file__).resolve().parents[3]
FILES, FILE_BYTES = 3, 400_000  # so that a kill often falls inside a put

WRITER = f"""
import sys
from pathlib import Path
from tasks.store import open_store

home, scratch, branch, start, count = sys.argv[1:]
store = open_store(Path(home))
print("ready", flush=True)
for number in range(int(start), int(start) + int(count)):
    for part in range({FILES}):
        file = Path(scratch) / f"part{{part}}"
        file.write_bytes(f"{{number}}.{{part}};".encode() * ({FILE_BYTES} // 8))
        store.put(branch, f"c{{number}}/part{{part}}", file)
    store.commit(branch, f"commit {{number}}", {{"number": number}})
"""


def start_writer(place: Place, scratch: Path, start: int, count: int) -> subprocess.Popen[bytes]:
    scratch.mkdir(exist_ok=True)
    arguments = [str(place.home), str(scratch), "work", str(start), str(count)]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def require_whole(store: VersionStore) -> set[str]:
    """Open every commit of the branch and return the numbers that it holds, each one whole."""
    version = store.resolve("work")
    tree = store.read(version).tree
    numbers = {path.split("/")[0] for path in tree}
    assert set(tree) == {f"{n}/part{part}" for n in numbers for part in range(FILES)}
    folder = store.open(Ref(store.name, version, ""))
    for path in tree:
        number, part = path.split("/")
        expected = f"{number[1:]}.{part[4:]};".encode() * (FILE_BYTES // 8)
        assert (folder / path).read_bytes() == expected
    return numbers


def test_racing_committers_both_survive(place: Place, tmp_path: Path) -> None:
    store, count = place.open(), 15 if place.name == "local" else 4
    store.branch("work", None)
    writers = [start_writer(place, tmp_path / f"scratch{i}", 1000 * i, count) for i in (1, 2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    expected = {f"c{1000 * i + n}" for i in (1, 2) for n in range(count)}
    assert require_whole(place.elsewhere()) == expected
    log = store.log("work")
    assert len(log) == 2 * count  # every commit once, in one line of history
    assert all(len(commit.parents) <= 1 for commit in log)


def test_killed_writer_leaves_nothing_half_written(place: Place, tmp_path: Path) -> None:
    place.open().branch("work", None)
    start_writer(place, tmp_path / "scratch", 0, 1).wait()
    moments, held, interrupted, trial = random.Random(5), {"c0"}, 0, 0
    trials, longest_s = (8, 0.12) if place.name == "local" else (3, 0.5)
    while trial < trials or (not interrupted and trial < 5 * trials):
        trial += 1
        process = start_writer(place, tmp_path / "scratch", 1000 * trial, 1000)
        time.sleep(moments.uniform(0.0, longest_s))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        numbers = require_whole(place.elsewhere())
        assert held <= numbers  # nothing published was lost
        assert place.open().branches() == ["work"]
        held = numbers
        interrupted += place.left_behind()
    assert interrupted, "no kill fell inside a write: the test shows nothing"
    start_writer(place, tmp_path / "scratch", 0, 1).wait()  # what a kill left disturbs nobody
    assert require_whole(place.elsewhere()) == held


def test_full_disk_is_one_line_and_harmless(tmp_path: Path) -> None:
    """A file size limit stands in for the disk: the kernel cuts the write off all the same."""
    store = LocalStore(tmp_path / "store")
    store.branch("work", None)
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tasks.store.local import LocalStore; from tasks.store.protocol import StoreError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "root, file = map(Path, sys.argv[1:]); store = LocalStore(root)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    store.put('work', 'big', file)\n"
        "except StoreError as error:\n    print(error); sys.exit(2)\n"
    )
    big = tmp_path / "big"
    big.write_bytes(os.urandom(300_000))
    result = subprocess.run(
        [sys.executable, "-c", program, str(store.root), str(big)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert len(result.stdout.splitlines()) == 1
    assert str(big) in result.stdout
    assert list((store.root / "tmp").iterdir()) == []
    assert not (store.root / "objects").exists()
