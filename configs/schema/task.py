"""The Anygrasp-to-Anygrasp task: control, goals, rewards, styles."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import NonNegative, Positive, strict


@strict
class Control:
    """How an action in [-1, 1]^n moves the joint targets; part of the layout."""

    hz: Positive  # [1/s] one rate for PPO, data, model, evaluation and robot
    action_scale: Positive  # [rad] target change of action 1 in one control step
    target_margin: Positive  # [rad] the target stays this close to the joint


@strict
class Goals:
    neighbours: Annotated[int, Field(ge=1)]  # precomputed nearest grasps of each grasp
    max_distance: Positive  # [m] object displacement from grasp to goal at most
    # [rad] object rotation from grasp to goal at most; the two quaternions of a rotation are as far
    # apart as rotations by 2 pi, so that never both are in range
    max_rotation: Annotated[float, Field(gt=0, le=2)]
    max_slide: Positive  # [m] on the object, of a contact that both grasps have
    min_distance: NonNegative  # in units of the tolerances: a goal is at least so far away
    position_tolerance: Positive  # [m] met when closer
    rotation_tolerance: Positive  # [rad]
    dwell_s: NonNegative  # [s] reached when it has been met for so long without a break
    timeout_s: Positive  # [s] a goal not reached in time is replaced


@strict
class RewardWeights:
    """Weights of the paper's reward (appendix B); the paper prints none."""

    goal: NonNegative  # w_goal
    position: Positive  # a_pos [1/m^2]
    orientation: Positive  # a_orn [1/rad]
    hand: NonNegative  # a_hand [1/rad^2]
    bonus: NonNegative  # a_bonus
    regularization: NonNegative  # w_reg
    work: NonNegative  # a_work [1/W]
    action: NonNegative  # a_action
    torque: NonNegative  # a_tau [1/(N m)^2]
    style: NonNegative  # w_style
    tip_speed: NonNegative  # a_i, the same for each tip [s/m]
    drop: float  # added once at a drop (ours, after a prototype)


@strict
class Style:
    """One way to move: factors on w_style and w_reg (appendix C)."""

    style_factor: NonNegative
    regularization_factor: NonNegative


@strict
class Task:
    episode_s: Positive  # [s] an episode is cut off, not ended, after this long
    drop_distance: Positive  # [m] dropped when the object is farther from its goal than this
    goals: Goals
    rewards: RewardWeights
    styles: Annotated[dict[str, Style], Field(min_length=1)]
