"""A store with two objects and their grasps, and the smallest experts and rollouts over them."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from configs.load import load
from configs.refs import Ref
from configs.schema.experts import ExpertStep
from configs.schema.pipeline import Config
from configs.schema.rollouts import RolloutsStep
from envs.shapes.objects import save_objects
from tasks.distillation.distill import STUDENTS, make_student
from tasks.experts.policy import POLICIES, actor_of
from tasks.running.context import Context
from tasks.store import open_store
from tests.contexts import make_context
from tests.small_world import small_world

TINY = [
    "experts.policy.hidden=[16,16]",
    "experts.ppo.environments=8",
    "experts.ppo.steps=6",
    "experts.ppo.iterations=4",
    "experts.ppo.batch=16",
    "experts.ppo.checkpoint_every=1",
    "experts.comparison.environments=4",
    "experts.comparison.duration_s=1",
    "distill.network.hidden=[16]",
    "rollouts.environments=8",
    "rollouts.chunks=2",
    "rollouts.chunk_s=3",
    "rollouts.filter.drop_trim_s=0.5",
    "rollouts.filter.min_episode_s=0.5",
]


@dataclass(frozen=True)
class Workshop:
    home: Path
    config: Config
    refs: dict[str, Ref]

    def context(self, identity: str, threads: int | None = 1) -> Context:
        return make_context(self.home, identity, threads=threads)

    def expert_step(self, style: str = "fast") -> ExpertStep:
        config = self.config
        return ExpertStep(world=config.world, style=style, experts=config.experts, seed=config.seed)

    def rollouts_step(self, style: str = "fast") -> RolloutsStep:
        config = self.config
        return RolloutsStep(
            world=config.world, style=style, rollouts=config.rollouts, seed=config.seed
        )


def publish_untrained(made: Workshop) -> Workshop:
    """Publish an expert of `fast` and a student, both untrained."""
    layout, work = made.config.embodiment.make_layout(), made.home / "work"
    torch.manual_seed(0)
    policy = made.config.experts.policy
    actor = actor_of(layout, policy)
    network = made.config.distill.network
    student = make_student(layout, network, 0)
    student.remember(torch.randn(1000, student.memory.width), made.config.distill.doubt)
    files = {
        "expert": POLICIES.write(actor, work, layout, policy, style="fast", admitted=True),
        "student": STUDENTS.write(student, work, layout, network),
    }
    store = open_store(made.home)
    refs = {n: store.publish(part, n, {"identity": n}, ()) for n, part in files.items()}
    return replace(made, refs=made.refs | refs)


def make_workshop(home: Path, hand: str = "allegro", overrides: tuple[str, ...] = ()) -> Workshop:
    """Publish objects and grasps into a new home."""
    small = small_world(hand)
    config = load(Config, [f"hand={hand}", *TINY, *overrides])
    store, work = open_store(home), home / "work"
    work.mkdir(parents=True, exist_ok=True)

    def publish(name: str, files: list[Path]) -> Ref:
        return store.publish({file.name: file for file in files}, name, {"identity": name}, ())

    refs = {"objects/all": publish("objects", save_objects(small.objects, work))}
    for model, grasps in zip(small.objects, small.grasps, strict=True):
        path = work / "grasps.safetensors"
        grasps.save(path, small.layout)
        refs[f"grasps/{model.name}"] = publish(model.name, [path])
    return Workshop(home, config, refs)
