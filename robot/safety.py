"""Checks after the model: what reaches the hand is finite, near, inside limits and not too fast.

Pure functions; every correction has a name, so that the loop can count it and a person see it.
"""

from dataclasses import dataclass

import numpy as np

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
    lower = np.asarray(layout.joint_lower, np.float32)
    upper = np.asarray(layout.joint_upper, np.float32)
    bounds = {
        "margin": (position - margin, position + margin),
        "limits": (lower, upper),
        "speed": (last - step, last + step),
    }
    target, interventions = np.asarray(proposed, np.float32), []
    for name, (low, high) in bounds.items():
        inside = np.clip(target, low, high).astype(np.float32)
        if np.abs(inside - target).max() > ROUNDING:
            interventions.append(name)
        target = inside
    return Checked(target, tuple(interventions))
