"""Training on real files: what it learns, what it refuses, and that a kill leaves no trace."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from configs.errors import UserError
from configs.layout import LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.train import TrainStep
from tasks.data.verdict import VERDICT
from tasks.learning.train import train
from tests.contexts import Interrupted
from tests.tasks.learning.workplace import folder_ref, workplace
from tests.tasks.synthetic_episodes import write_dataset

SETTINGS = [
    "train.controller.denoiser.hidden=32",
    "train.controller.denoiser.blocks=1",
    "train.controller.denoiser.encoder_hidden=32",
    "train.controller.denoiser.encoder_layers=1",
    "train.controller.inverse_dynamics.hidden=32",
    "train.controller.inverse_dynamics.blocks=1",
    "train.samples=5000",
    "train.optimizer.learning_rate=0.005",
    "train.batch=64",
    "train.validate_every=20",
    "train.checkpoint_every=7",
    "train.history_noise=0.05",
]
DATASET = folder_ref("dataset")


def step(*overrides: str) -> TrainStep:
    config = load(Config, [*SETTINGS, *overrides])
    return TrainStep(embodiment=config.embodiment, train=config.train, seed=config.seed)


def home_with_data(folder: Path, hand: str = "allegro") -> Path:
    write_dataset(folder / "dataset", step(f"hand={hand}").embodiment, episodes=30, length=60)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of an uninterrupted training."""
    home = home_with_data(tmp_path_factory.mktemp("finished"))
    train(step(), {"dataset": DATASET}, workplace(home))
    return home


STREAM = [  # several buffers of several shards a pass
    "train.loader=stream",
    "train.stream.buffer_frames=500",
    "train.stream.block_frames=130",
    "train.stream.shards_at_once=2",
    "train.stream.kept_shards=3",
]


@pytest.fixture(scope="module")
def streamed(tmp_path_factory) -> Path:
    """The folder of an uninterrupted training from a stream."""
    home = home_with_data(tmp_path_factory.mktemp("streamed"))
    train(step(*STREAM), {"dataset": DATASET}, workplace(home))
    return home


def artifact(home: Path) -> tuple[bytes, bytes]:
    return (home / "controller.safetensors").read_bytes(), (home / "controller.json").read_bytes()


def test_it_learns_and_says_what(finished):
    description = json.loads((finished / "controller.json").read_text())
    figures = description["figures"]
    assert figures["validation.prior"] < 0.95  # predicting 0 gives about 1
    assert figures["validation.inverse"] < 0.7 * figures["validation.action"]
    assert description["layout"] == step().embodiment.make_layout().fingerprint()
    windows = description["windows"]
    # of 15 clean and 15 other episodes of 60 frames two each are held back; 2 frames of future
    assert windows == {
        "inverse": 26 * 58,
        "prior": 13 * 58,
        "inverse_validation": 4 * 58,
        "prior_validation": 2 * 58,
    }
    rows = workplace(finished).metrics_file.read_text().splitlines()
    steps = [json.loads(row)["step"] for row in rows if "validation.prior" in row]
    assert steps == [20 * 64, 40 * 64, 60 * 64, 79 * 64]


@pytest.mark.parametrize(
    ("loader", "batch"), [("memory", 7), ("memory", 30), ("stream", 3), ("stream", 64)]
)
def test_interrupted_training_ends_with_the_same_bits(finished, streamed, tmp_path, loader, batch):
    """A pass has some 10 to 25 batches of 64, so these end in the midst of one."""
    home, config = home_with_data(tmp_path), step(*STREAM, f"train.loader={loader}")

    with pytest.raises(Interrupted):
        train(config, {"dataset": DATASET}, workplace(home, batch * 64))
    train(config, {"dataset": DATASET}, workplace(home))
    assert artifact(home) == artifact({"memory": finished, "stream": streamed}[loader])


def test_a_stream_trains_as_well(finished, streamed):
    mine, other = (json.loads((h / "controller.json").read_text()) for h in (streamed, finished))
    figures = mine["figures"]
    assert figures["validation.prior"] < 0.95
    assert figures["validation.inverse"] < 0.7 * figures["validation.action"]
    assert mine["motion_rms_m"] == pytest.approx(other["motion_rms_m"], rel=0.1)
    assert mine["windows"]["frames"] == 30 * 60
    assert artifact(streamed)[0] != artifact(finished)[0]


@pytest.mark.parametrize("loader", ["stream", pytest.param("memory", marks=pytest.mark.slow)])
def test_a_killed_training_ends_with_the_same_bits(finished, streamed, tmp_path, loader):
    home = home_with_data(tmp_path)

    def run(stop_at: float) -> int:
        overrides = (*STREAM, f"train.loader={loader}")
        command = [sys.executable, "-c", KILLED, str(home), str(stop_at), *overrides]
        return subprocess.run(command, cwd=Path(__file__).parents[3], check=False).returncode

    assert run(31 * 64) == -9
    saved = torch.load(workplace(home).scratch / "checkpoint.ckpt", weights_only=True)
    assert saved["global_step"] == 28
    assert saved["callbacks"]["Watch"]["inverse"]["pass"] > 0
    if loader == "memory":
        assert run(45 * 64) == -9
    assert not (home / "controller.json").exists()
    assert run(1e9) == 0
    assert artifact(home) == artifact({"memory": finished, "stream": streamed}[loader])


def test_a_dataset_without_validation_episodes_cannot_be_streamed(tmp_path):
    config = step(*STREAM)
    write_dataset(tmp_path / "dataset", config.embodiment, episodes=2, length=60)
    with pytest.raises(UserError, match="no window for prior_validation in the 120 frames"):
        train(config, {"dataset": DATASET}, workplace(tmp_path))


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.tasks.learning import test_train as t
stop = lambda: os.kill(os.getpid(), signal.SIGKILL)
home = t.workplace(Path(sys.argv[1]), float(sys.argv[2]), stop)
t.train(t.step(*sys.argv[3:]), {"dataset": t.DATASET}, home)
"""


def test_another_seed_gives_other_weights(finished, tmp_path):
    home = home_with_data(tmp_path)
    train(step("seed=1"), {"dataset": DATASET}, workplace(home))
    assert artifact(home)[0] != artifact(finished)[0]


def test_the_other_hand_and_no_averaging(tmp_path):
    home = home_with_data(tmp_path, "trident")
    config = step("hand=trident", "train.averaging=0", "train.samples=640")
    train(config, {"dataset": DATASET}, workplace(home))
    assert (home / "controller.safetensors").exists()


def test_the_callers_random_state_is_left_alone(tmp_path):
    home = home_with_data(tmp_path)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    train(step("train.samples=64"), {"dataset": DATASET}, workplace(home))
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_dataset_of_another_layout_is_refused(tmp_path):
    home = home_with_data(tmp_path, "trident")
    with pytest.raises(LayoutMismatch, match="layout fingerprint"):
        train(step(), {"dataset": DATASET}, workplace(home))


def test_no_gpu_is_said_in_one_line(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    home = home_with_data(tmp_path)
    with pytest.raises(ValueError, match=r"train\.accelerator: cuda: no GPU"):
        train(step("train.accelerator=cuda"), {"dataset": DATASET}, workplace(home))


@pytest.mark.parametrize("verdict", ["none", "failed"])
def test_a_dataset_that_did_not_pass_its_checks_is_refused(tmp_path, verdict):
    home = home_with_data(tmp_path)
    path = home / "dataset" / VERDICT
    content = json.loads(path.read_text()) | {"passed": False}
    path.unlink()
    if verdict == "failed":
        path.write_text(json.dumps(content))
    said = {"none": "no verdict on this dataset", "failed": "failed its checks"}[verdict]
    with pytest.raises(UserError, match=said):
        train(step(), {"dataset": DATASET}, workplace(home))
