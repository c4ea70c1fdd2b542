"""Rollouts of the planned expert: turns that need regrasps, one after the other."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.grasps import Grasps
from configs.schema.physics import PositiveRange
from configs.schema.planned import Planned
from configs.schema.regrasps import Regrasps
from configs.schema.rollouts import Rollouts
from configs.schema.strict import NonNegative, Positive, strict
from configs.schema.world import World

PLANNED = "planned"  # the style that these rollouts are labelled with, after those of the task


@strict
class TurnGoals:
    """Turns of the object about random axes."""

    angle: PositiveRange  # [rad] from where the object is
    tolerance: Positive  # [rad] a turn is met when the object is turned less from it
    dwell_s: NonNegative  # [s] and has stayed so for so long
    timeout_s: Positive  # [s] a turn that is not met in time gives way to another
    episode_s: Positive  # [s] then the hand begins anew, in another grasp


@strict
class Turns:
    goals: TurnGoals
    # [-] how many times as long motions last, by the names in rollouts.modes, dealt out in turn
    paces: Annotated[dict[str, Positive], Field(min_length=1)]
    rollouts: Rollouts  # a student answers none of the bad commands

    @model_validator(mode="after")
    def paces_have_modes(self) -> "Turns":
        if set(self.paces) != set(self.rollouts.modes):
            raise ValueError(
                f"paces {', '.join(self.paces)} and rollouts.modes "
                f"{', '.join(self.rollouts.modes)} differ; give each pace a mode"
            )
        return self


@strict
class TurnsStep:
    """What the planned expert's rollouts depend on, beside their references."""

    world: World
    grasps: Grasps
    regrasps: Regrasps
    planned: Planned
    turns: Turns
    seed: Annotated[int, Field(ge=0)]
