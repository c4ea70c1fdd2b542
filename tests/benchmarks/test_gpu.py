"""The benchmark of a GPU, tried out on the CPU: it runs, compares and judges."""

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu


def test_no_gpu_is_said_in_a_line(monkeypatch, capsys):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    assert gpu.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_it_measures_and_finds_a_cpu_too_slow(monkeypatch, tmp_path: Path, capsys):
    pytest.importorskip("mujoco_warp")
    size = ["--count=60", "--core-count=60", "--slots=64", "--proposals=300", "--frames=20000"]
    file = tmp_path / "gpu.json"
    words = ["gpu.py", "--device=cpu", *size, "--objects", "box", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", words)
    assert gpu.main() == 1
    assert "at least 1,000 MISSED" in capsys.readouterr().out
    figures = json.loads(file.read_text())
    assert figures["objects"]["box"]["yield"]["expansion"]["held"] > 0
    assert 0 < figures["validated_grasps_per_s"] < 1000
    assert figures["floor_vs_cores"] > 0
    assert figures["loader_samples_per_s"] > 1000
