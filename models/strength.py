"""What makes an assistance of the graph, and what of it holds for a command as busy as it is."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from configs.schema.strict import strict
from models.activity import Activity

Share = Annotated[float, Field(ge=0, le=1)]


@strict
class Strength:
    """Settings of models/assistance.py; a calm command (models/activity.py) has its own."""

    guidance: Annotated[float, Field(ge=0)]  # how strongly a busy command pulls
    calm_guidance: Annotated[float, Field(ge=0)]  # and a calm one
    caution: Share  # greatest risk taken for a busy command; 1: no guard
    calm_caution: Share  # and for a calm one
    share: Share  # of a busy command; a calm one counts whole
    remainder: Share  # of what inverse dynamics loses of a command that is given back to it


KEYS = tuple(field.name for field in fields(Strength))


class Settled(NamedTuple):
    """What holds at an activity, arrays [...] float32."""

    share: np.ndarray
    guidance: np.ndarray
    caution: np.ndarray
    remainder: np.ndarray


def settle(meter: Activity, activity: np.ndarray, strengths: Sequence[Strength]) -> Settled:
    """Return what holds at the `activity` [..., A, M] of A strengths' M commands."""

    def each(name: str) -> np.ndarray:
        return np.array([[getattr(one, name)] for one in strengths], np.float32)  # [A, 1]

    whole = np.ones((len(strengths), 1), np.float32)
    return Settled(
        share=meter.between(activity, whole, each("share")),
        guidance=meter.between(activity, each("calm_guidance"), each("guidance")),
        caution=meter.between(activity, each("calm_caution"), each("caution")),
        remainder=np.broadcast_to(each("remainder"), activity.shape),
    )
