"""What a training is given from a stream: nothing of it comes from episodes that are held back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from configs.schema.train import Train
from envs.episodes.episodes import open_shard, read_manifest
from models.controller import Windows
from models.kinematics import Kinematics
from tasks.learning.buffers import ALONE, Rank
from tasks.learning.shards import OnDisk, open_blocks, read_blocks
from tasks.learning.training_data import TrainingData, open_data, sample
from tasks.learning.windows import read_frames, split_episodes
from tests.tasks.synthetic_episodes import write_dataset

CONFIG = load(
    Config,
    [
        "train.loader=stream",
        "train.stream.buffer_frames=300",
        "train.stream.block_frames=60",
        "train.stream.shards_at_once=2",
        "train.stream.sample_shards=3",
    ],
)
LAYOUT = CONFIG.embodiment.make_layout()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "d", CONFIG.embodiment, 40, 50)


def source_of(folder: Path, **changes) -> OnDisk:
    settings = replace(CONFIG.train, stream=replace(CONFIG.train.stream, **changes))
    rows = {name: shard.rows for name, shard in read_manifest(folder).shards.items()}
    return OnDisk(
        rows,
        lambda name: open_shard(folder / name, LAYOUT),
        LAYOUT,
        Kinematics(CONFIG.hand),
        settings,
        0,
    )


def data_of(folder: Path, rank: Rank = ALONE, **changes) -> TrainingData:
    settings: Train = replace(CONFIG.train, **changes)
    shards = read_manifest(folder).shards
    return open_data(folder, shards, LAYOUT, Kinematics(CONFIG.hand), settings, 0, rank)


def actions(windows: Windows) -> set[tuple[float, ...]]:
    """Return the windows' actions, which name them: no two frames of this data have the same."""
    return {tuple(action) for action in windows.action.tolist()}


def by_use(folder: Path, loader: str) -> tuple[set, set, set]:
    """Return the actions of training's frames, of those held back, and of clean ones."""
    source = source_of(folder)
    if loader == "stream":
        parts = [read_blocks(source, open_blocks(source, name)) for name in source.rows]
    else:
        frames = read_frames(folder, LAYOUT, Kinematics(CONFIG.hand), 10**6)
        parts = [(frames, split_episodes(frames, CONFIG.train.validation_share, 0))]
    training, held_back, clean = set(), set(), set()
    for frames, back in parts:
        names = [tuple(action) for action in frames.action.tolist()]
        for name, is_back, is_clean in zip(
            names, back.tolist(), frames.clean.tolist(), strict=True
        ):
            (held_back if is_back else training).add(name)
            if is_clean:
                clean.add(name)
    return training, held_back, clean


@pytest.mark.parametrize("loader", ["memory", "stream"])
def test_batches_and_statistics_never_see_a_held_back_episode(folder, loader):
    """And the prior sees clean windows only: half of the episodes have noise throughout."""
    training, held_back, clean = by_use(folder, loader)
    assert not training & held_back
    data = data_of(folder, loader=loader)
    validation = data.validation
    prior, inverse = data.prior.take(3000), data.inverse.take(3000)
    for windows in (prior, inverse, data.statistics()):
        assert actions(windows) <= training
    for windows in (validation.prior, validation.inverse):
        assert actions(windows) <= held_back
    for windows in (prior, data.statistics(), validation.prior):
        assert actions(windows) <= clean
    assert not actions(inverse) <= clean
    data.close()


@pytest.mark.parametrize("shards", [1, 2, 100])
def test_a_sample_opens_so_many_shards_and_has_so_many_windows(folder, shards):
    opened = []

    def watched(name: str) -> dict[str, np.ndarray]:
        opened.append(name)
        return open_shard(folder / name, LAYOUT)

    source = replace(source_of(folder, sample_shards=shards), open=watched)
    found = sample(source, {"clean": True, "all": False}, 60, held_back=False)
    assert len(set(opened)) == len(opened) == min(shards, len(source.rows))  # each read once
    assert 30 < len(found["all"].mode) <= 60 + len(opened)
    assert 0 < len(found["clean"].mode) <= 60 + len(opened)
    again = sample(source, {"all": False}, 60, held_back=False)
    assert torch.equal(again["all"].history, found["all"].history)


@pytest.mark.parametrize("loader", ["memory", "stream"])
def test_places_travel(folder, loader):
    data, other = (data_of(folder, loader=loader) for _ in range(2))
    data.inverse.take(130)
    other.resume(data.state())
    assert torch.equal(other.inverse.take(50).action, data.inverse.take(50).action)
    assert torch.equal(other.prior.take(50).action, data.prior.take(50).action)
    data.close()
    other.close()


def test_both_loaders_measure_alike(folder):
    """Statistics of all training windows, and of a sample that here holds nearly all."""
    stream = replace(CONFIG.train.stream, sample_shards=100, buffer_frames=10**6)
    ours, other = data_of(folder, stream=stream), data_of(folder, loader="memory")
    a, b = ours.statistics(), other.statistics()
    torch.testing.assert_close(a.motion.std(), b.motion.std(), rtol=0.05, atol=0)
    assert len(a.mode) == pytest.approx(len(b.mode), rel=0.3)  # one a shard is held back


def test_an_unknown_loader_is_refused():
    with pytest.raises(ConfigError, match="loader"):
        load(Config, ["train.loader=disk"])


@pytest.mark.parametrize("loader", ["memory", "stream"])
def test_data_are_made_for_the_rank(folder, loader):
    parts = [data_of(folder, Rank(r, 2), loader=loader) for r in range(2)]
    first, second = (actions(part.inverse.take(300)) for part in parts)
    assert not first & second
    for part in parts:
        part.close()
