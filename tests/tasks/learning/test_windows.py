"""Windows at episode borders against an example worked by hand."""

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.episodes import EpisodeWriter
from models.kinematics import Kinematics
from models.state import split_step, start, state_step
from tasks.learning.windows import (
    Frames,
    gather,
    join_frames,
    read_frames,
    split_episodes,
    thin,
    window_rows,
)
from tests.tasks.synthetic_episodes import whole

LENGTHS = (5, 3, 6)  # frames 0-4, 5-7, 8-13
DIRTY = (2, 11)  # frames whose action carried noise


@pytest.fixture(scope="module", params=["allegro", "trident"])
def embodiment(request):
    return load(Config, [f"hand={request.param}"]).embodiment


@pytest.fixture
def layout(embodiment):
    return embodiment.make_layout()


@pytest.fixture
def folder(embodiment, layout, tmp_path):
    """Frame r: every joint target is r / 100, keypoints are at r^2 mm, the action is r / 100.

    The first two episodes share a shard, the third has its own.
    """
    writer, row = EpisodeWriter(tmp_path / "dataset", layout, 10**9), 0
    for episode, length in enumerate(LENGTHS):
        r = np.arange(row, row + length)
        fields = {
            "joint_target": r[:, None] / 100,
            "joint_observation": r[:, None] / 100 - 0.5,
            "joint_position": r[:, None] / 100 - 0.4,
            "keypoints": 0.001 * (r**2)[:, None, None],
            "action": r[:, None] / 100,
            "mode": r % 2,
            "clean": ~np.isin(r, DIRTY),
        }
        writer.append(whole(layout, episode, fields))
        if episode == 1:
            writer.flush()
        row += length
    writer.close()
    return tmp_path / "dataset"


def in_written_order(frames, layout):
    """Map the number in a frame's target to its row: shards come in the order of their hash."""
    numbers = 100 * split_step(layout, frames.step)[2][:, 0]
    return {round(float(number)): row for row, number in enumerate(numbers)}


@pytest.fixture
def frames(folder, layout, embodiment):
    return read_frames(folder, layout, Kinematics(embodiment.hand), 1000)


@pytest.fixture
def row_of(frames, layout):
    return in_written_order(frames, layout)


def every(frames: Frames) -> torch.Tensor:
    return torch.ones(len(frames), dtype=torch.bool)


def numbers(frames, rows, row_of):
    number_of = {row: number for number, row in row_of.items()}
    return sorted(number_of[int(row)] for row in rows)


def test_histories_at_borders(frames, row_of, layout):
    assert (layout.history, layout.horizon) == (4, 2)
    asked = [0, 1, 2, 5, 8, 9, 11]
    windows = gather(frames, torch.tensor([row_of[r] for r in asked]), layout)
    targets = 100 * split_step(layout, windows.history)[2]
    expected = [
        [0, 0, 0, 0],  # the first frame: the first step repeated
        [0, 0, 0, 1],
        [0, 0, 1, 2],
        [5, 5, 5, 5],  # never frame 4, which is another episode's
        [8, 8, 8, 8],
        [8, 8, 8, 9],
        [8, 9, 10, 11],
    ]
    for joint in range(layout.num_joints):
        np.testing.assert_allclose(targets[..., joint], expected, atol=1e-4)


def test_motion_action_and_mode(frames, row_of, layout):
    windows = gather(frames, torch.tensor([row_of[0], row_of[2], row_of[11]]), layout)
    expected = [[1 - 0, 4 - 0], [9 - 4, 16 - 4], [144 - 121, 169 - 121]]  # squares, mm
    found = 1000 * windows.motion
    assert found.shape == (3, *layout.motion_shape)
    for keypoint in range(layout.num_keypoints):
        for axis in range(3):
            np.testing.assert_allclose(found[:, :, keypoint, axis], expected, rtol=1e-4)
    np.testing.assert_allclose(100 * windows.action[:, -1], [0, 2, 11], atol=1e-4)
    assert windows.mode.tolist() == [0, 0, 1]


def test_the_state_is_what_the_robot_would_see(frames, row_of, layout, embodiment):
    kinematics = Kinematics(embodiment.hand)
    n = layout.num_joints
    step = state_step(kinematics, np.full(n, 0.05 - 0.5), np.full(n, 0.05))  # observed, not true
    windows = gather(frames, torch.tensor([row_of[5]]), layout)
    np.testing.assert_allclose(windows.history[0], start(step, layout.history), atol=1e-6)


def test_which_windows_count(frames, row_of, layout):
    valid = window_rows(frames, every(frames), layout.horizon)
    assert numbers(frames, valid, row_of) == [0, 1, 2, 5, 8, 9, 10, 11]
    clean = window_rows(frames, every(frames), layout.horizon, clean=True)
    # frames 1 and 2 would act with frame 2's noise within two steps; 10 and 11 with frame 11's
    assert numbers(frames, clean, row_of) == [0, 5, 8, 9]
    some = every(frames)
    some[[row_of[0], row_of[8]]] = False
    assert numbers(frames, window_rows(frames, some, layout.horizon, True), row_of) == [5, 9]


def test_thin_is_spread_evenly():
    assert thin(torch.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert thin(torch.arange(3), 4).tolist() == [0, 1, 2]


def test_episodes_are_split_whole(frames):
    held_back = split_episodes(frames, 0.34, seed=3)
    assert not set(frames.first[~held_back].tolist()) & set(frames.first[held_back].tolist())
    assert held_back.sum() in LENGTHS  # all three have clean frames: one of them
    assert torch.equal(held_back, split_episodes(frames, 0.34, seed=3))


def test_joined_datasets_keep_their_episodes_apart(frames, layout):
    """Rows of the second part are 14 further on; windows are those of the parts."""
    other = join_frames([frames])
    assert all(
        torch.equal(a, b) for a, b in zip(vars(other).values(), vars(frames).values(), strict=True)
    )
    both = join_frames([frames, frames, frames])
    assert len(both) == 3 * 14
    for part in range(3):
        rows = slice(14 * part, 14 * (part + 1))
        assert torch.equal(both.first[rows], frames.first + 14 * part)
        assert torch.equal(both.last[rows], frames.last + 14 * part)
    assert len(both.first.unique()) == 3 * len(LENGTHS)
    rows = window_rows(both, every(both), layout.horizon)
    alone = window_rows(frames, every(frames), layout.horizon)
    assert rows.tolist() == [row + 14 * part for part in range(3) for row in alone.tolist()]
    wanted, found = gather(frames, alone, layout), gather(both, rows[-len(alone) :], layout)
    assert all(
        torch.equal(a, b) for a, b in zip(vars(wanted).values(), vars(found).values(), strict=True)
    )


@pytest.fixture
def read(embodiment, layout, tmp_path):
    """Return a function that writes episodes and reads them as frames."""

    def written(*episodes) -> Frames:
        writer = EpisodeWriter(tmp_path, layout, 10**9)
        for number, fields in enumerate(episodes):
            writer.append(whole(layout, number, fields))
        writer.close()
        return read_frames(tmp_path, layout, Kinematics(embodiment.hand), 1000)

    return written


def test_drops_are_read_where_they_are(read):
    frames = read({"drop": np.array([0, 0, 0, 1])}, {"drop": np.zeros(4)})
    assert frames.drop.tolist() == [False] * 3 + [True] + [False] * 4


def test_both_kinds_of_episodes_are_held_back(read):
    frames = read(*({"clean": np.full(5, episode % 3 == 0)} for episode in range(12)))
    for seed in range(5):
        held_back = split_episodes(frames, 0.25, seed)
        assert frames.clean[held_back].sum() == 5  # a quarter of 4 clean episodes
        assert (~frames.clean[held_back]).sum() == 10  # and of 8 others


def test_too_many_frames_are_refused(folder, layout, embodiment):
    with pytest.raises(UserError, match=r"14 frames, train\.max_frames is 13"):
        read_frames(folder, layout, Kinematics(embodiment.hand), 13)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("step", 9, "has a gap at row 1"), ("mode", 7, "mode 7")],
)
def test_bad_rows_are_named(read, field, value, message):
    with pytest.raises(UserError, match=message):
        read({"clean": np.ones(3), field: np.array([0, value, 2 if field == "step" else 0])})


def test_one_episode_cannot_be_split(read):
    with pytest.raises(UserError, match="at least two"):
        split_episodes(read({"clean": np.ones(5)}), 0.1, seed=0)
