"""Step `export`: a trained controller becomes a bundle that runs without torch."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import JsonValue

from configs.errors import UserError
from configs.layout import Layout
from configs.load import validate
from configs.refs import Ref
from configs.schema.export import ExportStep
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, save_pieces, without_path
from models.assistance import Assistance
from models.bundle import (
    CRITIC,
    GRAPH,
    PIECES,
    SCENARIO,
    STUDENT,
    WEIGHTS,
    open_bundle,
    write_bundle,
)
from models.kinematics import Kinematics
from models.session import Session
from models.strength import Strength
from tasks.distillation.distill import STUDENTS
from tasks.export.graph import compare, export_graph
from tasks.export.scenario import choose_scenario
from tasks.learning.critic import CRITICS
from tasks.learning.train import CONTROLLERS
from tasks.objects import open_objects
from tasks.running.context import Context

GRASPS = "grasps/"  # prefix of the references to grasps
GRASP_FILE = "grasps.safetensors"
CALIBRATION = "calibration.json"


def export(config: ExportStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish the bundle of controller, critic, student and calibration; its graph is compared
    with them.

    The `objects/<name>` and the `grasps/<object>` of training objects give the scenario.

    Raises:
        LayoutMismatch: a network is of another layout.
        UserError: a network or the calibration is damaged, the graph differs from the network,
            or no grasps are connected.
    """
    torch.set_num_threads(1)  # what the graph is compared with, to the last bits
    layout, settings = config.embodiment.make_layout(), config.export
    controller = CONTROLLERS.read(context.open(refs["controller"]), layout)
    critic = CRITICS.read(context.open(refs["critic"]), layout)
    student = STUDENTS.read(context.open(refs["student"]), layout)
    kinematics = Kinematics(config.embodiment.hand)
    assistance = Assistance(
        controller, critic, student, kinematics, settings.sampling, settings.activity
    )
    graph = context.scratch / GRAPH
    export_graph(assistance, graph, settings.opset)
    scenario = make_scenario(refs, context, layout, settings.scenario_grasps)
    files = {
        WEIGHTS: context.open(refs["controller"]) / WEIGHTS,
        CRITIC: context.open(refs["critic"]) / CRITIC,
        STUDENT: context.open(refs["student"]) / STUDENT,
        GRAPH: graph,
        SCENARIO: context.scratch / SCENARIO,
        PIECES: context.scratch / PIECES,
    }
    folder = context.scratch / "bundle"
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    write_bundle(
        folder,
        files,
        embodiment=config.embodiment,
        assistance=settings.assistance,
        assistances=read_calibration(context.open(refs["calibration"])),
        ddim_steps=settings.sampling.steps,
        scenario=without_path(scenario.spec),
        lineage=lineage(refs, context),
    )
    session = Session(open_bundle(folder, layout))
    for name, difference in compare(assistance, session, settings.parity, config.seed).items():
        context.record(f"export.parity.{name}", difference)
    context.record("export.graph_mib", graph.stat().st_size / 2**20)
    published = {path.name: path for path in sorted(folder.iterdir())}
    return context.publish(published, "bundle", list(refs.values()))


def make_scenario(
    refs: Mapping[str, Ref], context: Context, layout: Layout, count: int
) -> ObjectModel:
    """Write the scenario's grasps and pieces into scratch; return its object."""
    grasps = {
        name.removeprefix(GRASPS): GraspSet.load(context.open(ref) / GRASP_FILE, layout)
        for name, ref in refs.items()
        if name.startswith(GRASPS)
    }
    scenario, chosen = choose_scenario(open_objects(refs, context), grasps, count)
    chosen.save(context.scratch / SCENARIO, layout)
    save_pieces(scenario, context.scratch / PIECES)
    return scenario


def read_calibration(folder: Path) -> dict[str, Strength]:
    """Return the strengths that step `calibrate` chose, by assistance.

    Raises:
        UserError: not the artifact of that step.
    """
    path = folder / CALIBRATION
    try:
        choice = json.loads(path.read_text())["choice"]
        return {name: validate(Strength, row, str(path)) for name, row in choice.items()}
    except (OSError, json.JSONDecodeError, KeyError, AttributeError) as error:
        raise UserError(f"{path}: not a calibration ({error}); run calibrate") from None


def lineage(refs: Mapping[str, Ref], context: Context) -> dict[str, JsonValue]:
    """Return the versions that went in, and every step behind them that left its name."""
    inputs: dict[str, JsonValue] = {name: ref.version for name, ref in sorted(refs.items())}
    behind = {
        commit.id: commit for ref in refs.values() for commit in context.store.log(ref.version)
    }
    steps: dict[str, JsonValue] = {
        version: dict(behind[version].metadata)
        for version in sorted(behind)
        if "step" in behind[version].metadata
    }
    return {"inputs": inputs, "export": dict(context.origin), "steps": steps}
