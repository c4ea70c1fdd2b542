"""Whatever byte of a store changes, `verify` alone finds it."""

import random
import shutil
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.store.local import LocalStore
from tasks.store.verify import verify
from tests.tasks.data.workshop import fill
from tests.tasks.store.places import Place

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
        if content.startswith(b" "):
            continue  # a branch before its first commit: there is nothing to lose
        path.chmod(0o644)
        path.write_bytes(b"")
        assert verify(LocalStore(root), [], quiet).damage, path
        path.write_bytes(content)
    assert not verify(LocalStore(root), [], quiet).damage


def test_the_remedy_for_a_name_costs_no_history(root: Path, tmp_path: Path) -> None:
    store = LocalStore(Path(shutil.copytree(root, tmp_path / "store")))
    for number, words in ((0, "put it back from a copy"), (1, "where it was before its last move")):
        if number:
            store.merge("runs/bad", "main")
        file = store.heads.file("main", number)
        content = file.read_bytes()
        file.chmod(0o644)
        file.write_bytes(b"")
        (damage,) = verify(store, ["main"], quiet).damage
        assert words in damage.reason
        file.write_bytes(content)


def test_names_and_entries_of_an_older_store_are_read(root: Path, tmp_path: Path) -> None:
    """They have no checksum: a changed name is found since no version has it."""
    store = LocalStore(Path(shutil.copytree(root, tmp_path / "old")))
    for file in (store.root / "refs").rglob("@*"):
        if file.parent.name == "empty":
            continue  # of the older store it cannot be told from one that was cut off
        file.chmod(0o644)
        file.write_text(file.read_text().split(" ")[0])
    for file in (store.root / "index").iterdir():
        file.chmod(0o644)
        file.write_bytes(file.read_bytes().split(b"\n")[0])
    assert not verify(store, [], quiet).damage
    assert store.resolve("main") == store.resolve("datasets/good")
    head = store.heads.file("main", 0)
    head.write_text(head.read_text().replace("a", "b", 1))
    assert [one.reason for one in verify(store, [], quiet).damage] == ["is missing"]


def test_what_is_set_aside_is_made_anew_and_then_sound(place: Place, tmp_path: Path) -> None:
    file, store = tmp_path / "made", place.open()
    file.write_text("content")
    ref = store.publish({"made": file}, "made", {"identity": "i", "label": "train"})
    store.index_put("i", ref, label="train")
    place.flip("content")
    for _ in range(2):  # the first one changes nothing
        (damage,) = verify(place.elsewhere(), [], quiet).damage
        assert damage.made_by == "train"
        assert place.open().index_get("i") == ref
    verify(place.elsewhere(), [], quiet, set_aside=True)
    assert place.open().index_get("i") is None
    again = place.elsewhere().publish({"made": file}, "made", {"identity": "i", "label": "train"})
    assert again == ref
    assert not verify(place.elsewhere(), [], quiet).damage


def test_damage_is_of_the_step_that_made_it_first(tmp_path: Path) -> None:
    """A dataset holds the shards of what was rolled out: checking it again would not mend them."""
    store, file = LocalStore(tmp_path / "store"), tmp_path / "shard"
    file.write_text("episodes")
    made = {}
    for label, parents in (("rollouts/slow", []), ("check", ["rollouts/slow"])):
        branch = f"steps/{label}"
        store.branch(branch, None)
        store.put(branch, f"{label}/shard", file)
        above = [made[name] for name in parents]
        made[label] = store.commit(branch, label, {"label": label}, above)
    for number, label in enumerate(made):
        ref = Ref(store.name, made[label], label)
        store.index_put(f"{number}" * 64, ref, step=label.split("/")[0], label=label)
    (path,) = objects(tmp_path / "store")
    path.chmod(0o644)
    path.write_text("Episodes")
    (damage,) = verify(store, [], quiet).damage
    assert damage.made_by == "rollouts/slow"
    assert damage.also == 1


def objects(root: Path) -> list[Path]:
    return [path for path in (root / "objects").rglob("*") if path.is_file()]
