"""The step `evaluate`: measure the exported controller under every perturbation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from configs.refs import Ref
from configs.schema.evaluate import Evaluate, EvaluateStep
from models.bundle import Bundle, open_bundle
from models.session import Session
from tasks.context import Context
from tasks.evaluation.inputs import open_inputs
from tasks.evaluation.recording import Recorder, draw_runs, skeleton
from tasks.evaluation.results import default_variant, report_of
from tasks.evaluation.tiles import tiles
from tasks.evaluation.trial import Stage, Table, run_window
from tasks.evaluation.variants import strengths_of

FILES = ("evaluation.json", "counts.safetensors", "clips.json")
CLIPPED = ("unassisted", "assisted")  # side by side in a recording


def evaluate(config: EvaluateStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Run all windows and publish evaluation.json, counts.safetensors and clips.json.

    A window depends on its own seed only, and its counts are kept in scratch: a killed
    evaluation goes on with the next window and ends with the same figures.

    Raises:
        ConfigError, EvaluationError, BundleError, GraspSetError: an input is missing or does
            not fit.
    """
    settings = config.evaluate
    torch.set_num_threads(settings.threads)
    inputs = open_inputs(config.world, settings, refs, context)
    bundle = open_bundle(context.open(refs["bundle"]), inputs.layout)
    session = Session(bundle, settings.session_threads)
    stage = Stage(config.world, settings, inputs, session, config.seed, context.threads)
    main, trade_off = tables(settings, bundle)
    clipped = default_variant(settings, bundle)
    counts = measured(stage, main, "window", context, clipped)
    swept = measured(stage, trade_off, "sweep", context) if trade_off.perturbations else {}
    report = report_of(config, bundle, inputs, (main, counts), (trade_off, swept))
    files = {name: context.scratch / name for name in FILES}
    files["evaluation.json"].write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    both = {
        f"{kind}.{n}": a for kind, c in (("main", counts), ("sweep", swept)) for n, a in c.items()
    }
    save_file(both, files["counts.safetensors"])
    shown = clips(stage, main, context, clipped)
    files["clips.json"].write_text(json.dumps(shown, allow_nan=False) + "\n")
    objects = ", ".join(item.name for item in inputs.specs)
    return context.publish(files, f"evaluation on {objects}", list(refs.values()))


def tables(evaluate: Evaluate, bundle: Bundle) -> tuple[Table, Table]:
    """Return what is judged, and the sweep of strengths for the trade-off."""
    sweep, manifest = evaluate.sweep, bundle.manifest
    main = Table(
        evaluate.perturbations,
        evaluate.variants,
        strengths_of(evaluate.variants, manifest),
        evaluate.pairs,
        evaluate.windows,
        evaluate.window_s,
        evaluate.stream,
    )
    strengths = strengths_of(sweep.variants, manifest)
    trade_off = Table(
        sweep.perturbations,
        sweep.variants,
        strengths,
        sweep.pairs,
        sweep.windows,
        evaluate.window_s,
        evaluate.stream,
    )
    return main, trade_off


def measured(
    stage: Stage, table: Table, name: str, context: Context, clipped: str | None = None
) -> dict[str, np.ndarray]:
    """Return a table's counts [windows, P, V, M], read back where a window was done before."""
    ticks = round(table.window_s * stage.inputs.layout.control_hz)
    windows = []
    for index in range(table.windows):
        path = context.scratch / f"{name}_{index:04d}.safetensors"
        if not path.exists():
            recorder = make_recorder(stage, table, clipped) if index == 0 else None

            def progress(tick: int, index: int = index) -> None:
                context.progress(index * ticks + tick, table.windows * ticks, f"ticks of {name}s")

            found = run_window(stage, table, index, progress, recorder)
            if recorder is not None:
                save_file(recorder.arrays(), recording_file(context))
            partial = path.with_suffix(".partial")
            save_file(found, partial)
            partial.replace(path)
        windows.append(load_file(path))
    return {key: np.stack([window[key] for window in windows]) for key in windows[0]}


def recording_file(context: Context) -> Path:
    return context.scratch / "recording.safetensors"


def clip_rows(stage: Stage, table: Table, clipped: str | None) -> list[tuple[str, str, int]]:
    """Return (perturbation, variant, environment) of each recording: the first pair of every
    judged perturbation that is shown, bare and with the variant `clipped`."""
    arrangement = table.arrangement(stage.inputs)
    if clipped is None or "unassisted" not in table.variants:
        return []
    rows = []
    variants = list(table.variants)
    for name in stage.evaluate.clips:
        if name not in table.perturbations:
            continue
        p = table.perturbations.index(name)
        for variant in ("unassisted", clipped):
            place = p * arrangement.variants + variants.index(variant)
            rows.append((name, variant, place * arrangement.pairs))
    return rows


def make_recorder(stage: Stage, table: Table, clipped: str | None) -> Recorder | None:
    rows = clip_rows(stage, table, clipped)
    ticks = round(stage.evaluate.clip_s * stage.inputs.layout.control_hz)
    ticks = min(ticks, round(table.window_s * stage.inputs.layout.control_hz))
    return Recorder([row for *_, row in rows], ticks) if rows else None


def clips(
    stage: Stage, table: Table, context: Context, clipped: str | None
) -> list[dict[str, Any]]:
    """Return what the report draws: hands side by side under the same disturbances."""
    rows = clip_rows(stage, table, clipped)
    if not rows:
        return []
    recorded = load_file(recording_file(context))
    layout, hand = stage.inputs.layout, stage.world.embodiment.hand
    item = stage.inputs.objects[table.arrangement(stage.inputs).objects[0]]
    _, _, links = skeleton(hand)
    made = []
    for first in range(0, len(rows), len(CLIPPED)):
        part = {name: array[:, first : first + len(CLIPPED)] for name, array in recorded.items()}
        names = [variant for _, variant, _ in rows[first : first + len(CLIPPED)]]
        made.append(
            {
                "title": f"{rows[first][0]}, {item.name}",
                "hz": layout.control_hz,
                "object": tiles(item, 1.0),
                "links": [list(link) for link in links],
                "runs": draw_runs(part, names, hand, layout),
            }
        )
    return made
