"""What is remembered of a command, against averages that are worked by hand."""

import numpy as np
import pytest
import torch

from configs.schema.student import MemoryConfig
from models.memory import CommandMemory, compress

MEMORY = MemoryConfig(
    command_s=(0.05, 1.0), target_s=(0.5,), error_s=(0.05,), power_s=(0.05,), activity_s=1.0
)
BATCH = 3


@pytest.fixture
def memory(body) -> CommandMemory:
    return CommandMemory(body.layout, MEMORY)


def steps(memory, count: int, seed: int = 0):
    """Return commands in [-1, 1], targets and readings [count, B, n] at random."""
    draws = torch.Generator().manual_seed(seed)
    size = (count, BATCH, len(memory.middle))
    return [2 * torch.rand(size, generator=draws) - 1 for _ in range(3)]


def run(memory, said, held=None):
    """Return the memory and the last step after all of them."""
    held = memory.empty(BATCH) if held is None else held
    for one in zip(*said, strict=True):
        now = memory.now(*one)
        held = memory.step(held, now)
    return held, now


def test_a_step_is_in_steps_of_action_one(body, memory):
    n = body.layout.num_joints
    now = memory.now(torch.zeros(1, n), torch.full((1, n), 0.25), torch.full((1, n), 0.05))
    assert now.target[0, 0] == pytest.approx(0.25 / body.layout.action_scale)
    assert now.error[0, 0] == pytest.approx(0.2 / body.layout.action_scale)


def test_averages_are_corrected_for_an_episodes_start(body, memory):
    """At 20 Hz a time of 0.05 s keeps k = 1/e a step. Commands 0.8, then -0.4: an average of
    ((1 - k) k 0.8 - (1 - k) 0.4) / (1 - k^2) = (0.8 k - 0.4) / (1 + k)."""
    n, k = body.layout.num_joints, np.exp(-1.0)
    still = torch.zeros(BATCH, n)
    held, now = run(
        memory, [torch.stack([still + 0.8, still - 0.4]), *[torch.zeros(2, BATCH, n)] * 2]
    )
    found = memory._averages(held)
    np.testing.assert_allclose(found["command"][:, 0], (0.8 * k - 0.4) / (1 + k), rtol=1e-5)
    slow = np.exp(-1 / 20)
    np.testing.assert_allclose(found["command"][:, 1], (0.8 * slow - 0.4) / (1 + slow), rtol=1e-4)
    np.testing.assert_allclose(found["power"][:, 0], (0.64 * k + 0.16) / (1 + k), rtol=1e-5)
    # the command before the first one was zero; then 0.8 x -0.4
    np.testing.assert_allclose(found["persistence"][:, 0], -0.32 / (1 + k), rtol=1e-5)
    assert (held[:, 0] == 2).all()
    np.testing.assert_allclose(held[:, 1 : 1 + n], now.command)


def test_after_one_step_every_average_is_that_steps_value(body, memory):
    command, target, position = (part[0] for part in steps(memory, 1))
    held, now = run(memory, [part[None] for part in (command, target, position)])
    found = memory._averages(held)
    for name, value in (("command", command), ("target", now.target), ("error", now.error)):
        wanted = value[:, None].expand_as(found[name])
        np.testing.assert_allclose(found[name], wanted, rtol=1e-6, atol=1e-6)


def test_saturation_is_the_share_of_joints_that_ask_for_all_there_is(body, memory):
    n = body.layout.num_joints
    command = torch.zeros(1, BATCH, n)
    command[..., :3] = torch.tensor([1.0, -1.0, 0.98])
    held, _ = run(memory, [command, torch.zeros_like(command), torch.zeros_like(command)])
    np.testing.assert_allclose(memory._averages(held)["saturation"], 2 / n, rtol=1e-5)


def test_an_episode_that_starts_anew_is_a_fresh_one(memory):
    """Zeros are all that it takes, and hands do not see each other."""
    held, _ = run(memory, steps(memory, 7, seed=1))
    held[1] = 0.0
    said = steps(memory, 4, seed=2)
    on, now = run(memory, said, held)
    fresh, _ = run(memory, said)
    assert torch.equal(on[1], fresh[1])
    assert not torch.equal(on[0], fresh[0])
    assert torch.equal(memory.features(on, now)[1], memory.features(fresh, now)[1])


def test_features_have_their_width_and_stay_bounded(body, memory):
    """n (command, place, error; averages 2 + 1 + 1 + 1 + 1), and five numbers of the hand."""
    n = body.layout.num_joints
    assert memory.width == n * (3 + 6) + 5
    held, now = run(memory, steps(memory, 5))
    found = memory.features(held, now)
    assert found.shape == (BATCH, memory.width)
    assert torch.isfinite(found).all()
    assert memory.size == held.shape[1]
    assert memory.empty(2).shape == (2, memory.size)


def test_targets_are_remembered_as_the_way_back_to_them(body, memory):
    """A target that moves by 0.2 rad after a long rest: the way back is 0.2 rad less a step's
    share of it, through sign(x) log(1 + |x|)."""
    n, scale = body.layout.num_joints, body.layout.action_scale
    still = torch.zeros(BATCH, n)
    held, _ = run(memory, [torch.zeros(200, BATCH, n)] * 3)
    now = memory.now(still, still + 0.2, still + 0.2)
    found = memory.features(memory.step(held, now), now)
    place = 3 * n  # after the command and its two averages
    way = -0.2 / scale * np.exp(-1 / (20 * 0.5))
    np.testing.assert_allclose(found[:, place : place + n], -np.log1p(-way), rtol=1e-4)


def test_activity_begins_busy_and_is_the_commands_mean_square(body, memory):
    """A second's average at 20 Hz, from 0.3: after a step of 0.5 it is 0.3 k + 0.25 (1 - k)."""
    n, k = body.layout.num_joints, np.exp(-1 / 20)
    assert (memory.activity(memory.empty(BATCH), 0.3) == 0.3).all()
    half = torch.full((60, BATCH, n), 0.5)
    zero = torch.zeros(60, BATCH, n)
    held, _ = run(memory, [half[:1], zero[:1], zero[:1]])
    np.testing.assert_allclose(memory.activity(held, 0.3), 0.3 * k + 0.25 * (1 - k), rtol=1e-5)
    held, _ = run(memory, [half, zero, zero])
    np.testing.assert_allclose(memory.activity(held, 0.3), 0.25 + 0.05 * k**60, rtol=1e-5)


def test_heavy_tails_are_compressed():
    x = torch.tensor([-(np.e - 1), 0.0, np.e - 1])
    np.testing.assert_allclose(compress(x), [-1.0, 0.0, 1.0], rtol=1e-6)
