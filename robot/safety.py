"""The safety layer: what the model is told is possible, and what reaches the hand is safe.

Its limits are `safety` of configs/robot/twin.yaml, the target margin and the joint limits. Pure
functions; every correction has a name, so that the loop can count it and a person see it.
"""

from dataclasses import dataclass

import numpy as np

from configs.errors import UserError
from configs.layout import Layout
from configs.schema.robot import Safety

ROUNDING = 1e-5  # [rad] a smaller correction is single precision, not an intervention


@dataclass(frozen=True)
class Checked:
    target: np.ndarray  # [n] float32 [rad] safe to write
    interventions: tuple[str, ...]  # names of the corrections made, none: as proposed


def valid(values: np.ndarray, layout: Layout) -> bool:
    """Return whether `values` are n finite numbers."""
    return values.shape == (layout.num_joints,) and bool(np.isfinite(values).all())


def possible(position: np.ndarray, layout: Layout, margin: float) -> bool:
    """Return whether joints can be at `position` [rad]: limits, `margin` [rad] beyond them."""
    if not valid(position, layout):
        return False
    lower, upper = _limits(layout)
    return bool(((position >= lower - margin) & (position <= upper + margin)).all())


def safe(target: np.ndarray, layout: Layout) -> bool:
    """Return whether `target` is n finite numbers inside the joint limits."""
    return possible(target, layout, 0.0)


def starting_target(target: np.ndarray, layout: Layout) -> np.ndarray:
    """Return a copy of the targets [n] [rad] that an episode starts with, float32.

    Raises:
        UserError: the shape, a number that is not finite or one outside the joint limits.
    """
    values = np.asarray(target, np.float32)
    if values.shape != (layout.num_joints,):
        raise UserError(
            f"start target: shape {list(values.shape)}, expected {[layout.num_joints]} joints"
        )
    if not possible(values, layout, ROUNDING):
        lower, upper = _limits(layout)
        inside = (values >= lower - ROUNDING) & (values <= upper + ROUNDING)
        first = int(np.argmin(inside))
        raise UserError(
            f"start target: {layout.joint_names[first]} is {values[first]:g} rad, its limits are "
            f"{lower[first]:g} to {upper[first]:g}; start inside them"
        )
    return np.clip(values, *_limits(layout))


def check_target(
    proposed: np.ndarray,
    last: np.ndarray,
    position: np.ndarray,
    layout: Layout,
    safety: Safety,
) -> Checked:
    """Return the nearest safe target to `proposed`, and what had to be done.

    Args:
        proposed: [n] [rad], from whatever model; anything is allowed here.
        last: [n] [rad] the safe target in force; it is kept where nothing can be saved.
        position: [n] [rad] joint positions, finite.

    Interventions, in their order: `shape`, `not_finite` (the last target is held); `margin`
    (bounds the PD's torque), `limits`, `speed`. Speed comes last: the last target is inside the
    limits, so what lies between it and a target inside them is inside too.
    """
    if proposed.shape != last.shape:
        return Checked(last, ("shape",))
    if not np.isfinite(proposed).all():
        return Checked(last, ("not_finite",))
    margin, step = layout.target_margin, safety.max_speed / layout.control_hz
    bounds = {
        "margin": (position - margin, position + margin),
        "limits": _limits(layout),
        "speed": (last - step, last + step),
    }
    target, interventions = np.asarray(proposed, np.float32), []
    for name, (low, high) in bounds.items():
        inside = np.clip(target, low, high).astype(np.float32)
        if np.abs(inside - target).max() > ROUNDING:
            interventions.append(name)
        target = inside
    return Checked(target, tuple(interventions))


def _limits(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper joint limits, each [n] float32 [rad]."""
    return np.asarray(layout.joint_lower, np.float32), np.asarray(layout.joint_upper, np.float32)
