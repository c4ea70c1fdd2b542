"""The step `experts` as a whole: its files, its figures, and that it survives a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from configs.errors import UserError
from envs.manipulation import ManipulationEnv
from models.moving import MOST
from tasks.experts.comparison import admitted
from tasks.experts.experts import experts
from tasks.experts.policy import Expert, load_expert
from tests.small_world import small_world
from tests.tasks.experts.expert_workshop import Workshop, make_workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    return make_workshop(tmp_path_factory.mktemp("experts"))


@pytest.fixture(scope="module")
def folder(workshop) -> Path:
    context = workshop.context("fast")
    return context.open(experts(workshop.expert_step(), workshop.refs, context))


def test_the_artifact_holds_policy_and_figures(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"policy.safetensors", "policy.json", "figures.json"}
    figures = json.loads((folder / "figures.json").read_text())
    assert set(figures) == {"script", "expert"}
    for row in figures.values():
        assert row["time_s"] == 4 * 1.0
        assert row["hold_s"] == row["time_s"] / max(row["drops"], 1)
        # a pair counts at most MOST goals a minute, so that a short test's few goals are cut
        plain = row["goals"] / row["time_s"] * 60
        assert row["goals_per_min"] <= min(plain, MOST) + 1e-9
        assert (row["goals_per_min"] > 0) == (row["goals"] > 0)


def test_metrics_are_recorded_for_each_iteration(workshop, folder):
    rows = [
        json.loads(line) for line in workshop.context("fast").metrics_file.read_text().splitlines()
    ]
    steps = [row["step"] for row in rows if row["name"] == "training/reward"]
    assert steps == [1, 2, 3, 4]
    assert any(row["name"] == "expert/hold_s" for row in rows)


def test_an_expert_acts_as_script_plus_residual_once_admitted(folder):
    small = small_world("allegro")
    loaded = load_expert(folder, small.layout)
    env = ManipulationEnv(
        small.config.world, small.objects, small.grasps, num_envs=4, seed=0, style="fast"
    )
    script = env.scripted_action(loaded.config.script)
    residual = loaded.actor(env.get_observations())
    expected = (script + loaded.config.residual_scale * residual).clamp(-1, 1)
    better, no_better = (Expert(loaded.actor, loaded.config, bar) for bar in (True, False))
    assert torch.equal(better(env), expected)
    assert torch.equal(better(env), better(env))  # nothing is drawn
    assert not torch.equal(expected, script)
    assert torch.equal(no_better(env), script)


def test_an_expert_is_marked_by_what_was_measured(folder):
    """Four seconds prove nothing: its interval reaches down to the script's figures."""
    assert not load_expert(folder, small_world("allegro").layout).admitted


@pytest.mark.parametrize(
    ("expert", "script", "better"),
    [
        ((10.0, 60.0), (10.0, 50.0), True),  # goals a minute, hold [s]: 10 a drop against 8.3
        ((10.0, 60.0), (10.0, 60.0), False),  # no better is not better
        ((5.0, 90.0), (10.0, 60.0), False),  # safer, and slower by more
        ((0.0, 900.0), (0.0, 60.0), False),
    ],
)
def test_the_bar_is_goals_a_drop(expert, script, better):
    rows = {
        "expert": {"goals_per_min": expert[0], "hold_s_low": expert[1]},
        "script": {"goals_per_min": script[0], "hold_s": script[1]},
    }
    assert admitted(rows) is better


def test_an_unknown_style_is_refused(workshop):
    with pytest.raises(UserError, match="hasty"):
        experts(
            replace(workshop.expert_step(), style="hasty"), workshop.refs, workshop.context("x")
        )


TRAINING = """
import sys; from pathlib import Path
from tests.tasks.experts.test_experts import experts, make_workshop
workshop = make_workshop(Path(sys.argv[1]))
context = workshop.context("killed")
print(context.open(experts(workshop.expert_step(), workshop.refs, context)))
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_very_same_policy(tmp_path, folder):
    home = tmp_path / "home"
    arguments = [sys.executable, "-c", TRAINING, str(home)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    checkpoint = home / "scratch" / "killed" / "checkpoint.pt"
    deadline = time.monotonic() + 60
    while not checkpoint.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = torch.load(checkpoint, weights_only=True)["iteration"]
    assert 1 <= done < 4
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True)
    again = Path(answer.stdout.strip().splitlines()[-1])
    for name in ("policy.safetensors", "figures.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
