"""Whatever byte of a store changes, `verify` alone finds it."""

import random
import shutil
from pathlib import Path

import pytest

from tasks.store.local import LocalStore
from tasks.store.verify import verify
from tests.tasks.data.workshop import fill
from tests.tasks.store.places import local

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


def test_every_flipped_byte_is_found(root: Path) -> None:
    draw, files = random.Random(3), covered(root)
    assert not verify(LocalStore(root), [], quiet).damage
    for _ in range(FLIPS):
        path = draw.choice(files)  # of files, not of bytes: else the small ones are never drawn
        content = path.read_bytes()
        at = draw.randrange(len(content))
        changed = bytearray(content)
        changed[at] ^= draw.randrange(1, 256)
        path.chmod(0o644)
        path.write_bytes(changed)
        damage = verify(LocalStore(root), [], quiet).damage
        path.write_bytes(content)
        assert damage, f"{path.relative_to(root)}: byte {at}, {content[at]} -> {changed[at]}"
        named = " ".join(f"{one.what} {one.needed_by}" for one in damage)
        assert path.stem[:12] in named or path.relative_to(root).as_posix() in named
    assert not verify(LocalStore(root), [], quiet).damage


def test_every_lost_object_and_commit_is_found(root: Path, tmp_path: Path) -> None:
    for number, path in enumerate(covered(root)):
        if path.relative_to(root).parts[0] in ("objects", "commits"):
            whole = tmp_path / str(number)
            shutil.copytree(root, whole, copy_function=shutil.copy)
            (whole / path.relative_to(root)).unlink()
            found = verify(LocalStore(whole), [], quiet)
            assert any("missing" in one.reason for one in found.damage), path
            shutil.rmtree(whole)


def test_every_file_that_was_cut_off_is_found(root: Path) -> None:
    """As a power cut leaves it, where the disk was told nothing in time."""
    for path in covered(root):
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(b"")
        assert verify(LocalStore(root), [], quiet).damage, path
        path.write_bytes(content)
    assert not verify(LocalStore(root), [], quiet).damage


def test_what_is_set_aside_is_made_anew_and_then_sound(tmp_path: Path) -> None:
    file, place = tmp_path / "made", local(tmp_path)
    store = place.open()
    file.write_text("content")
    ref = store.publish({"made": file}, "made", {"identity": "i", "label": "train"})
    store.index_put("i", ref, label="train")
    place.flip("content")
    for _ in range(2):  # the first one changes nothing
        assert len(verify(place.open(), [], quiet).damage) == 1
        assert place.open().index_get("i") == ref
    verify(place.open(), [], quiet, set_aside=True)
    assert place.open().index_get("i") is None
    again = place.open().publish({"made": file}, "made", {"identity": "i", "label": "train"})
    assert again == ref
    assert not verify(place.open(), [], quiet).damage
