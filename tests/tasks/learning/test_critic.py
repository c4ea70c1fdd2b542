"""The step `critic`: what it learns from and what it refuses; a kill leaves no trace."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.layout import Layout, LayoutMismatch
from configs.load import load
from configs.schema.critic import CriticStep
from configs.schema.pipeline import Config
from envs.episodes.episodes import EpisodeWriter
from models.kinematics import Kinematics
from tasks.learning.critic import CRITICS, area_under_curve, choose_lessons, critic
from tasks.learning.windows import Frames, read_frames
from tests.contexts import Interrupted
from tests.tasks.learning.workplace import folder_ref, workplace
from tests.tasks.synthetic_episodes import wander, whole

HZ, STEPS = 20, 5  # of the layout; STEPS is the horizon of these tests
SETTINGS = [
    f"critic.horizon_s={STEPS / HZ}",
    "critic.network.hidden=16",
    "critic.network.layers=1",
    "critic.optimizer.learning_rate=0.01",
    "critic.samples=2000",
    "critic.batch=50",
    "critic.validate_every=10",
    "critic.checkpoint_every=7",
    "critic.validation_share=0.25",
    "critic.statistics_windows=500",
    "critic.history_noise=1",  # what these hazards depend on is the action alone
]


def step(*overrides: str) -> CriticStep:
    config = load(Config, [*SETTINGS, *overrides])
    return CriticStep(embodiment=config.embodiment, critic=config.critic, seed=0)


CONFIG = step()
LAYOUT = CONFIG.embodiment.make_layout()


def frames_of(*episodes: tuple[int, bool], layout: Layout = LAYOUT) -> Frames:
    """Return frames of episodes (length, ended in a drop), whose values do not matter."""
    lengths = torch.tensor([length for length, _ in episodes])
    ends = lengths.cumsum(0)
    count = int(ends[-1])
    drop = torch.zeros(count, dtype=torch.bool)
    drop[ends - 1] = torch.tensor([dropped for _, dropped in episodes])
    torch.manual_seed(0)
    return Frames(
        step=torch.randn(count, layout.step_size),
        keypoints=torch.randn(count, layout.num_keypoints, 3),
        action=torch.rand(count, layout.num_joints),
        mode=torch.zeros(count, dtype=torch.int64),
        clean=torch.ones(count, dtype=torch.bool),
        drop=drop,
        first=(ends - lengths).repeat_interleave(lengths),
        last=(ends - 1).repeat_interleave(lengths),
    )


def places(frames: Frames, rows: torch.Tensor) -> dict[int, list[int]]:
    """Return the places in their episodes of rows, by episode."""
    found: dict[int, list[int]] = {}
    starts = frames.first.unique().tolist()
    for row in sorted(rows.tolist()):
        first = int(frames.first[row])
        found.setdefault(starts.index(first), []).append(row - first)
    return found


EPISODES = [(12, True), (12, False)] * 4  # even ones are dropped


def test_what_comes_soon_and_what_is_not_known():
    """Of 12 frames the last 5 of a drop are `soon`; of a cut-off episode they say nothing.

    The last two have no future of `layout.horizon` = 2 frames and are in no window.
    """
    frames = frames_of(*EPISODES)
    lessons = choose_lessons(frames, LAYOUT, CONFIG.critic, seed=0)
    assert (LAYOUT.control_hz, LAYOUT.horizon) == (HZ, 2)
    both = places(frames, torch.cat([lessons.training, lessons.validation]))
    assert both == {
        episode: list(range(10 if dropped else 7)) for episode, (_, dropped) in enumerate(EPISODES)
    }
    soon = places(frames, torch.nonzero(lessons.soon)[:, 0])
    assert soon == {episode: list(range(7, 12)) for episode in (0, 2, 4, 6)}


def test_a_drop_of_one_episode_is_no_other_episodes_end():
    """A short episode between two dropped ones ends near their frames, and is not `soon`."""
    frames = frames_of(*[(12, True), (6, False)] * 4)
    lessons = choose_lessons(frames, LAYOUT, CONFIG.critic, seed=0)
    assert set(places(frames, torch.nonzero(lessons.soon)[:, 0])) == {0, 2, 4, 6}
    rows = torch.cat([lessons.training, lessons.validation])
    assert places(frames, rows)[1] == [0]  # all others of it have less than 5 frames to come


def test_episodes_are_held_back_whole_and_the_validation_is_thinned():
    frames = frames_of(*EPISODES)
    whole_lessons = choose_lessons(frames, LAYOUT, CONFIG.critic, seed=0)
    training, held_back = (
        set(frames.first[rows].tolist())
        for rows in (whole_lessons.training, whole_lessons.validation)
    )
    assert not training & held_back
    assert len(held_back) == 2  # a quarter of eight
    thin = replace(CONFIG.critic, validation_windows=5)
    thinned = choose_lessons(frames, LAYOUT, thin, seed=0).validation
    stride = -(-len(whole_lessons.validation) // 5)
    assert thinned.tolist() == whole_lessons.validation[::stride].tolist()


@pytest.mark.parametrize("field", ["step", "keypoints", "action"])
def test_values_that_are_not_finite_are_refused_in_one_line(field):
    frames = frames_of(*EPISODES)
    getattr(frames, field)[3, 0] = torch.nan
    with pytest.raises(UserError, match="hazards: hold values that are not finite") as caught:
        choose_lessons(frames, LAYOUT, CONFIG.critic, seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "episodes",
    [
        [(12, False)] * 8,  # nothing was dropped
        [(5, True)] * 8,  # nothing was held
        [(4, False)] * 8,  # nothing is known
    ],
)
def test_outcomes_that_are_all_alike_are_refused_in_one_line(episodes):
    with pytest.raises(UserError, match="a critic learns from drops and from holds") as caught:
        choose_lessons(frames_of(*episodes), LAYOUT, CONFIG.critic, seed=0)
    assert "\n" not in str(caught.value)


def test_area_under_the_curve_worked_by_hand():
    """Of the four pairs of a positive and a negative, 0.9 wins both and 0.4 one of two."""
    positive = torch.tensor([1.0, 0.0, 1.0, 0.0])
    assert area_under_curve(torch.tensor([0.9, 0.5, 0.4, 0.1]), positive) == 0.75
    assert area_under_curve(torch.tensor([0.1, 0.5, 0.6, 0.9]), positive) == 0.25
    assert area_under_curve(torch.tensor([2.0, -1.0, 1.0, -2.0]), positive) == 1.0


def test_equal_scores_tell_nothing_whatever_their_order():
    """(0.5, 0.5 | 0.5, 0.1): half a win twice, two whole wins; 3 of 4."""
    score = torch.tensor([0.5, 0.5, 0.5, 0.1])
    assert area_under_curve(score, torch.tensor([1.0, 1.0, 0.0, 0.0])) == 0.75
    assert area_under_curve(score[[2, 3, 0, 1]], torch.tensor([0.0, 0.0, 1.0, 1.0])) == 0.75
    assert area_under_curve(torch.zeros(4), torch.tensor([0.0, 0.0, 1.0, 1.0])) == 0.5


REFS = {f"hazards/{name}": folder_ref(name) for name in ("fast", "slow")}


def write_hazards(home: Path, hand: str = "allegro") -> Path:
    """Write two datasets: before a drop all joints act one way, else the other way."""
    embodiment = step(f"hand={hand}").embodiment
    layout, kinematics = embodiment.make_layout(), Kinematics(embodiment.hand)
    rng = np.random.default_rng(0)
    for ref in REFS.values():
        writer = EpisodeWriter(home / ref.version, layout, 100_000)
        for episode in range(16):
            dropped = episode % 2 == 1
            fields = wander(layout, rng, 15 if dropped else 40, noisy=True)
            fields["action"][:] = -0.9
            if dropped:
                fields["action"][-STEPS:] = 0.9
            fields["keypoints"] = kinematics.keypoints(fields["joint_position"])
            fields["drop"] = np.arange(len(fields["action"])) == (14 if dropped else -1)
            writer.append(whole(layout, episode, fields))
        writer.close()
    return home


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of an uninterrupted training."""
    home = write_hazards(tmp_path_factory.mktemp("critic"))
    critic(step(), REFS, workplace(home))
    return home


def artifact(home: Path) -> tuple[bytes, bytes]:
    return (home / "critic.safetensors").read_bytes(), (home / "critic.json").read_bytes()


def test_it_learns_and_says_what(finished):
    description = json.loads((finished / "critic.json").read_text())
    figures = description["figures"]
    assert figures["validation.risk"] < 0.6 * figures["validation.constant"]
    assert figures["validation.area"] > 0.9
    assert description["layout"] == LAYOUT.fingerprint()
    assert description["horizon_s"] == STEPS / HZ
    rows = workplace(finished).metrics_file.read_text().splitlines()
    recorded = [json.loads(row)["step"] for row in rows if "validation.risk" in row]
    assert recorded == [500, 1000, 1500, 2000]


def test_what_is_learnt_reads_back_and_tells_the_risky_action(finished):
    model = CRITICS.read(finished, LAYOUT)
    frames = read_frames(finished / "fast", LAYOUT, Kinematics(CONFIG.embodiment.hand), 10_000)
    history = frames.step[:1, None].expand(-1, LAYOUT.history, -1)
    action = torch.full((1, LAYOUT.num_joints), 0.9)
    risks = model.risks(history, action)
    assert risks[0, 0] > risks[0, -1]
    assert model.risks(history, -action)[0, 0] < risks[0, 0]


def test_interrupted_training_ends_with_the_same_bits(finished, tmp_path):
    home = write_hazards(tmp_path)
    with pytest.raises(Interrupted):
        critic(step(), REFS, workplace(home, 30 * 50))
    assert not (home / "critic.json").exists()
    critic(step(), REFS, workplace(home))
    assert artifact(home) == artifact(finished)


def test_hazards_of_another_layout_are_refused(finished):
    with pytest.raises(LayoutMismatch, match="layout fingerprint"):
        critic(step("hand=trident"), REFS, workplace(finished))
