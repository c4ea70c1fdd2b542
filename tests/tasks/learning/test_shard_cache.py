"""Shards of a published dataset, fetched one by one: which of them stay, and for how long."""

from pathlib import Path

import numpy as np
import pytest
import torch

from configs.layout import LayoutMismatch
from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from envs.episodes.episodes import SHARDS, open_shard, read_manifest
from models.kinematics import Kinematics
from tasks.data.verdict import VERDICT, require_checked
from tasks.learning.buffers import ALONE
from tasks.learning.shard_cache import ShardCache, fetch_as_read
from tasks.learning.training_data import open_data
from tasks.running.context import Context
from tasks.store.protocol import Corrupt
from tests.contexts import make_context
from tests.tasks.synthetic_episodes import write_dataset

CONFIG = load(
    Config,
    [
        "train.loader=stream",
        "train.stream.buffer_frames=300",
        "train.stream.block_frames=60",
        "train.stream.shards_at_once=2",
    ],
)
LAYOUT = CONFIG.embodiment.make_layout()


class Shop:
    """Somewhere to fetch small files from; it remembers what was fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def __call__(self, name: str, target: Path) -> None:
        self.fetched.append(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(name)


def kept(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_those_used_last_are_kept_and_others_fetched_again(tmp_path):
    shop = Shop()
    cache = ShardCache(shop, Path.read_text, tmp_path, 3)
    for name in ("s/a", "s/b", "s/c", "s/a", "s/d"):
        assert cache.open(name) == name
    assert shop.fetched == ["s/a", "s/b", "s/c", "s/d"]
    assert kept(tmp_path) == {"s/a", "s/c", "s/d"}  # b was used longest ago
    cache.open("s/b")
    assert shop.fetched[-1] == "s/b"
    assert kept(tmp_path) == {"s/a", "s/d", "s/b"}


def test_what_a_run_before_has_left_counts_and_is_verified_again(tmp_path):
    first = ShardCache(Shop(), Path.read_text, tmp_path, 3)
    for name in "abc":
        first.open(name)
    shop = Shop()
    cache = ShardCache(shop, Path.read_text, tmp_path, 3)
    cache.open("b")
    cache.open("b")
    assert shop.fetched == ["b"]
    assert kept(tmp_path) == set("abc")
    cache.open("d")
    assert kept(tmp_path) == set("bcd")


def test_a_shard_that_cannot_be_fetched_is_not_believed_to_be_there(tmp_path):
    class Once(Shop):
        def __call__(self, name: str, target: Path) -> None:
            if name not in self.fetched:
                self.fetched.append(name)
                raise Corrupt(f"{name}: has changed bytes")
            super().__call__(name, target)

    cache = ShardCache(Once(), Path.read_text, tmp_path, 2)
    with pytest.raises(Corrupt):
        cache.open("a")
    assert cache.open("a") == "a"


@pytest.fixture
def published(tmp_path) -> tuple[Context, Ref, Path]:
    """A context, a dataset in its store, and the folder that it was made from."""
    folder, home = tmp_path / "made", tmp_path / "home"
    write_dataset(folder, CONFIG.embodiment, 40, 50)
    context = make_context(home, "training", "train")
    files = {name: folder / name for name in kept(folder)}
    return context, context.store.publish(files, "dataset", {}), folder


def test_nothing_but_the_shards_is_there_before_it_is_read(published):
    context, ref, made = published
    folder, opener = fetch_as_read(context, ref, LAYOUT, 2)
    assert kept(folder) == {name for name in kept(made) if not name.startswith(SHARDS)}
    assert VERDICT in kept(folder)
    manifest = require_checked(folder, LAYOUT)
    names = list(manifest.shards)
    assert len(names) > 4
    for name in names:
        wanted = open_shard(made / name)
        found = opener(name)
        assert all(np.array_equal(found[key], wanted[key]) for key in wanted)
    assert kept(context.scratch / "fetched") == set(names[-2:])


def test_a_part_of_a_version_can_be_the_dataset(published):
    context, _, made = published
    files = {f"deep/er/{name}": made / name for name in kept(made)}
    ref = context.store.publish(files, "deeper", {})
    folder, opener = fetch_as_read(context, Ref(ref.store, ref.version, "deep/er"), LAYOUT, 2)
    name = next(iter(require_checked(folder, LAYOUT).shards))
    wanted = open_shard(made / name)
    assert all(np.array_equal(found, wanted[key]) for key, found in opener(name).items())


def test_windows_are_those_of_a_folder_that_holds_everything(published):
    """Two networks read at once, and fewer shards are kept than they have open."""
    context, ref, made = published
    folder, opener = fetch_as_read(context, ref, LAYOUT, 1)
    taken = []
    for place, open_fetched in ((made, None), (folder, opener)):
        shards, kinematics = read_manifest(place, LAYOUT).shards, Kinematics(CONFIG.hand)
        data = open_data(place, shards, LAYOUT, kinematics, CONFIG.train, 0, ALONE, open_fetched)
        taken.append([])
        for _ in range(12):  # about two passes
            for windows in (data.prior.take(250), data.inverse.take(250)):
                taken[-1] += [windows.history, windows.motion, windows.action]
        data.close()
    assert all(torch.equal(a, b) for a, b in zip(*taken, strict=True))
    assert len(kept(context.scratch / "fetched")) == 1


def test_a_changed_byte_is_found_when_its_shard_is_read(published):
    context, ref, made = published
    folder, opener = fetch_as_read(context, ref, LAYOUT, 8)
    names = list(read_manifest(folder).shards)
    blob = context.store.read(ref.version).tree[names[3]]
    path = context.home / "store" / "objects" / blob.sha256[:2] / blob.sha256
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    opener(names[0])
    with pytest.raises(Corrupt, match=names[3].replace(".", r"\.")):
        opener(names[3])
    assert (made / names[3]).exists()


def test_another_layout_is_refused_before_any_shard_is_fetched(published):
    context, ref, _ = published
    folder, _ = fetch_as_read(context, ref, LAYOUT, 8)
    other = load(Config, ["hand=trident"]).embodiment.make_layout()
    with pytest.raises(LayoutMismatch):
        require_checked(folder, other)
    assert not (context.scratch / "fetched").exists()
