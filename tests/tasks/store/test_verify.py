"""Whatever byte of a store changes, `verify` alone finds it."""

import random
from pathlib import Path

import pytest

from tasks.store.audit import Damage
from tasks.store.local import LocalStore
from tasks.store.verify import verify
from tests.tasks.data.workshop import fill

FLIPS = 150  # of the suite; the reliability benchmark makes 1000
NOT_COVERED = ("tmp", "damaged", "checkouts", "log.jsonl")


def quiet(done: float, total: float, unit: str) -> None:
    pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("verify") / "store"
    store = LocalStore(root)
    fill(store, tmp_path_factory.mktemp("scratch"))
    store.branch("empty", None)
    return root


def covered(root: Path) -> list[Path]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [path for path in files if path.relative_to(root).parts[0] not in NOT_COVERED]


def damaged(root: Path, path: Path, content: bytes | None) -> list[Damage]:
    """Return what is found with other content in a file, or without it; then put it back."""
    whole = path.read_bytes()
    path.chmod(0o644)
    path.unlink() if content is None else path.write_bytes(content)
    damage = verify(LocalStore(root), [], quiet).damage
    path.write_bytes(whole)
    return damage


def test_every_flipped_byte_is_found(root: Path) -> None:
    draw, files = random.Random(3), covered(root)
    assert not verify(LocalStore(root), [], quiet).damage
    for _ in range(FLIPS):
        path = draw.choice(files)  # of files, not of bytes: else the small ones are never drawn
        changed = bytearray(path.read_bytes())
        at, flip = draw.randrange(len(changed)), draw.randrange(1, 256)
        changed[at] ^= flip
        damage = damaged(root, path, changed)
        assert damage, f"{path.relative_to(root)}: byte {at}, changed by {flip:08b}"
        named = " ".join(f"{one.what} {one.needed_by}" for one in damage)
        assert path.stem[:12] in named or path.relative_to(root).as_posix() in named
    assert not verify(LocalStore(root), [], quiet).damage


def test_every_lost_object_and_commit_is_found(root: Path) -> None:
    for path in covered(root):
        if path.relative_to(root).parts[0] in ("objects", "commits"):
            assert any("missing" in one.reason for one in damaged(root, path, None)), path


def test_every_file_that_was_cut_off_is_found(root: Path) -> None:
    """As a power cut leaves it, where the disk was told nothing in time."""
    for path in covered(root):
        assert damaged(root, path, b""), path
    assert not verify(LocalStore(root), [], quiet).damage
