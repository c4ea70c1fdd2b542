"""The local store's own races and failures, beside the contract."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.store.local import LocalStore
from tasks.store.names import Names

ROOT = Path(__file__).resolve().parents[3]


def test_lost_race_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, rival = LocalStore(tmp_path / "store"), LocalStore(tmp_path / "store")
    file = tmp_path / "file"
    file.write_text("x")
    store.branch("work", None)
    store.put("work", "mine", file)
    move, raced = Names.move, []

    def move_late(self: Names, name: str, number: int, version: str) -> bool:
        if not raced:
            raced.append(name)
            rival.put("work", "theirs", file)
            rival.commit("work", "faster", {})
        return move(self, name, number, version)

    monkeypatch.setattr(Names, "move", move_late)
    version = store.commit("work", "slower", {})
    assert set(store.read(version).tree) == {"mine", "theirs"}
    assert [commit.message for commit in store.log("work")] == ["slower", "faster"]


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
