"""What makes an assistance of the graph: settings, and their row in the graph's input."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated

import numpy as np
from pydantic import Field

from configs.schema.strict import Share, strict


@strict
class Strength:
    """Settings of models/assistance.py."""

    reading: Share  # how far the student is asked what a command means; 0: the command as it is
    gain: Share  # of what the student reads, set by the user
    share: Share  # of a busy command that nobody could read; a calm one counts whole
    caution: Share  # greatest risk of a drop taken beyond that of holding still; 1: no critic
    guidance: Annotated[float, Field(ge=0)]  # how strongly the prior is pulled to the command
    remainder: Share  # of what inverse dynamics loses of a command that is given back to it


KEYS = tuple(field.name for field in fields(Strength))


def rows(strengths: Sequence[Strength]) -> np.ndarray:
    """Return settings as the graph takes them, [B, len(KEYS)] float32, columns as KEYS."""
    return np.array([[getattr(one, key) for key in KEYS] for one in strengths], np.float32)
