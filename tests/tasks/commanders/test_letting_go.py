"""Commanders who let go, step by step: who is withdrawn when, and when contacts are judged."""

from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema import perturbations as schema
from configs.schema.pipeline import Config
from tasks.commanders.letting_go import TowardsPose, TowardsRandomPose, WithdrawnFingers
from tasks.commanders.perturbations import Situation
from tests.tasks.commanders.moments import moment

SHAPE = (2, 3)  # (variants, pairs)
CLEAN = 0.125


@pytest.fixture(scope="module", params=["allegro", "trident"])
def body(request):
    config = load(Config, [f"hand={request.param}"])
    return config.hand, config.embodiment.make_layout()


def situation(body, touching=True, started=False, target=None) -> Situation:
    hand, layout = body
    now = moment(layout, SHAPE, CLEAN, hand.rest if target is None else target, hand.rest, started)
    return replace(now, touching=np.broadcast_to(touching, now.touching.shape))


def way(body, pose: str) -> np.ndarray:
    """Return one step's action [n] from the rest pose towards another."""
    hand, layout = body
    apart = np.array(hand.poses[pose]) - np.array(hand.rest)
    return np.clip(apart / layout.action_scale, -1, 1).astype(np.float32)


@pytest.mark.parametrize("pose", ["open", "closed", "spread"])
def test_a_pose_is_gone_to_at_full_speed_and_kept(body, pose):
    hand, layout = body
    commander = TowardsPose(schema.Pose(kind="pose", pose=pose), hand, layout)
    command = commander.command(situation(body))
    np.testing.assert_allclose(
        command.action, np.broadcast_to(way(body, pose), command.action.shape), atol=1e-5
    )
    assert command.desired is None
    assert command.judged is None
    np.testing.assert_array_equal(command.clean, CLEAN)  # the intention is the expert's
    target = situation(body).target
    for _ in range(80):
        target = (
            target + layout.action_scale * commander.command(situation(body, target=target)).action
        )
    np.testing.assert_allclose(target, np.broadcast_to(hand.poses[pose], target.shape), atol=1e-5)


def test_a_random_pose_is_within_the_limits_kept_and_drawn_anew_with_each_episode(body):
    _, layout = body
    commander = TowardsRandomPose(layout, SHAPE[1], np.random.default_rng(0))
    first = commander.pose.copy()
    assert (first >= layout.joint_lower).all()
    assert (first <= layout.joint_upper).all()
    target = situation(body).target
    for _ in range(80):
        action = commander.command(situation(body, target=target)).action
        assert np.abs(action).max() <= 1.0
        target = target + layout.action_scale * action
    np.testing.assert_allclose(target, np.broadcast_to(first, target.shape), atol=1e-5)
    commander.command(situation(body, started=True))
    assert not np.array_equal(commander.pose, first)


def withdrawing(body, away: int = 3, pause: int = 2) -> WithdrawnFingers:
    """Return the commander; a finger is withdrawn for `away` steps, then none for `pause`."""
    hand, layout = body
    hz = layout.control_hz
    config = schema.Withdraw(kind="withdraw", seconds=away / hz, pause_s=pause / hz)
    return WithdrawnFingers(config, hand, layout, SHAPE)


def withdrawn(body, command) -> np.ndarray:
    """Return the finger that is withdrawn [V, M], -1: none; the others follow the expert."""
    hand, _ = body
    counts = [len(finger.links) for finger in hand.fingers]
    finger_of = np.repeat(np.arange(len(counts)), counts)
    found = np.full(SHAPE, -1)
    for place in np.ndindex(SHAPE):
        moved = set(finger_of[command.action[place] != np.float32(CLEAN)].tolist())
        assert len(moved) <= 1
        if moved:
            one = finger_of == (number := min(moved))
            np.testing.assert_allclose(
                command.action[place][one], way(body, "open")[one], atol=1e-5
            )
            found[place] = number
    return found


def test_touching_fingers_take_turns_with_pauses(body):
    """Fingers 0 and 2 touch: 0 0 0 . . 2 2 2 . . 0 0 0 ..."""
    touching = np.zeros(body[1].num_tips, bool)
    touching[[0, 2]] = True
    commander = withdrawing(body)
    found = [
        withdrawn(body, commander.command(situation(body, touching, started=step == 0)))
        for step in range(13)
    ]
    expected = [0, 0, 0, -1, -1, 2, 2, 2, -1, -1, 0, 0, 0]
    for one, all_of_them in zip(expected, found, strict=True):
        np.testing.assert_array_equal(all_of_them, one)


def test_a_contact_is_judged_at_the_end_of_its_withdrawal_and_only_then(body):
    commander = withdrawing(body)
    for step in range(20):
        judged = commander.command(situation(body, started=step == 0)).judged
        assert judged is not None
        expected = np.zeros(body[1].num_tips, bool)
        if step % 5 == 2:  # the third of three steps
            expected[step // 5 % body[1].num_tips] = True
        np.testing.assert_array_equal(judged, np.broadcast_to(expected, judged.shape))


def test_who_is_chosen_stays_chosen_when_others_touch(body):
    """The turn is settled when a withdrawal begins, not while it lasts."""
    commander = withdrawing(body)
    first = np.arange(body[1].num_tips) == 1
    commander.command(situation(body, first, started=True))
    for _ in range(2):
        command = commander.command(situation(body, ~first))
        np.testing.assert_array_equal(withdrawn(body, command), 1)


def test_the_next_one_is_withdrawn_when_none_touches(body):
    commander, found = withdrawing(body, away=1, pause=1), []
    for step in range(6):
        found.append(withdrawn(body, commander.command(situation(body, False, step == 0))))
    assert [int(place[0, 0]) for place in found] == [0, -1, 1, -1, 2, -1]


def test_an_episode_starts_its_own_withdrawal_and_its_old_one_is_not_judged(body):
    """After two of three steps one pair begins anew; the others end theirs."""
    commander = withdrawing(body)
    for step in range(2):
        commander.command(situation(body, started=step == 0))
    started = np.zeros(SHAPE, bool)
    started[0, 1] = True
    judged = [commander.command(situation(body, started=started)).judged]
    judged += [commander.command(situation(body)).judged for _ in range(2)]
    counted = np.stack(judged).any(axis=-1)  # [steps, V, M]
    expected = np.zeros((3, *SHAPE), bool)
    expected[0] = ~started
    expected[2] = started  # the third step of its new withdrawal
    np.testing.assert_array_equal(counted, expected)
    assert judged[2] is not None
    assert judged[2][0, 1].argmax() == 1  # the turn goes on: finger 1 after finger 0


def test_pairs_have_turns_of_their_own(body):
    touching = np.zeros((*SHAPE, body[1].num_tips), bool)
    touching[0, :, 0] = touching[1, :, 2] = True
    found = withdrawn(body, withdrawing(body).command(situation(body, touching, True)))
    assert found.tolist() == [[0, 0, 0], [2, 2, 2]]
