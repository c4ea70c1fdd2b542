"""The step `skills`: episodes of free fingers and fine rotations, labelled, counted, made again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configs.layout import NO_OBJECT
from configs.schema.skill_rollouts import SkillsStep
from envs.episodes.episodes import open_shard, read_manifest
from envs.shapes.objects import PARKED
from flows.plan import skills_step
from tasks.rollouts.skills import skills
from tests.contexts import Interrupted, Stopping
from tests.tasks.experts.expert_workshop import Workshop, make_workshop

SMALL = (
    "skills.rollouts.environments=8",
    "skills.rollouts.chunks=2",
    "skills.rollouts.chunk_s=5",
    "skills.tasks.free_finger.skill.empty=0.4",
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    return make_workshop(tmp_path_factory.mktemp("skills"), overrides=SMALL)


def made(workshop: Workshop, skill: str) -> Path:
    context = workshop.context(skill)
    return context.open(skills(skills_step(workshop.config, skill), workshop.refs, context))


@pytest.fixture(scope="module")
def free_finger(workshop) -> Path:
    return made(workshop, "free_finger")


@pytest.fixture(scope="module")
def fine_rotation(workshop) -> Path:
    return made(workshop, "fine_rotation")


def rows(folder: Path, name: str) -> np.ndarray:
    shards = read_manifest(folder).shards
    return np.concatenate([open_shard(folder / shard)[name] for shard in shards])


def test_each_skill_has_its_style_and_its_mode(workshop, free_finger, fine_rotation):
    styles, modes = workshop.config.styles, workshop.config.layout.modes
    assert styles[-2:] == ("free_finger", "fine_rotation")
    for folder, style, mode in (
        (free_finger, "free_finger", "default"),
        (fine_rotation, "fine_rotation", "precision"),
    ):
        assert set(rows(folder, "style")) == {styles.index(style)}
        assert set(rows(folder, "mode")) == {modes.index(mode)}
        assert 0.3 < rows(folder, "clean").mean() < 1.0
        assert read_manifest(folder).counts["goals"] > 0


def test_every_frame_is_kept_or_counted(workshop, fine_rotation):
    counts, settings = read_manifest(fine_rotation).counts, workshop.config.skills.rollouts
    steps = round(settings.chunk_s * workshop.config.control.hz)
    named = ("frames_kept", "frames_trimmed", "frames_too_short")
    total = settings.chunks * settings.environments * steps
    assert sum(counts[name] for name in named) == total
    fingers = [counts[f"fingers_{n}"] for n in range(5)]
    assert sum(fingers) == counts["frames_kept"]
    assert max(fingers[3:]) == max(fingers)  # grasps of three fingers or four


def test_an_empty_hand_holds_no_object_and_counts_for_nothing(free_finger):
    manifest, which = read_manifest(free_finger), rows(free_finger, "object")
    empty = which == NO_OBJECT
    assert 0.0 < empty.mean() < 1.0
    assert manifest.rows_by["object"][str(NO_OBJECT)] == empty.sum()
    assert np.allclose(rows(free_finger, "object_pose")[empty, :3], PARKED, atol=1e-3)
    assert sum(manifest.counts[f"fingers_{n}"] for n in range(5)) == (~empty).sum()


def test_a_fine_rotation_asks_for_a_small_turn_in_place(workshop, fine_rotation):
    skill = workshop.config.skills.tasks["fine_rotation"].skill
    pose, goal = rows(fine_rotation, "object_pose"), rows(fine_rotation, "goal_pose")
    cosine = np.abs((pose[:, 3:] * goal[:, 3:]).sum(axis=1)).clip(max=1.0)
    asked = 2.0 * np.arccos(cosine)
    assert np.median(asked) < skill.turn[1]
    assert asked.max() > skill.rotation_tolerance


def test_a_killed_run_goes_on_to_equal_bytes(workshop, fine_rotation):
    step: SkillsStep = skills_step(workshop.config, "fine_rotation")
    context = workshop.context("killed")
    with pytest.raises(Interrupted):
        skills(step, workshop.refs, replace(context, progress=Stopping("skills", at=1)))
    again = context.open(skills(step, workshop.refs, context))
    assert (again / "manifest.json").read_bytes() == (fine_rotation / "manifest.json").read_bytes()


def test_another_hand_whose_grasps_take_every_finger_moves_them_empty(tmp_path):
    workshop = make_workshop(tmp_path, "trident", SMALL)
    which = rows(made(workshop, "free_finger"), "object")
    assert set(which) == {NO_OBJECT}
