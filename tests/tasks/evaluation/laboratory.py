"""Everything that an evaluation reads, tiny: untrained expert, controller that holds its target."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from configs.load import load
from configs.refs import Ref
from configs.schema.evaluate import EvaluateStep, for_baselines
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, save_objects
from tasks.evaluation.baselines import baselines
from tasks.evaluation.evaluate import evaluate
from tasks.experts.policy import POLICIES, actor_of
from tasks.running.context import Context
from tasks.store import open_store
from tests.contexts import make_context
from tests.envs.environment import STRAIGHT
from tests.tiny_bundle import SPHERE, make_bundle, write_grasps

OVERRIDES = [
    "evaluate.window_s=1",
    "evaluate.windows=2",
    "evaluate.pairs={held_out: 3, training: 2}",
    "evaluate.perturbations=[noisy_2.0, slow_0.5, correlated, absolute, withdraw_finger]",
    "evaluate.unseen=[]",
    "evaluate.clips=[noisy_2.0, slow_0.5]",
    "evaluate.bootstrap=40",
    "evaluate.clip_s=0.5",
    "evaluate.plots=[noisy_2.0]",
]
HELD_OUT = replace(SPHERE, name="marble", held_out=True)


@dataclass(frozen=True)
class Laboratory:
    home: Path
    step: EvaluateStep
    refs: dict[str, Ref]

    def context(self, identity: str, threads: int | None = 1) -> Context:
        return make_context(self.home, identity, "evaluate", threads)

    def changed(self, **settings: Any) -> EvaluateStep:
        """Return the step with other values of `evaluate`."""
        return replace(self.step, evaluate=replace(self.step.evaluate, **settings))

    def run(self, identity: str, step: EvaluateStep | None = None, threads: int | None = 1) -> Path:
        """Run both steps, the baselines and what is measured against them."""
        step, context = step or self.step, self.context(identity, threads)
        return context.open(evaluate(step, self.refs | self.bare(identity, step, threads), context))

    def bare(self, identity: str, step: EvaluateStep, threads: int | None = 1) -> dict[str, Ref]:
        refs = {name: ref for name, ref in self.refs.items() if name != "bundle"}
        step = replace(step, evaluate=for_baselines(step.evaluate))
        return {"baselines": baselines(step, refs, self.context(f"{identity}-bare", threads))}


def make_laboratory(hand: str, home: Path) -> Laboratory:
    """Publish a bundle, objects, grasps and an untrained expert into a new home."""
    config = load(Config, [f"hand={hand}", *OVERRIDES])
    layout = config.embodiment.make_layout()
    store, work = open_store(home), home / "work"
    work.mkdir()

    def publish(name: str, files: list[Path]) -> Ref:
        return store.publish({file.name: file for file in files}, name, {"identity": name}, ())

    bundle = make_bundle(work / "bundle", config.embodiment)
    grasps = work / "grasps.safetensors"
    write_grasps(grasps, config.embodiment)
    marble = work / "marble" / "grasps.safetensors"
    marble.parent.mkdir()
    replace(GraspSet.load(grasps, layout), object=HELD_OUT.name).save(marble, layout)
    torch.manual_seed(0)
    straight = replace(config.experts.policy, script=STRAIGHT)  # a command that is large
    actor = actor_of(layout, straight)
    policy = POLICIES.write(actor, work, layout, straight, style="fast", admitted=True)
    refs = {
        "bundle": publish("bundle", sorted(bundle.folder.iterdir())),
        "objects/all": publish(
            "objects", save_objects([ObjectModel(SPHERE), ObjectModel(HELD_OUT)], work)
        ),
        f"grasps/{SPHERE.name}": publish("grasps", [grasps]),
        f"grasps/{HELD_OUT.name}": publish("marble", [marble]),
        "expert/fast": publish("expert", list(policy.values())),
    }
    step = EvaluateStep(world=config.world, evaluate=config.evaluate, seed=3)
    return Laboratory(home, step, refs)
