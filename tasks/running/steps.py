"""The table of steps: where each one's function and configuration type live.

Named, not imported: the command line and the flows read this table without the weight of
torch, MuJoCo or MLflow.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from configs.refs import Ref


@dataclass(frozen=True)
class Step:
    """A pure function step(config, refs, context) -> Ref, and the type of its config."""

    module: str
    name: str
    schema: str
    # A step that does something outside the store: (home, artifact folder) -> does it stand?
    outside: str | None = None

    def function(self) -> Callable[[Any, Mapping[str, Ref], Any], Ref]:
        return getattr(importlib.import_module(self.module), self.name)

    def config(self) -> type:
        module, name = self.schema.split(":")
        return getattr(importlib.import_module(module), name)


STEPS: Mapping[str, Step] = {
    "objects": Step("tasks.objects", "objects", "configs.schema.objects:ObjectStep"),
    "grasps": Step("tasks.grasps.grasps", "grasps", "configs.schema.grasps:GraspsStep"),
    "regrasps": Step("tasks.regrasps.regrasps", "regrasps", "configs.schema.regrasps:RegraspsStep"),
    "experts": Step("tasks.experts.experts", "experts", "configs.schema.experts:ExpertStep"),
    "rollouts": Step("tasks.rollouts.rollouts", "rollouts", "configs.schema.rollouts:RolloutsStep"),
    "turns": Step("tasks.rollouts.turns", "turns", "configs.schema.turns:TurnsStep"),
    "skills": Step("tasks.rollouts.skills", "skills", "configs.schema.skill_rollouts:SkillsStep"),
    "hazards": Step("tasks.rollouts.rollouts", "rollouts", "configs.schema.rollouts:RolloutsStep"),
    "check": Step("tasks.check.check", "check", "configs.schema.check:CheckStep"),
    "train": Step("tasks.learning.train", "train", "configs.schema.train:TrainStep"),
    "critic": Step("tasks.learning.critic", "critic", "configs.schema.critic:CriticStep"),
    "distill": Step("tasks.distillation.distill", "distill", "configs.schema.student:DistillStep"),
    "calibrate": Step(
        "tasks.evaluation.calibrate", "calibrate", "configs.schema.evaluate:CalibrateStep"
    ),
    "export": Step("tasks.export.export", "export", "configs.schema.export:ExportStep"),
    "baselines": Step(
        "tasks.evaluation.baselines", "baselines", "configs.schema.evaluate:EvaluateStep"
    ),
    "evaluate": Step(
        "tasks.evaluation.evaluate", "evaluate", "configs.schema.evaluate:EvaluateStep"
    ),
    "promote": Step(
        "tasks.registry.promote",
        "promote",
        "configs.schema.promote:PromoteStep",
        outside="tasks.registry.channel:release_stands",
    ),
}
