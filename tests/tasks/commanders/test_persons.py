"""Operators other than the expert, on a few steps worked by hand."""

import numpy as np

from configs.load import load
from configs.schema import perturbations as schema
from configs.schema.pipeline import Config
from tasks.commanders.commanders import make_commander
from tests.tasks.commanders.moments import moment

EMBODIMENT = load(Config).embodiment
LAYOUT, HAND = EMBODIMENT.make_layout(), EMBODIMENT.hand
STEP, JOINTS = LAYOUT.action_scale, LAYOUT.num_joints
EACH = JOINTS // len(HAND.fingers)


def person(config):
    return make_commander(config, EMBODIMENT, 1, 1, np.random.default_rng(0))


def act(who, goal, target=0.0, started=False) -> np.ndarray:
    """Return the action [n] towards a goal that is so many full steps away; the expert's is 0.9."""
    now = moment(LAYOUT, (1, 1), 0.9, STEP * target, STEP * np.asarray(goal), started)
    command = who.command(now)
    np.testing.assert_array_equal(command.clean, command.action)
    return command.action[0, 0]


def test_a_proportional_operator_treats_each_joint_alone():
    who = person(schema.Proportional(kind="proportional", gain=0.25))
    goal = np.zeros(JOINTS)
    goal[:3] = [2.0, -1.0, 10.0]
    np.testing.assert_allclose(act(who, goal)[:4], [0.5, -0.25, 1.0, 0.0], atol=1e-6)


def test_an_open_loop_operator_steers_a_copy():
    who = person(schema.OpenLoop(kind="open_loop", gain=0.5, look_s=None))
    # The robot does not move; the copy does: 1, then 0.5, then 0.25 steps are left.
    made = [act(who, 1.0, started=tick == 0)[0] for tick in range(3)]
    np.testing.assert_allclose(made, [0.5, 0.25, 0.125], rtol=1e-5)
    np.testing.assert_allclose(act(who, 1.0, started=True), 0.5, rtol=1e-5)


def test_an_open_loop_operator_looks_now_and_then():
    look = schema.OpenLoop(kind="open_loop", gain=0.5, look_s=2 / LAYOUT.control_hz)
    who = person(look)
    made = [act(who, 1.0, started=tick == 0)[0] for tick in range(4)]
    np.testing.assert_allclose(made, [0.5, 0.25, 0.5, 0.25], rtol=1e-5)


def test_buttons_are_pressed_until_a_joint_is_there():
    who = person(schema.BangBang(kind="bang_bang", strength=0.6, dead_band=0.5 * STEP))
    goal = np.zeros(JOINTS)
    goal[:3] = [0.4, 0.6, -9.0]
    np.testing.assert_allclose(act(who, goal)[:4], [0.0, 0.6, -0.6, 0.0], rtol=1e-6)


def test_the_finger_with_the_longest_way_has_its_turn():
    turn = schema.OneFinger(kind="one_finger", gain=0.5, seconds=2 / LAYOUT.control_hz)
    who = person(turn)
    goal = np.zeros(JOINTS)
    goal[0], goal[EACH] = 1.0, 2.0  # the second finger's is longer
    first = act(who, goal, started=True)
    np.testing.assert_allclose(first[[0, EACH]], [0.0, 1.0], atol=1e-6)
    goal[EACH] = 0.5  # now the first finger's is, but the turn is not over
    np.testing.assert_allclose(act(who, goal)[[0, EACH]], [0.0, 0.25], atol=1e-6)
    np.testing.assert_allclose(act(who, goal)[[0, EACH]], [0.5, 0.0], atol=1e-6)


def test_an_operator_rests_between_moves():
    hz = LAYOUT.control_hz
    who = person(schema.StopAndGo(kind="stop_and_go", gain=0.5, go_s=2 / hz, rest_s=3 / hz))
    made = [act(who, 1.0, started=tick == 0)[0] for tick in range(7)]
    np.testing.assert_allclose(made, [0.5, 0.5, 0, 0, 0, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(act(who, 1.0, started=True), 0.5, rtol=1e-6)
