"""Bursts of bad commands: when they come, what each kind commands, and that they repeat."""

from dataclasses import replace

import numpy as np
import pytest

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from configs.schema.rollouts import Bursts
from models.kinematics import finger_of_joints
from tasks.rollouts.bursts import KINDS, CommandBursts, deal_levels

COUNT = 6


@pytest.fixture(scope="module", params=["allegro", "trident"])
def body(request):
    config = load(Config, [f"hand={request.param}"])
    return config.hand, config.embodiment.make_layout()


def settings(*kinds: str, strength=(1.0, 1.0)) -> Bursts:
    weights = dict.fromkeys(kinds, 1.0)
    return Bursts(bad_s=(0.5, 0.5), calm_s=(1.0, 1.0), strength=strength, kinds=weights)


def make(body, config: Bursts, levels=None, seed: int = 0) -> CommandBursts:
    hand, layout = body
    levels = np.ones(COUNT) if levels is None else np.asarray(levels)
    return CommandBursts(config, levels, hand, layout, np.random.default_rng(seed))


def at_rest(body, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Return the expert's commands and the present targets: a fixed draw, and the rest pose."""
    hand, layout = body
    clean = np.random.default_rng(9).uniform(-0.3, 0.3, (count, layout.num_joints))
    return clean.astype(np.float32), np.tile(np.array(hand.rest), (count, 1))


def rolled(body, bursts: CommandBursts, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return commands [T, N, n] and which of them were bad [T, N]; nothing moves meanwhile."""
    commands, bad = [], []
    clean, target = at_rest(body, len(bursts.levels))
    for _ in range(steps):
        commands.append(bursts.command(clean, target))
        bad.append(bursts.bad.copy())
    return np.stack(commands), np.stack(bad)


def spells(body, bad: int = 1) -> int:
    """Return the steps to the middle of the first burst: 1 s of calm, half a second of burst."""
    return round(1.0 * body[1].control_hz) + bad


def test_bursts_and_calm_take_turns_and_calm_is_the_experts_own_command(body):
    hz = round(body[1].control_hz)
    commands, bad = rolled(body, make(body, settings("fresh")), 3 * hz)
    assert bad[:, 0].tolist() == ([False] * hz + [True] * (hz // 2)) * 2
    clean, _ = at_rest(body)
    np.testing.assert_array_equal(commands[~bad], np.broadcast_to(clean, commands.shape)[~bad])
    assert (commands[bad] != np.broadcast_to(clean, commands.shape)[bad]).mean() > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_an_environment_of_level_zero_is_always_calm(body, kind):
    commands, bad = rolled(body, make(body, settings(kind), [0.0, 1.0] * 3), spells(body))
    clean, _ = at_rest(body)
    assert bad[-1].tolist() == [False, True] * 3
    np.testing.assert_array_equal(commands[-1, ::2], clean[::2])
    assert (commands[-1, 1::2] != clean[1::2]).any()


def test_noise_is_uniform_within_its_level_and_fresh_each_step(body):
    levels = np.array([0.0, 0.2, 0.6])
    bursts = make(body, settings("fresh"), levels)
    commands, bad = rolled(body, bursts, 3000)
    noise = commands - at_rest(body, 3)[0]  # 0.3 + 0.6: nothing is clipped
    for row in (1, 2):
        drawn = noise[bad[:, row], row]  # [draws, joints]
        assert np.abs(drawn).max() <= levels[row] + 1e-6
        assert drawn.std() == pytest.approx(levels[row] / 3**0.5, rel=0.05)
        assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.1


def test_a_held_burst_keeps_one_draw_to_its_end(body):
    hz = round(body[1].control_hz)
    commands, bad = rolled(body, make(body, settings("held")), 3 * hz)
    first, second = commands[hz : hz + hz // 2], commands[-(hz // 2) :]
    assert bad[hz : hz + hz // 2].all()
    assert (first == first[0]).all()
    assert (second == second[0]).all()
    assert (first[0] != second[0]).mean() > 0.9


def test_commands_stay_within_their_bounds(body):
    commands, _ = rolled(body, make(body, settings(*KINDS), [3.0] * COUNT), 400)
    assert np.abs(commands).max() == 1.0
    assert commands.dtype == np.float32


def followed(body, bursts: CommandBursts, steps: int) -> np.ndarray:
    """Return the targets after `steps` of a hand that does what it is told; the expert rests."""
    _, target = at_rest(body)
    still = np.zeros(target.shape, np.float32)
    for _ in range(steps):
        target = target + body[1].action_scale * bursts.command(still, target)
    return target


def test_an_open_burst_leads_every_joint_to_the_open_pose(body):
    hand, layout = body
    forever = replace(settings("open"), bad_s=(60.0, 60.0))
    target = followed(body, make(body, forever), spells(body, 80))
    expected = np.broadcast_to(hand.poses["open"], (COUNT, layout.num_joints))
    np.testing.assert_allclose(target, expected, atol=1e-5)


def test_a_weak_burst_goes_the_same_way_more_slowly(body):
    hand, layout = body
    weak = settings("open", strength=(0.25, 0.25))
    commands, _ = rolled(body, make(body, weak), spells(body))
    way = (np.array(hand.poses["open"]) - np.array(hand.rest)) / layout.action_scale
    np.testing.assert_allclose(commands[-1, 0], 0.25 * np.clip(way, -1, 1), atol=1e-6)


def test_a_finger_burst_moves_one_finger_and_leaves_the_others_to_the_expert(body):
    hand, layout = body
    commands, bad = rolled(body, make(body, settings("finger")), 20 * spells(body, 10))
    clean, _ = at_rest(body)
    finger = finger_of_joints(hand)
    way = (np.array(hand.poses["open"]) - np.array(hand.rest)) / layout.action_scale
    away, seen = np.clip(way, -1, 1).astype(np.float32), set()
    for step, environment in zip(*np.nonzero(bad), strict=True):
        moved = set(finger[commands[step, environment] != clean[environment]].tolist())
        assert len(moved) == 1
        seen |= moved
        one = finger == min(moved)
        np.testing.assert_allclose(commands[step, environment, one], away[one], atol=1e-6)
    assert seen == set(range(len(hand.fingers)))


def test_a_pose_burst_leads_into_the_joints_limits_each_environment_elsewhere(body):
    layout = body[1]
    forever = replace(settings("pose"), bad_s=(60.0, 60.0))
    target = followed(body, make(body, forever), spells(body, 120))
    assert (target >= np.array(layout.joint_lower) - 1e-6).all()
    assert (target <= np.array(layout.joint_upper) + 1e-6).all()
    assert len(np.unique(np.round(target[:, 0], 6))) == COUNT


def test_equal_seeds_give_equal_sequences_whoever_uses_them(body):
    """What one environment is told does not depend on the others' levels or on the expert."""
    config = settings(*KINDS)
    first, _ = rolled(body, make(body, config), 200)
    again, _ = rolled(body, make(body, config), 200)
    np.testing.assert_array_equal(first, again)
    other, _ = rolled(body, make(body, config, seed=1), 200)
    assert (first != other).any()
    levels = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    fewer, bad = rolled(body, make(body, config, levels), 200)
    np.testing.assert_array_equal(first[:, :3], fewer[:, :3])
    assert not bad[:, 3:].any()


def test_kinds_come_as_often_as_they_weigh(body):
    config = replace(settings("held"), kinds={"held": 3.0, "open": 1.0, "finger": 0.0})
    bursts = make(body, config, np.ones(2000))
    rolled(body, bursts, spells(body))
    shares = np.bincount(bursts.kind[bursts.bad], minlength=len(KINDS)) / 2000
    assert shares == pytest.approx([0.0, 0.75, 0.25, 0.0, 0.0], abs=0.04)


@pytest.mark.parametrize("kinds", ["{fresh: 0.0, held: 0.0}", "{shout: 1.0}", "{fresh: -1.0}"])
def test_kinds_that_cannot_be_drawn_are_refused(kinds):
    with pytest.raises(ConfigError, match=r"hazards\.bursts") as caught:
        load(Config, ["~hazards.bursts.kinds", f"+hazards.bursts.kinds={kinds}"])
    assert "\n" not in str(caught.value)


def test_every_object_meets_every_level():
    levels = deal_levels((0.0, 0.5, 1.0, 2.0), 2, 16)
    objects = np.arange(16) % 2
    pairs = set(zip(objects.tolist(), levels.tolist(), strict=True))
    assert len(pairs) == 8
