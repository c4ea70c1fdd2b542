"""The whole of an assistance on two hands: target arithmetic, guidance, guard, randomness."""

import numpy as np
import pytest
import torch

from models.assistance import Assistance, ModuleSession
from models.motion import apply_action, incremental_motion
from models.session import Question
from models.state import split_step
from tests.models.small_networks import (
    ACTIVITY,
    BATCH,
    SAMPLING,
    controller_config,
    make_assistance,
    make_critic,
    make_inputs,
    make_student,
    settings,
)


@pytest.fixture(scope="module")
def config():
    return controller_config()


@pytest.fixture
def assistance(body, config):
    return make_assistance(body, config)


@pytest.fixture
def inputs(body):
    return make_inputs(body)


def test_target_is_the_last_steps_arithmetic(body, assistance, inputs):
    result = assistance(**inputs)
    _, position, target, _ = split_step(body.layout, inputs["history"][:, -1])
    assert result.action.abs().max() <= 1
    assert torch.equal(result.target, apply_action(body.layout, target, position, result.action))
    assert (result.target - target).abs().max() > 0
    assert result.motion.shape == (BATCH, *body.layout.motion_shape)


def test_full_guidance_returns_the_command(assistance, inputs):
    result = assistance(**settings(inputs, guidance=1.0))
    np.testing.assert_allclose(result.motion, inputs["motion"], atol=1e-8)


def test_no_guidance_ignores_the_command(assistance, inputs):
    unguided = settings(inputs, guidance=0.0)
    result = assistance(**unguided)
    other = assistance(**unguided | {"motion": 3 * inputs["motion"]})
    assert all(torch.equal(a, b) for a, b in zip(result, other, strict=True))


def test_hands_of_a_batch_have_their_own_settings(assistance, inputs):
    mixed = settings(
        inputs,
        guidance=torch.linspace(0, 1, BATCH),
        caution=torch.tensor([0.0, 0.003, 0.01, 0.03, 1.0]),
        reading=torch.linspace(1, 0, BATCH),
    )
    together = assistance(**mixed)
    for i in range(BATCH):
        alone = assistance(**{name: values[i : i + 1] for name, values in mixed.items()})
        # alone and in a batch, products are added up in another order
        np.testing.assert_allclose(together.action[i], alone.action[0], atol=5e-5)
        np.testing.assert_allclose(together.motion[i], alone.motion[0], atol=1e-7)
        assert together.gain[i] == alone.gain[0]


def test_equal_noise_gives_equal_bits(assistance, inputs):
    first, second = (assistance(**inputs) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    turned = assistance(**inputs | {"noise": -inputs["noise"]})
    assert not torch.equal(turned.motion, first.motion)


def test_full_caution_is_the_plain_guided_prior(body, assistance, inputs):
    """What the paper describes: the command goes whole into the prior, whatever the critic says."""
    result = assistance(**inputs)
    assert torch.equal(result.gain, torch.ones(BATCH))
    normalizer = assistance.controller.normalizer
    planned = assistance.sample(
        normalizer.history(inputs["history"]),
        normalizer.motion(inputs["motion"]),
        inputs["mode"],
        torch.full((BATCH,), 0.3),
        inputs["noise"],
    )
    assert torch.equal(result.motion, normalizer.metres(planned))
    alarmed = make_critic(assistance.controller.layout)
    torch.nn.init.normal_(alarmed.output.weight, std=100.0)
    other = Assistance(
        assistance.controller, alarmed, assistance.student, body.kinematics, SAMPLING, ACTIVITY
    )(**inputs)
    assert all(torch.equal(a, b) for a, b in zip(result, other, strict=True))


def test_what_inverse_dynamics_loses_of_the_command_is_given_back(body, assistance, inputs):
    """As far as the command is in the plan; the whole of it, and the plan is the command's own."""
    whole = settings(inputs, guidance=1.0, remainder=1.0)
    np.testing.assert_allclose(assistance(**whole).action, inputs["command"], atol=1e-5)
    controller = assistance.controller
    state = controller.normalizer.history(inputs["history"])
    asked = controller.normalizer.motion(inputs["motion"])
    lost = inputs["command"] - controller.inverse_dynamics(state, asked)[0].clamp(-1, 1)
    plain = assistance(**inputs)
    half = assistance(**settings(inputs, remainder=0.5))
    assert torch.equal(half.motion, plain.motion)
    expected = (plain.action + 0.5 * 0.3 * lost).clamp(-1, 1)  # the inputs' guidance is 0.3
    np.testing.assert_allclose(half.action, expected, atol=1e-5)
    unguided = settings(inputs, guidance=0.0)
    assert torch.equal(
        assistance(**settings(unguided, remainder=1.0)).action,
        assistance(**unguided).action,
    )


def steady(student, action: float, steps: int) -> torch.Tensor:
    """Return the memory of hands to whom one action was commanded for so many steps."""
    size, memory = len(student.memory.middle), student.memory.empty(BATCH)
    command, still = torch.full((BATCH, size), action), torch.zeros(BATCH, size)
    for _ in range(steps):
        memory = student.memory.step(memory, student.memory.now(command, still, still))
    return memory


def test_of_what_nobody_can_read_a_share_is_followed_if_it_never_rests(body, config, inputs):
    """Every moment is too unlike the lessons; a command of 0.5 has activity 0.25.

    At first activity is a second's average from 0.28 down to 0.25; after 10 s of rest it is below
    `calm`; after 20 s of 0.5 it is five eighths of the way from `calm` to `busy`.
    """
    assistance = make_assistance(body, config, make_student(body.layout, -2.0, -1.0))
    half = torch.full_like(inputs["command"], 0.5)
    asked = settings(inputs | {"command": half}, reading=1.0, share=0.4)
    first = 0.25 + 0.03 * np.exp(-1 / body.layout.control_hz)
    for memory, part in (
        (inputs["memory"], 1 - 0.6 * (first - 0.2) / 0.08),
        (steady(assistance.student, 0.0, 200), 1.0),
        (steady(assistance.student, 0.5, 400), 1 - 0.6 * 5 / 8),
    ):
        found = assistance(**asked | {"memory": memory})
        assert torch.equal(found.trust, torch.zeros(BATCH))
        np.testing.assert_allclose(found.meant, part * half, rtol=1e-4)


def test_what_the_student_reads_is_followed_times_the_users_gain(body, config, inputs):
    """Every moment is like the lessons: the command itself no longer counts."""
    student = make_student(body.layout, 1e6, 2e6)
    assistance = make_assistance(body, config, student)
    found = assistance(**settings(inputs, reading=1.0, gain=0.5, guidance=1.0, remainder=1.0))
    _, position, target, _ = split_step(body.layout, inputs["history"][:, -1])
    now = student.memory.now(inputs["command"], target, position)
    memory = student.memory.step(inputs["memory"], now)
    read = student.read(student.memory.features(memory, now)).action
    assert torch.equal(found.trust, torch.ones(BATCH))
    assert torch.equal(found.memory, memory)
    np.testing.assert_allclose(found.meant, 0.5 * read, atol=1e-7)
    np.testing.assert_allclose(found.action, 0.5 * read, atol=1e-5)
    moved = incremental_motion(body.kinematics, body.layout, position, 0.5 * read)
    np.testing.assert_allclose(found.motion, moved, atol=1e-7)
    other = settings(inputs | {"motion": 3 * inputs["motion"]}, reading=1.0, gain=0.5, guidance=1.0)
    np.testing.assert_allclose(assistance(**other).motion, moved, atol=1e-7)


def test_a_refused_command_is_answered_as_a_command_to_stay(assistance, inputs):
    """Gain 0: target, action and motion are those of a zero motion that is followed whole."""
    torch.nn.init.zeros_(assistance.critic.output.weight)
    joint = assistance.critic.features[0][0].weight[:, -inputs["command"].shape[1] :]
    torch.nn.init.constant_(joint, 1.0)  # risk rises with the sum of the action
    torch.nn.init.constant_(assistance.critic.output.weight, 1.0)
    risky = settings(inputs | {"command": inputs["command"].abs()}, caution=0.0)
    refused = assistance(**risky)
    assert torch.equal(refused.gain, torch.zeros(BATCH))
    still = assistance(**inputs | {"motion": torch.zeros_like(inputs["motion"])})
    assert torch.equal(still.gain, torch.ones(BATCH))
    for name in ("target", "action", "motion"):
        assert torch.equal(getattr(refused, name), getattr(still, name))


def test_a_module_is_asked_like_a_session(body, assistance, inputs):
    found = ModuleSession(assistance).assist(
        Question(**{name: value.numpy() for name, value in inputs.items()})
    )
    wanted = assistance(**inputs)
    for name in wanted._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name).numpy())
