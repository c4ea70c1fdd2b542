import numpy as np
import pytest

from configs.errors import UserError
from configs.load import load
from configs.schema.robot import RobotConfig, Safety
from robot.safety import check_target, possible, safe, starting_target

SAFETY = Safety(max_speed=2.0, reading_margin=0.2)  # [rad/s], [rad]


@pytest.fixture(params=["allegro", "trident"])
def layout(request):
    config = load(RobotConfig, [f"hand={request.param}"], root="robot_config")
    return config.embodiment.make_layout()


@pytest.fixture
def rest(layout):
    return np.full(layout.num_joints, 0.35, np.float32)


def test_a_good_target_passes_unchanged(layout, rest):
    proposed = rest + np.float32(0.04)
    checked = check_target(proposed, rest, rest, layout, SAFETY)
    np.testing.assert_array_equal(checked.target, proposed)
    assert checked.interventions == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_holds_the_last_target(layout, rest, bad):
    proposed = rest.copy()
    proposed[-1] = bad
    checked = check_target(proposed, rest, rest, layout, SAFETY)
    np.testing.assert_array_equal(checked.target, rest)
    assert checked.interventions == ("not_finite",)


def test_a_wrong_shape_holds_the_last_target(layout, rest):
    for proposed in (rest[:-1], rest[None], np.float32(0.1)):
        checked = check_target(np.asarray(proposed), rest, rest, layout, SAFETY)
        np.testing.assert_array_equal(checked.target, rest)
        assert checked.interventions == ("shape",)


def test_speed_is_limited_per_joint(layout, rest):
    proposed = rest.copy()
    proposed[0] -= 0.3
    step = 2.0 / layout.control_hz
    checked = check_target(proposed, rest, rest, layout, SAFETY)
    assert checked.target[0] == pytest.approx(0.35 - step, abs=1e-6)
    np.testing.assert_array_equal(checked.target[1:], rest[1:])
    assert checked.interventions == ("speed",)


def test_limits_and_margin(layout):
    upper = np.array(layout.joint_upper, np.float32)
    checked = check_target(upper + np.float32(0.05), upper, upper, layout, SAFETY)
    np.testing.assert_array_equal(checked.target, upper)
    assert checked.interventions == ("limits",)
    near = upper - np.float32(0.02)
    away = near - np.float32(layout.target_margin + 0.05)  # the joint is far below its target
    checked = check_target(near, near, away, layout, SAFETY)
    np.testing.assert_allclose(checked.target, near - 0.05, atol=1e-6)
    assert checked.interventions == ("margin",)


def test_whatever_is_proposed_the_result_is_safe(layout):
    rng = np.random.default_rng(0)
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    step = SAFETY.max_speed / layout.control_hz
    for _ in range(300):
        last = rng.uniform(lower, upper).astype(np.float32)
        position = rng.uniform(lower - 1, upper + 1).astype(np.float32)
        proposed = last + rng.standard_cauchy(len(last)).astype(np.float32)
        target = check_target(proposed, last, position, layout, SAFETY).target
        assert (target >= lower - 1e-6).all()
        assert (target <= upper + 1e-6).all()
        assert np.abs(target - last).max() <= step + 1e-6


def test_possible_is_the_limits_and_a_margin(layout):
    upper = np.array(layout.joint_upper, np.float32)
    assert possible(upper + np.float32(0.19), layout, 0.2)
    assert not possible(upper + np.float32(0.21), layout, 0.2)
    assert not possible(np.full_like(upper, 1e4), layout, 0.2)
    assert not possible(np.full_like(upper, np.nan), layout, 0.2)


def test_safe_is_inside_the_limits(layout, rest):
    lower = np.array(layout.joint_lower, np.float32)
    assert safe(rest, layout)
    assert safe(lower, layout)
    assert not safe(np.nextafter(lower, np.float32(-9)), layout)
    assert not safe(np.full_like(rest, np.inf), layout)
    assert not safe(rest[:-1], layout)


@pytest.mark.parametrize("value", [np.nan, np.inf, 50.0, -50.0])
def test_a_start_that_is_not_safe_is_refused_by_its_joint(layout, rest, value):
    target = rest.copy()
    target[1] = value
    with pytest.raises(UserError, match=rf"{layout.joint_names[1]} is {value:g} rad"):
        starting_target(target, layout)
    with pytest.raises(UserError, match="shape"):
        starting_target(rest[:-1], layout)


def test_a_start_is_copied_and_forgiven_its_rounding(layout):
    upper = np.array(layout.joint_upper, np.float32)
    began = starting_target(upper + np.float32(5e-6), layout)
    np.testing.assert_array_equal(began, upper)
    assert not np.shares_memory(starting_target(upper, layout), upper)
