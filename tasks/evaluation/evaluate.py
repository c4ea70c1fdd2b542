"""The step `evaluate`: measure the exported controller under every perturbation."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.numpy import save_file

from configs.refs import Ref
from configs.schema.evaluate import BARE, EvaluateStep, asks
from models.bundle import open_bundle
from models.session import Session
from tasks.evaluation.inputs import open_inputs
from tasks.evaluation.measuring import COUNTED, Measured, clipped, joined, measure, read, table_of
from tasks.evaluation.recording import run_of, scene_of
from tasks.evaluation.results import default_variant, report_of
from tasks.evaluation.trial import Setup
from tasks.evaluation.variants import strength_of
from tasks.running.context import Context

FILES = ("evaluation.json", COUNTED, "clips.json")


def evaluate(config: EvaluateStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Run all windows and publish evaluation.json, counts.safetensors and clips.json.

    The variants that do not ask the controller were measured by the step `baselines`, in the same
    environments. A window depends on its own seed only, and its counts are kept in scratch: a
    killed evaluation goes on with the next window and ends with the same figures.

    Raises:
        UserError: an input is missing or does not fit.
    """
    settings = config.evaluate
    torch.set_num_threads(settings.threads)
    inputs = open_inputs(config.world, settings, refs, context)
    bundle = open_bundle(context.open(refs["bundle"]), inputs.layout)
    session = Session(bundle, settings.session_threads)
    stage = Setup(config.world, settings, inputs, session, config.seed, context.threads)
    strengths = {name: strength_of(v, bundle.manifest) for name, v in settings.variants.items()}
    known = {name: v for name, v in settings.variants.items() if not asks(v)}
    asking = {name: v for name, v in settings.variants.items() if asks(v)}
    bare = read(context.open(refs["baselines"]))
    parts = [(table_of(settings, known, strengths), bare)]
    shown = []
    if asking:
        table = table_of(settings, asking, strengths)
        default = default_variant(settings, bundle)
        ours = measure(stage, table, context, default)
        parts.append((table, ours))
        shown = clips(stage, {BARE: bare, **({default: ours} if default else {})})
    counts = joined(parts, list(settings.variants))
    report = report_of(
        config, bundle, inputs, table_of(settings, settings.variants, strengths), counts
    )
    files = {name: context.scratch / name for name in FILES}
    files["evaluation.json"].write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    save_file(counts, files[COUNTED])
    files["clips.json"].write_text(json.dumps(shown, allow_nan=False) + "\n")
    objects = ", ".join(item.name for item in inputs.specs)
    return context.publish(files, f"evaluation on {objects}", list(refs.values()))


def clips(stage: Setup, sides: Mapping[str, Measured]) -> list[dict[str, Any]]:
    """Return what the report draws: hands side by side under the same disturbances."""
    if len(sides) < 2:
        return []  # nobody beside the bare command
    inputs, settings, world = stage.inputs, stage.evaluate, stage.world
    pairs = table_of(settings, settings.variants, {}).arrangement(inputs).objects
    item = inputs.objects[pairs[0]]
    scene = scene_of(world.embodiment.hand, item, world.physics)
    return [
        {
            "title": f"{name}, {item.name}",
            "hz": inputs.layout.control_hz,
            "scene": scene,
            "runs": {
                variant: run_of(measured.recording, row, scene, inputs.layout)
                for variant, measured in sides.items()
            },
        }
        for row, name in enumerate(clipped(settings))
    ]
