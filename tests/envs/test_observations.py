"""What actor and critic see, and in which order."""

import torch

from envs.engines.engine import PhysicsParameters, PhysicsState
from envs.observations import GoalError, actor_observation, critic_observation


def counting(start: int, *shape: int) -> torch.Tensor:
    size = torch.Size(shape).numel()
    return torch.arange(start, start + size, dtype=torch.float32).reshape(shape)


def goal_error(count: int, joints: int) -> GoalError:
    return GoalError(
        offset=counting(100, count, 3),
        rotation=counting(200, count, 3),
        joint_position=counting(300, count, joints),
        joint_target=counting(400, count, joints),
    )


def test_actor_sees_history_oldest_first_and_the_way_to_the_goal():
    history = counting(0, 1, 2, 4)
    seen = actor_observation(history, goal_error(1, 2))
    expected = [*range(8), 100, 101, 102, 200, 201, 202, 300, 301, 400, 401]
    assert seen.tolist() == [expected]


def test_critic_sees_all_that_the_actor_does_not():
    count, n, fingers = 3, 2, 2
    actor = counting(0, count, 5)
    widths = {
        "joint_position": n,
        "joint_velocity": n,
        "joint_torque": n,
        "object_position": 3,
        "object_quaternion": 4,
        "object_linear_velocity": 3,
        "object_angular_velocity": 3,
        "contact_force": fingers,
    }
    parts = {name: counting(100 * i, count, w) for i, (name, w) in enumerate(widths.items(), 1)}
    physics = PhysicsState(**parts, diverged=torch.zeros(count, dtype=torch.bool))
    names = ("object_mass", "friction", "kp_factor", "kd_factor")
    drawn = {name: counting(1000 + 10 * i, count) for i, name in enumerate(names)}
    gravity, force = counting(2000, count, 3), counting(3000, count, 3)
    left = counting(4000, count, 3)
    bias, shape = counting(5000, count, n), counting(6000, count, 1 + 2)
    parameters = PhysicsParameters(**drawn)
    seen = critic_observation(actor, physics, parameters, gravity, force, left, bias, shape)
    columns = torch.stack(list(drawn.values()), dim=-1)
    rest = (gravity, force, columns, left, bias, shape)
    expected = torch.cat((actor, *parts.values(), *rest), dim=-1)
    assert torch.equal(seen, expected)
