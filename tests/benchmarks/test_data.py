"""The benchmark of the data path, small: what its figures are made of, not how fast it is."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import data
from benchmarks.loaders import Windowed, rows_of
from benchmarks.made_up_data import LENGTH, write
from benchmarks.representations import from_bytes, losses, measure, narrow, rounding, to_bytes
from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.windows import gather, read_frames

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_bytes_come_back(dtype, shuffled):
    array = (100 * np.random.default_rng(0).normal(size=(7, 3))).astype(dtype)
    back = from_bytes(to_bytes(array, shuffled), array, shuffled)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_a_shuffle_puts_equal_bytes_side_by_side():
    array = np.array([0x0102, 0x0304], "<u2")
    assert to_bytes(array, True) == bytes([2, 4, 1, 3])


def test_sizes_count_every_byte():
    shards = [{"a": np.zeros((5000, 4), np.float32), "b": np.zeros(5000, np.int64)}]
    assert measure(shards, 5000, "float32", "", False)["bytes_per_frame"] == 16 + 8
    assert measure(shards, 5000, "float16", "", False)["bytes_per_frame"] == 8 + 8
    assert measure(shards, 5000, "float32", "zlib 6", True)["bytes_per_frame"] < 1
    assert narrow(shards[0]["b"], "float16").dtype == np.int64


def test_rounding_is_that_of_float16(folder):
    found = rounding(folder, LAYOUT)
    # float16 has 11 bits: joints up to 2 rad are rounded by 2^-11 at most, 0.1 m by 2^-15
    assert 2**-12 < found["joint_target"]["error"] <= 2**-11
    assert 2**-16 < found["keypoints"]["error"] <= 2**-13
    assert found["keypoints"]["unit"] == "m"
    assert "step" not in found


def test_losses_need_a_shard_to_validate_on(folder):
    with pytest.raises(SystemExit, match="one shard; two are needed"):
        losses(folder, CONFIG, 1, 100)


def test_a_small_run_gives_every_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(data, "SECONDS", 0.01)
    monkeypatch.setattr(data, "WRITERS", (1, 2))
    monkeypatch.setattr(data, "PACKED", 2000)
    path = tmp_path / "data.json"
    monkeypatch.setattr(
        sys, "argv", ["data.py", "--frames", "8000", "--json", str(path), "profile=smoke"]
    )
    code = data.main()
    figures, said = json.loads(path.read_text()), capsys.readouterr().out
    below = {name for name, least in data.LIMITS.items() if figures[name] < least}
    assert code == (1 if below else 0)  # so few frames may be below what is asked
    assert said.count("MISSED") == len(below)
    assert figures["frames"] == 8000
    for name in ("loader_samples_per_s", "vs_torch_dataloader", "stream_vs_memory"):
        assert figures[name] > 0
        assert name in said
    assert list(figures["write"]) == ["1", "2"]
    assert figures["representations"]["float32"]["bytes_per_frame"] == pytest.approx(504, abs=3)


def test_a_figure_below_its_limit_is_marked_and_counts():
    enough = dict(data.LIMITS)
    assert data.missed(enough) == []
    assert "MISSED" not in data.table(enough)
    for name, least in data.LIMITS.items():
        for value in (0.99 * least, float("nan")):
            assert data.missed(enough | {name: value}) == [name]
            lines = data.table(enough | {name: value}).splitlines()
            (line,) = (line for line in lines if "MISSED" in line)
            assert line.startswith(f"{name} ")
            assert f"at least {least:,}" in line
    assert data.missed({"losses": {}}) == [], "what was not measured is not missed"


def test_an_impossible_limit_ends_with_exit_code_1(tmp_path):
    program = (
        "import sys; from benchmarks import data; "
        "data.LIMITS['vs_torch_dataloader'] = 1e9; data.SECONDS = 0.01; data.WRITERS = (1,); "
        "data.PACKED = 2000; sys.exit(data.main())"
    )
    command = [sys.executable, "-c", program, "--frames", "4000", "profile=smoke"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    (line,) = (one for one in ended.stdout.splitlines() if one.startswith("vs_torch_dataloader"))
    assert line.endswith("at least 1,000,000,000.0  MISSED")


def test_losses_are_asked_for_with_a_dataset(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["data.py", "--losses"])
    with pytest.raises(SystemExit) as ended:
        data.main()
    assert ended.value.code == 2
    assert "--dataset" in capsys.readouterr().err
