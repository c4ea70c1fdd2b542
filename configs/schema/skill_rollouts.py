"""Rollouts of the tasks that no expert is trained on: the script does what they ask for."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.rollouts import Rollouts
from configs.schema.script import Script
from configs.schema.strict import strict
from configs.schema.task import Task
from configs.schema.world import World


@strict
class Skills:
    """Tasks by name; each name is a style of the frames, after those of `task` and `planned`."""

    tasks: dict[str, Task]  # files of the group `task`
    scripts: dict[str, Script]  # by task
    rollouts: Rollouts  # a student answers none of the bad commands

    @model_validator(mode="after")
    def tasks_have_scripts_and_modes(self) -> "Skills":
        for what, given in (("scripts", self.scripts), ("rollouts.modes", self.rollouts.modes)):
            if set(given) != set(self.tasks):
                raise ValueError(
                    f"tasks {', '.join(self.tasks)} and {what} {', '.join(given)} differ; "
                    "give each task one"
                )
        return self


@strict
class SkillsStep:
    """What the rollouts of one skill depend on, beside their references."""

    world: World  # with the skill's task
    skill: str
    number: Annotated[int, Field(ge=0)]  # of its style
    script: Script
    rollouts: Rollouts
    seed: Annotated[int, Field(ge=0)]
