"""The whole configuration of a run."""

import math
from typing import Annotated

from pydantic import Field, model_validator

from configs.layout import LayoutConfig
from configs.schema.check import Check
from configs.schema.critic import CriticTraining
from configs.schema.evaluate import Evaluate
from configs.schema.experts import Experts
from configs.schema.export import Export
from configs.schema.grasps import Grasps
from configs.schema.hand import Hand
from configs.schema.machine import Machine
from configs.schema.objects import Objects
from configs.schema.perturbations import Operated, Perturbation, Pose, Push, kept_for_the_test
from configs.schema.physics import Physics, Randomization
from configs.schema.planned import Planned
from configs.schema.promote import Promote
from configs.schema.regrasps import Regrasps
from configs.schema.retention import Retention
from configs.schema.rollouts import Rollouts
from configs.schema.skill_rollouts import Skills
from configs.schema.store import Store
from configs.schema.strict import strict
from configs.schema.student import Distill
from configs.schema.task import Control, Task
from configs.schema.train import Train
from configs.schema.turns import PLANNED, Turns
from configs.schema.world import Embodiment, World

REPORTED = (
    "evaluation",
    "one_setting",
    "export",
    "machine",
    "control",
)  # what gates may ask a report for


@strict
class Config:
    """Every value of a run; each step is given its own part of it only."""

    seed: Annotated[int, Field(ge=0)]  # of everything but the networks' training
    training_seed: Annotated[int, Field(ge=0)]  # of controller, critic and student alone
    machine: Machine
    hand: Hand
    control: Control
    layout: LayoutConfig
    physics: Physics
    randomization: Randomization
    task: Task
    objects: Objects
    grasps: Grasps
    regrasps: Regrasps
    planned: Planned
    experts: Experts
    rollouts: Rollouts
    turns: Turns
    skills: Skills
    hazards: Rollouts
    critic: CriticTraining
    distill: Distill
    check: Check
    store: Store
    retention: Retention
    evaluate: Evaluate
    train: Train
    export: Export
    promote: Promote

    @model_validator(mode="after")
    def steps_divide(self) -> "Config":
        steps = 1.0 / (self.physics.timestep * self.control.hz)
        if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
            raise ValueError(
                f"control.hz {self.control.hz:g} and physics.timestep {self.physics.timestep:g} s "
                f"make {steps:.3f} physics steps a control step; choose them so that it is whole"
            )
        return self

    @model_validator(mode="after")
    def poses_are_the_hands(self) -> "Config":
        for group in ("evaluate", "distill"):
            for name, perturbation in getattr(self, group).library.items():
                pose = pose_of(perturbation)
                if pose is not None and pose not in self.hand.poses:
                    known = ", ".join(sorted(self.hand.poses))
                    raise ValueError(f"{group}.library.{name}: pose {pose!r} is not one of {known}")
        return self

    @model_validator(mode="after")
    def hand_has_the_fingers(self) -> "Config":
        fingers, contacts = len(self.hand.fingers), self.grasps.sampling.contacts
        if min(contacts) > fingers:
            raise ValueError(
                f"grasps.sampling.contacts {list(contacts)}: hand {self.hand.name} has {fingers} "
                "fingers; ask for no more"
            )
        return self

    @model_validator(mode="after")
    def what_is_called_unseen_is(self) -> "Config":
        """No family of `evaluate.unseen` is in any training's data."""
        for name in self.evaluate.unseen:
            perturbation = self.evaluate.library[name]
            posed = pose_of(perturbation) is not None and self.hazards.bursts.kinds.get("pose")
            if posed or not kept_for_the_test(perturbation):
                raise ValueError(f"evaluate.unseen: training's data hold commands like {name}")
        return self

    @model_validator(mode="after")
    def what_is_kept_for_the_test_is_not_taught(self) -> "Config":
        for name, perturbation in self.distill.library.items():
            if kept_for_the_test(perturbation):
                raise ValueError(
                    f"distill.library.{name}: commands of kind {perturbation.kind} are kept for "
                    "the test (configs/schema/perturbations.py); take it out"
                )
        return self

    def reports(self, path: str) -> bool:
        """Tell whether a report has figures at this path, as far as the configuration says."""
        first, _, rest = path.partition(".")
        if first != "evaluation" or not rest:
            return first in REPORTED
        cells = [
            f"{perturbation}.{variant}"
            for perturbation in self.evaluate.perturbations
            for variant in (*self.evaluate.variants, "assisted")
        ]
        tables = (*self.evaluate.perturbations, *cells)
        return rest in tables or any(rest.startswith(f"{cell}.") for cell in cells)

    @model_validator(mode="after")
    def gates_ask_for_what_is_measured(self) -> "Config":
        """A gate's path that no report has would be refused only after the last step."""
        for name, gate in self.promote.gates.items():
            for path in filter(None, (gate.metric, gate.relative_to)):
                if not self.reports(path.removeprefix("champion.")):
                    raise ValueError(
                        f"promote.gates.{name}: no report has {path!r}; paths begin with "
                        f"{', '.join(REPORTED)}, then evaluation.<perturbation>.<variant>.<figure>"
                    )
        return self

    @model_validator(mode="after")
    def spans_last_a_control_step(self) -> "Config":
        evaluate, calibration = self.evaluate, self.evaluate.calibration
        spans = {
            "evaluate.window_s": evaluate.window_s,
            "evaluate.clip_s": evaluate.clip_s,
            "evaluate.intention.horizon_s": evaluate.intention.horizon_s,
            "evaluate.calibration.window_s": calibration.window_s,
            "critic.horizon_s": self.critic.horizon_s,
            "rollouts.chunk_s": self.rollouts.chunk_s,
            "hazards.chunk_s": self.hazards.chunk_s,
            "turns.rollouts.chunk_s": self.turns.rollouts.chunk_s,
            "skills.rollouts.chunk_s": self.skills.rollouts.chunk_s,
        }
        for key, seconds in spans.items():
            if round(seconds * self.control.hz) < 1:
                raise ValueError(
                    f"{key} {seconds:g} s is shorter than a control step, "
                    f"{1.0 / self.control.hz:g} s; give more"
                )
        return self

    @model_validator(mode="after")
    def remainder_has_its_rule(self) -> "Config":
        if self.export.sampling.rule == "posterior" and self.evaluate.calibration.remainder > 0:
            raise ValueError(
                f"evaluate.calibration.remainder {self.evaluate.calibration.remainder:g}: a "
                "remainder is weighed by a guidance from 0 to 1, which rule `posterior` does not "
                "have; set it to 0, or export.sampling.rule to constant"
            )
        return self

    @model_validator(mode="after")
    def bursts_can_be_drawn(self) -> "Config":
        every = {"rollouts": self.rollouts, "hazards": self.hazards}
        every |= {"turns.rollouts": self.turns.rollouts, "skills.rollouts": self.skills.rollouts}
        for group, rollouts in every.items():
            bursts = rollouts.bursts
            for name, most in (("bad_s", math.inf), ("calm_s", math.inf), ("strength", 1.0)):
                low, high = getattr(bursts, name)
                if low < 0 or high > most:
                    bounds = "0 or more" if most == math.inf else f"from 0 to {most:g}"
                    raise ValueError(f"{group}.bursts.{name} [{low:g}, {high:g}]: give {bounds}")
        return self

    @model_validator(mode="after")
    def risk_can_be_learnt(self) -> "Config":
        if not max(self.hazards.levels) > 0:
            raise ValueError(
                f"hazards.levels {list(self.hazards.levels)} lead to no bad command, and the "
                "critic would see none; give one level above 0"
            )
        episode = min(self.task.episode_s, self.hazards.chunk_s)
        if self.critic.horizon_s >= episode:
            raise ValueError(
                f"critic.horizon_s {self.critic.horizon_s:g} s reaches beyond an episode of the "
                f"hazards, {episode:g} s (the shorter of task.episode_s and hazards.chunk_s); "
                "choose a shorter horizon"
            )
        return self

    @property
    def embodiment(self) -> Embodiment:
        return Embodiment(hand=self.hand, control=self.control, layout=self.layout)

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that a frame may be labelled with, in the order of their numbers."""
        return *self.task.styles, PLANNED, *self.skills.tasks

    @property
    def world(self) -> World:
        return World(
            embodiment=self.embodiment,
            physics=self.physics,
            randomization=self.randomization,
            task=self.task,
        )


def pose_of(perturbation: Perturbation) -> str | None:
    """Return the hand's pose that a family leads to, if any."""
    match perturbation:
        case Pose():
            return perturbation.pose
        case Push():
            return "closed"
        case Operated():
            return pose_of(perturbation.spoilt)
        case _:
            return None
