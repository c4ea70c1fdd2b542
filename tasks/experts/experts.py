"""The step `experts`: train one style's expert and compare it with the script."""

import json
from collections.abc import Mapping

from configs.errors import UserError
from configs.refs import Ref
from configs.schema.experts import ExpertStep
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from envs.streams import derive_seed
from tasks.experts.comparison import admitted, compare
from tasks.experts.policy import POLICIES, Expert
from tasks.experts.ppo import train
from tasks.objects import open_objects
from tasks.running.context import Context

GRASPS = "grasps/"  # prefix of the references to grasp sets; the object's name follows


def experts(config: ExpertStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish policy.safetensors, policy.json and figures.json of one style.

    An expert that is no better than the script is marked, and what follows uses the script.

    Raises:
        UserError: unknown style, or a checkpoint of something else.
    """
    styles = config.world.task.styles
    if config.style not in styles:
        raise UserError(f"experts: style: unknown {config.style!r}; one of {sorted(styles)}")
    objects, grasps = open_task(config.world.embodiment.make_layout(), refs, context)
    actor = trained(config, objects, grasps, context)
    expert = Expert(actor, config.experts.policy)
    script = config.experts.policy.script
    results = compare(
        {"script": lambda env: env.scripted_action(script), "expert": expert},
        config.world,
        objects,
        grasps,
        config.experts.comparison,
        style=config.style,
        seed=derive_seed(config.seed, "experts", config.style, "comparison"),
        threads=context.threads,
        progress=context.progress,
    )
    for name, row in results.items():
        for key in ("hold_s", "goals_per_min", "goals_per_drop"):
            context.record(f"{name}/{key}", row[key] or 0.0)
    layout = config.world.embodiment.make_layout()
    policy = config.experts.policy
    files = POLICIES.write(
        actor, context.scratch, layout, policy, style=config.style, admitted=admitted(results)
    )
    files["figures.json"] = context.scratch / "figures.json"
    files["figures.json"].write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    better = "" if admitted(results) else " (no better than the script)"
    message = f"expert {config.style}{better} over {', '.join(model.name for model in objects)}"
    return context.publish(files, message, list(refs.values()))


def open_task(
    layout, refs: Mapping[str, Ref], context: Context
) -> tuple[list[ObjectModel], list[GraspSet]]:
    """Open the objects that there are grasps of, in the order of their names."""
    models = open_objects(refs, context)
    names = sorted(name.removeprefix(GRASPS) for name in refs if name.startswith(GRASPS))
    files = {name: context.open(refs[GRASPS + name]) / "grasps.safetensors" for name in names}
    return [models[name] for name in names], [GraspSet.load(files[n], layout) for n in names]


def trained(
    config: ExpertStep, objects: list[ObjectModel], grasps: list[GraspSet], context: Context
):
    """Return the trained actor; training goes on where an earlier process left it."""
    seed = derive_seed(config.seed, "experts", config.style, "training")
    env = ManipulationEnv(
        config.world,
        objects,
        grasps,
        num_envs=config.experts.ppo.environments,
        seed=seed,
        style=config.style,
        threads=context.threads,
    )

    def report(done: int, metrics: Mapping[str, float]) -> None:
        context.progress(done, config.experts.ppo.iterations, "iterations")
        for name, value in metrics.items():
            context.record(f"training/{name}", value, done)

    algorithm = train(env, config.experts, seed, context.scratch / "checkpoint.pt", report)
    env.close()
    return algorithm.get_policy()
