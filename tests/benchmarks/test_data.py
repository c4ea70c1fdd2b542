"""The benchmark of the data path, small: what its figures are made of, not how fast it is."""

import json
import sys

import pytest
import torch

from benchmarks import data, loaders
from benchmarks.loaders import Windowed, rows_of
from benchmarks.made_up_data import LENGTH, write
from benchmarks.measuring import missed
from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.windows import gather, read_frames

CONFIG = load(Config, ["profile=smoke"])
LAYOUT = CONFIG.embodiment.make_layout()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made_up")
    write(folder, CONFIG.embodiment, 20 * LENGTH, 0)
    return folder


def test_the_peer_gives_the_same_windows(folder):
    frames = read_frames(folder, LAYOUT, Kinematics(CONFIG.hand), 10**6)
    rows = rows_of(frames, LAYOUT)
    wanted, peer = gather(frames, rows, LAYOUT), Windowed(frames, rows, LAYOUT)
    assert len(peer) == len(rows)
    for index in (0, 1, 2, 3, 197, 198, 199, len(rows) - 1):
        for name, value in peer[index].items():
            assert torch.equal(value, getattr(wanted, name)[index])


def test_a_small_run_gives_every_figure(tmp_path, monkeypatch, capsys):
    for module in (data, loaders):  # both measure rates
        monkeypatch.setattr(module, "SECONDS", 0.01)
    monkeypatch.setattr(data, "WRITERS", (1, 2))
    path = tmp_path / "data.json"
    monkeypatch.setattr(
        sys, "argv", ["data.py", "--frames", "8000", "--json", str(path), "profile=smoke"]
    )
    code = data.main()
    figures, said = json.loads(path.read_text()), capsys.readouterr().out
    below = missed(figures, data.LIMITS)
    assert code == (1 if below else 0)  # so few frames may be below what is asked
    assert said.count("MISSED") == len(below)
    assert figures["frames"] == 8000
    for name in ("loader_samples_per_s", "vs_torch_dataloader", "stream_vs_memory"):
        assert figures[name] > 0
        assert name in said
    assert list(figures["write"]) == ["1", "2"]
    assert figures["bytes_per_frame"] == pytest.approx(504, abs=30)
