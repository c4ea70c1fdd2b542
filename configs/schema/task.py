"""A task: control, skill, goals, rewards, styles."""

from typing import Annotated

from pydantic import Field

from configs.schema.skills import Skill
from configs.schema.strict import NonNegative, Positive, strict


@strict
class Control:
    """How an action in [-1, 1]^n moves the joint targets; part of the layout."""

    hz: Positive  # [1/s] control rate of PPO, data, model, evaluation and robot alike
    action_scale: Positive  # [rad] change of a joint target by action 1 in one control step
    target_margin: Positive  # [rad] greatest distance of a joint target from the joint


@strict
class GoalRules:
    """Which grasp is a goal, and when it is reached.

    `max_rotation` ends at 2 rad: the two quaternions of a rotation are as far apart as rotations
    by 2 pi, and never both may be in range.
    """

    # [-] number of nearest grasps that are goals of a grasp
    neighbours: Annotated[int, Field(ge=1)]
    max_distance: Positive  # [m] greatest displacement of the object from grasp to goal
    # [rad] greatest rotation of the object from grasp to goal
    max_rotation: Annotated[float, Field(gt=0, le=2)]
    max_slide: Positive  # [m] how far a contact that both grasps have may slide on the object
    min_distance: NonNegative  # [tolerances] least distance of a new goal from where the object is
    position_tolerance: Positive  # [m] a goal is met when the object is closer to it
    rotation_tolerance: Positive  # [rad] a goal is met when the object is turned less from it
    dwell_s: NonNegative  # [s] a goal is reached when it has been met for so long without a break
    timeout_s: Positive  # [s] a goal that is not reached in time is replaced


@strict
class RewardWeights:
    """Weights of the paper's reward (appendix B); the paper prints none."""

    goal: NonNegative  # [-] w_goal, weight of the goal's terms
    position: Positive  # [1/m^2] a_pos, how fast the goal's reward falls with distance
    orientation: Positive  # [1/rad] a_orn, how fast the goal's reward falls with rotation
    hand: NonNegative  # [1/rad^2] a_hand, penalty on joint angles that are not the goal grasp's
    bonus: NonNegative  # [-] a_bonus, paid when a goal is reached
    # [1/rad^2] penalty on joints that do not follow the motion that they are asked for (ours)
    tracking: NonNegative
    precision: NonNegative  # [-] weight of a second, narrow peak of the goal's reward (ours)
    precision_angle: Positive  # [rad] rotation at which that peak has fallen to 1/e (ours)
    regularization: NonNegative  # [-] w_reg, weight of work, action and torque
    work: NonNegative  # [1/W] a_work, penalty on mechanical power
    action: NonNegative  # [-] a_action, penalty on the squared action
    torque: NonNegative  # [1/(N m)^2] a_tau, penalty on squared torques
    style: NonNegative  # [-] w_style, weight of the fingertips' speed
    tip_speed: NonNegative  # [s/m] a_i, penalty on a fingertip's speed, the same for each tip
    drop: float  # [-] what is added once when the object is dropped (ours)


@strict
class Style:
    """One way to move: factors on w_style and w_reg (appendix C)."""

    style_factor: NonNegative  # [-] factor of this style on w_style
    regularization_factor: NonNegative  # [-] factor of this style on w_reg


@strict
class Task:
    """A task: what is asked for, and its episodes, goals, rewards and styles."""

    episode_s: Positive  # [s] length of an episode; it is cut off then, which is no failure
    drop_distance: Positive  # [m] the object is dropped when it is farther from its goal
    skill: Skill
    goals: GoalRules
    rewards: RewardWeights
    styles: Annotated[dict[str, Style], Field(min_length=1)]
