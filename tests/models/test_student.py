"""How a command is read, and when the reading is believed."""

import numpy as np
import pytest
import torch

from configs.schema.student import Doubt
from models.student import Student
from tests.models.small_networks import STUDENT, make_student

DOUBT = Doubt(first=0.5, last=0.9, floor=1e-6, samples=100)


def lessons(student: Student, count: int = 4000) -> torch.Tensor:
    """Return features [count, width]: joined and shifted normal numbers."""
    draws, width = torch.Generator().manual_seed(0), student.memory.width
    mix = torch.eye(width) + 0.1 * torch.randn(width, width, generator=draws)
    return torch.randn(count, width, generator=draws) @ mix + 3.0


def test_a_student_departs_from_the_command_joint_by_joint(body):
    """Where it does not depart the command passes, the same bits; elsewhere its guess, or half."""
    student = Student(body.layout, STUDENT)
    n = body.layout.num_joints
    features = torch.randn(3, student.memory.width, generator=torch.Generator().manual_seed(0))
    command = student.memory.command(features)
    with torch.no_grad():
        student.departure.weight.zero_()
        student.departure.bias.copy_(torch.tensor([-1e9, 1e9] + [0.0] * (n - 2)))
        action, _ = student(features)
        guess = student.guess(student.features(features))
    assert torch.equal(action[:, 0], command[:, 0])
    np.testing.assert_allclose(action[:, 1], guess[:, 1], atol=1e-6)
    np.testing.assert_allclose(action[:, 2:], (command + guess)[:, 2:] / 2, atol=1e-6)


def test_trust_falls_between_the_two_distances(body):
    """Features of all x lie at a distance of x^2 from lessons of mean 0 and variance 1."""
    student = make_student(body.layout, 1.0, 5.0)
    x = torch.tensor([0.0, 1.0, 2.0, 3.0])[:, None].expand(4, student.memory.width)
    np.testing.assert_allclose(student.distance(x), [0.0, 1.0, 4.0, 9.0], rtol=1e-5)
    np.testing.assert_allclose(student.read(x).trust, [1.0, 1.0, 0.25, 0.0], atol=1e-6)


def test_a_student_without_lessons_says_that_it_knows_nothing(body):
    """Not a number, which a session refuses; nobody is believed by accident."""
    student = Student(body.layout, STUDENT)
    assert torch.isnan(student.read(torch.zeros(2, student.memory.width)).trust).all()


def test_lessons_are_at_distance_one_on_average_whatever_their_units(body):
    student = make_student(body.layout)
    seen = lessons(student) * torch.logspace(-1, 1, student.memory.width)
    student.remember(seen, DOUBT)
    distance = student.distance(seen)
    assert float(distance.mean()) == pytest.approx(1.0, abs=0.01)
    trust = student.read(seen).trust
    assert float((trust == 1).float().mean()) == pytest.approx(0.5, abs=0.01)
    assert float((trust == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    student.remember(seen * 7.0, DOUBT)
    np.testing.assert_allclose(student.distance(seen * 7.0), distance, rtol=0.02)


def test_what_is_unlike_the_lessons_is_not_believed(body):
    """Two features that always went together, each far less than unusual, now go against."""
    student = make_student(body.layout)
    seen = lessons(student)
    seen[:, 1] = seen[:, 0] + 0.01 * torch.randn(len(seen), generator=torch.Generator())
    student.remember(seen, DOUBT)
    usual = seen.mean(0, keepdim=True)
    odd = usual.clone()
    odd[0, 0] += 1.0
    odd[0, 1] -= 1.0
    assert student.read(usual).trust == 1
    assert student.read(odd).trust == 0


def test_an_action_stays_within_its_bounds(body):
    student = make_student(body.layout)
    far = 1e3 * torch.randn(5, student.memory.width, generator=torch.Generator().manual_seed(1))
    read = student.read(far)
    assert read.action.abs().max() == 1
    action, way = student(far)
    assert action.abs().max() > 1
    assert way.shape == (5, body.layout.num_joints)
    assert torch.equal(read.action, action.clamp(-1, 1))
