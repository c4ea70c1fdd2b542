"""The step `rollouts`: whole episodes of the layout's fields, honest flags, equal bytes again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.schema.rollouts import RolloutsStep
from envs.episodes.episodes import open_shard, read_manifest
from envs.manipulation import ManipulationEnv
from models.motion import apply_action
from tasks.distillation.distill import STUDENTS
from tasks.distillation.reader import Reader
from tasks.rollouts import collecting as module
from tasks.rollouts.bursts import CommandBursts
from tasks.rollouts.collecting import Chunk, episodes, merge_chunks, write
from tasks.rollouts.rollouts import StudentsPart, mode_of, rollouts
from tests.small_world import small_world
from tests.tasks.experts.expert_workshop import Workshop, make_workshop, publish_untrained


@pytest.fixture(scope="module", params=["allegro", "trident"])
def workshop(request, tmp_path_factory) -> Workshop:
    """A workshop with an untrained expert and student."""
    return publish_untrained(make_workshop(tmp_path_factory.mktemp("rollouts"), request.param))


@pytest.fixture(scope="module")
def folder(workshop) -> Path:
    context = workshop.context("fast")
    return context.open(rollouts(workshop.rollouts_step(), workshop.refs, context))


def rows(folder: Path, name: str) -> np.ndarray:
    manifest = read_manifest(folder)
    return np.concatenate([open_shard(folder / shard)[name] for shard in manifest.shards])


def test_every_frame_rolled_out_is_kept_or_counted(workshop, folder):
    layout = workshop.config.embodiment.make_layout()
    manifest = read_manifest(folder, layout)
    counts, settings = manifest.counts, workshop.config.rollouts
    total = settings.chunks * settings.environments * round(settings.chunk_s * layout.control_hz)
    named = ("frames_kept", "frames_trimmed", "frames_too_short")
    assert sum(counts[name] for name in named) == total
    assert counts["frames_kept"] == manifest.rows
    assert counts["episodes"] - counts["too_short"] == manifest.episodes
    assert manifest.rows > 0.3 * total


def test_a_frame_says_what_was_asked_and_what_was_done(workshop, folder):
    layout = workshop.config.embodiment.make_layout()
    step, episode = rows(folder, "step"), rows(folder, "episode")
    target, action = rows(folder, "joint_target"), rows(folder, "action")
    reading = rows(folder, "joint_observation")
    follows = (episode[1:] == episode[:-1]) & (step[1:] == step[:-1] + 1)
    moved = apply_action(layout, target[:-1], reading[:-1], action[:-1])
    assert follows.mean() > 0.9
    assert np.allclose(moved[follows], target[1:][follows], atol=1e-6)
    command = rows(folder, "command")
    inside = np.abs(command) < 0.8  # where neither is clipped
    noise = (action - command)[inside]
    assert noise.std() == pytest.approx(0.05, rel=0.1)


def test_clean_frames_are_those_without_injected_noise(workshop, folder):
    clean = rows(folder, "clean").astype(bool)
    assert 0.3 < clean.mean() < 1.0
    command = rows(folder, "command")
    # an untrained expert is nearly the script, whose clean commands mostly rest at the goal
    assert np.abs(command[clean]).mean() < 0.7 * np.abs(command[~clean]).mean()


def test_frames_carry_style_mode_and_object(workshop, folder):
    assert set(rows(folder, "style").tolist()) == {0}
    assert set(rows(folder, "mode").tolist()) == {0}
    assert set(rows(folder, "object").tolist()) == {0, 1}
    assert np.isfinite(rows(folder, "keypoints")).all()


def test_another_process_and_thread_count_give_equal_bytes(workshop, folder):
    context = workshop.context("again", threads=2)
    again = context.open(rollouts(workshop.rollouts_step(), workshop.refs, context))
    assert (again / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


@pytest.mark.parametrize("workshop", ["trident"], indirect=True)  # no hand matters to it
def test_only_what_a_kill_left_undone_is_made_again(workshop, folder):
    context = workshop.context("killed")
    rollouts(workshop.rollouts_step(), workshop.refs, context)
    shutil.rmtree(context.scratch / "chunk_00000")
    unfinished = context.scratch / "chunk_00000" / "shards"
    unfinished.mkdir(parents=True)
    (unfinished / "half").write_bytes(b"cut off")
    kept = context.scratch / "chunk_00001" / "manifest.json"
    before = kept.stat().st_mtime_ns
    result = context.open(rollouts(workshop.rollouts_step(), workshop.refs, context))
    assert kept.stat().st_mtime_ns == before
    assert (result / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def chunk_of(layout, ended: list[list[int]], dropped: list[list[int]]) -> Chunk:
    steps, count = len(ended), len(ended[0])
    frames = {
        name: np.zeros((steps, count, *field.shape), field.dtype)
        for name, field in layout.fields.items()
    }
    frames[module.TOUCHING] = np.zeros((steps, count, layout.num_tips), bool)
    frames["step"][:] = np.arange(steps)[:, None]
    frames["object"][:] = np.arange(count)
    return Chunk(frames, np.array(ended, bool), np.array(dropped, bool), goals=3)


def test_a_chunk_is_cut_into_episodes_at_their_ends(workshop):
    layout = workshop.config.embodiment.make_layout()
    ended = [[0, 0], [1, 0], [0, 0], [0, 1]]
    dropped = [[0, 0], [1, 0], [0, 0], [0, 0]]
    found = [
        (episode["object"][0].item(), episode["step"].tolist(), was_dropped)
        for episode, was_dropped in episodes(chunk_of(layout, ended, dropped))
    ]
    assert found == [(0, [0, 1], True), (0, [2, 3], False), (1, [0, 1, 2, 3], False)]


def test_rollouts_that_leave_nothing_are_refused_and_partly_empty_ones_are_not(workshop, tmp_path):
    layout, config = workshop.config.embodiment.make_layout(), workshop.config.rollouts
    lost = chunk_of(layout, [[1]] * 20, [[1]] * 20)
    held = chunk_of(layout, [[0]] * 20, [[0]] * 20)
    empty = write(lost, tmp_path / "lost", config, layout, first_id=0)
    full = write(held, tmp_path / "held", config, layout, first_id=100)
    with pytest.raises(UserError, match="none of 20 episodes"):
        merge_chunks([empty], "fast")
    merged = merge_chunks([empty, full], "fast")
    assert merged.rows == 20
    assert merged.counts["drops"] == 20
    assert merged.counts["goals"] == 6


@pytest.mark.parametrize(
    ("modes", "named"), [({"slow": "precision"}, "fast"), ({"fast": "rushed"}, "rushed")]
)
def test_a_style_needs_a_known_mode(workshop, modes, named):
    step: RolloutsStep = workshop.rollouts_step()
    step = replace(step, rollouts=replace(step.rollouts, modes=modes))
    layout = workshop.config.embodiment.make_layout()
    with pytest.raises(UserError, match=named):
        mode_of(step.rollouts.modes, step.style, layout)


def test_the_precision_style_is_labelled(workshop):
    layout = workshop.config.embodiment.make_layout()
    modes = workshop.config.rollouts.modes
    assert mode_of(modes, "slow", layout) == layout.modes.index("precision")


@pytest.fixture
def chunk(workshop) -> Chunk:
    """Four environments, one without noise; in every other one a student reads what is bad."""
    small, config = small_world(workshop.config.hand.name), workshop.config
    env = ManipulationEnv(
        small.config.world, small.objects, small.grasps, num_envs=4, seed=0, style="fast", threads=1
    )
    noise = CommandBursts(
        replace(config.rollouts.bursts, calm_s=(0.25, 0.25), bad_s=(0.5, 0.5)),
        np.array([0.0, 1.0, 1.0, 1.0]),
        small.config.hand,
        small.layout,
        np.random.default_rng(0),
    )
    student = STUDENTS.read(workshop.context("chunk").open(workshop.refs["student"]), small.layout)
    part = StudentsPart(Reader(student, 4), torch.tensor([False, False, True, False]))
    mode, script = {"mode": 1}, small.config.experts.policy.script
    return module.record(env, lambda env: env.scripted_action(script), noise, 20, mode, part.action)


def test_recorded_noise_comes_and_goes(chunk):
    clean = chunk.frames["clean"]
    assert clean[:, 0].all()
    assert clean[:, 1].tolist() == clean[:, 2].tolist() == [1] * 5 + [0] * 10 + [1] * 5
    assert (chunk.frames["mode"] == 1).all()
    assert json.dumps(chunk.goals)


def test_a_student_replaces_bad_commands_where_it_assists(chunk):
    """Beyond the environment's own noise of 0.05; an untrained student goes half of the way."""
    off = np.abs(chunk.frames["action"] - chunk.frames["command"]).max(axis=-1)  # [steps, N]
    bad = chunk.frames["clean"][:, 1] == 0
    assert off[:, [0, 1, 3]].max() < 0.4
    assert off[~bad, 2].max() < 0.4
    assert off[bad, 2].mean() > 0.4
