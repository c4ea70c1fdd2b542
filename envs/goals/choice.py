"""Which module chooses the goals of a skill."""

from configs.schema.skills import Anygrasp, FineRotation, FreeFinger
from envs.goals.anygrasp import AnygraspGoals
from envs.goals.fine_rotation import FineRotationGoals
from envs.goals.free_finger import FreeFingerGoals
from envs.goals.goals import Goals, Setting


def make_goals(setting: Setting) -> Goals:
    """Return the goals of the setting's task."""
    match setting.world.task.skill:
        case Anygrasp() as skill:
            return AnygraspGoals(setting, skill)
        case FreeFinger() as skill:
            return FreeFingerGoals(setting, skill)
        case FineRotation() as skill:
            return FineRotationGoals(setting, skill)
