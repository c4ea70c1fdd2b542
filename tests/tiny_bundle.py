"""A tiny real bundle: an ONNX graph that holds the last targets, and grasps written by hand."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from configs.layout import Layout
from configs.schema.objects import Object
from configs.schema.world import Embodiment
from envs.grasp_set import Contacts, GraspSet
from envs.shapes.objects import ObjectModel, save_pieces, without_path
from models.bundle import (
    CRITIC,
    GRAPH,
    PIECES,
    REQUIRED,
    SCENARIO,
    STUDENT,
    WEIGHTS,
    Bundle,
    write_bundle,
)
from models.session import input_shapes, output_shapes
from models.strength import KEYS, Strength
from tests.things import thing

MEMORY = 3  # numbers that the tiny graph remembers: how often it was asked since the start
SPHERE = thing("sphere", "ball", radius=0.03)


def write_graph(path: Path, layout: Layout, *, history: int | None = None, rows: int = -1) -> None:
    """Write a graph with target = the last step's target, action = 0, motion = guidance x motion,
    meant = command, trust = reading, gain = caution, memory = memory + 1.

    `rows`: a graph that loads, and fails when it is run with another batch.
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    n = layout.num_joints
    steps = history or layout.history
    first = 3 * layout.num_tips + n  # where the targets start in a step

    def number(name, values):
        return numpy_helper.from_array(np.array(values), name)

    constants = [
        number("starts", [steps - 1, first]),
        number("ends", [steps, first + n]),
        number("axes", [1, 2]),
        number("joints", [rows, n]),
        number("column", [-1, 1, 1, 1]),
        number("zero", np.float32(0.0)),
        number("one", np.float32(1.0)),
        *(number(f"place of {key}", np.int64(place)) for place, key in enumerate(KEYS)),
    ]
    nodes = [
        helper.make_node("Slice", ["history", "starts", "ends", "axes"], ["last"]),
        helper.make_node("Reshape", ["last", "joints"], ["target"]),
        helper.make_node("Mul", ["target", "zero"], ["action"]),
        helper.make_node("Gather", ["strength", "place of guidance"], ["guidance"], axis=1),
        helper.make_node("Reshape", ["guidance", "column"], ["weight"]),
        helper.make_node("Mul", ["motion", "weight"], ["next_motion"]),
        helper.make_node("Identity", ["command"], ["meant"]),
        helper.make_node("Gather", ["strength", "place of reading"], ["trust"], axis=1),
        helper.make_node("Gather", ["strength", "place of caution"], ["gain"], axis=1),
        helper.make_node("Add", ["memory", "one"], ["next_memory"]),
    ]
    shapes = input_shapes(layout, MEMORY) | {"history": (steps, layout.step_size)}
    inputs = [
        helper.make_tensor_value_info(
            name, TensorProto.INT64 if name == "mode" else TensorProto.FLOAT, ["batch", *shape]
        )
        for name, shape in shapes.items()
    ]
    outputs = [
        helper.make_tensor_value_info(
            f"next_{name}" if name in shapes else name, TensorProto.FLOAT, ["batch", *shape]
        )
        for name, shape in output_shapes(layout, MEMORY).items()
    ]
    graph = helper.make_graph(nodes, "hold", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    checker.check_model(model)
    save(model, path)


def write_grasps(path: Path, embodiment: Embodiment, count: int = 3) -> None:
    """Write grasps at the hand's rest pose; they hold nothing, which is enough to start."""
    layout = embodiment.make_layout()
    rest = np.tile(np.array(embodiment.hand.rest, np.float32), (count, 1))
    rest += np.linspace(0, 0.1, count, dtype=np.float32)[:, None]
    pose = np.tile(np.array([0.09, 0.0, 0.08, 1, 0, 0, 0], np.float32), (count, 1))
    fingers = layout.num_tips
    contacts = Contacts(
        finger=np.full((count, fingers), -1, np.int8),
        link=np.full((count, fingers), -1, np.int8),
        point=np.zeros((count, fingers, 3), np.float32),
        normal=np.zeros((count, fingers, 3), np.float32),
        force=np.zeros((count, fingers), np.float32),
    )
    others = [[j for j in range(count) if j != i] for i in range(count)]
    grasps = GraspSet(
        object=SPHERE.name,
        joint_position=rest,
        joint_target=rest + np.float32(0.05),
        object_pose=pose,
        contacts=contacts,
        quality=np.zeros(count, np.float32),
        parent=np.full(count, -1, np.int32),
        neighbours=np.array(others, np.int32),
    )
    grasps.save(path, layout)


def make_bundle(
    folder: Path,
    embodiment: Embodiment,
    *,
    guidance: float = 0.2,
    assistance: str = "paper",
    history: int | None = None,
    rows: int = -1,
    scenario: Object = SPHERE,
    more: Mapping[str, Path] | None = None,
) -> Bundle:
    """Write the tiny bundle to `folder`, its sources beside it.

    `paper` has a `guidance` and neither student nor critic.
    `more` files are added to it, or stand in for its own.
    """
    layout = embodiment.make_layout()
    sources = folder.parent / f"{folder.name}_sources"
    sources.mkdir(parents=True)
    for name in (WEIGHTS, CRITIC, STUDENT):
        save_file({"weight": np.ones(1, np.float32)}, sources / name)
    write_graph(sources / GRAPH, layout, history=history, rows=rows)
    write_grasps(sources / SCENARIO, embodiment)
    save_pieces(ObjectModel(scenario), sources / PIECES)
    return write_bundle(
        folder,
        {name: sources / name for name in REQUIRED} | dict(more or {}),
        embodiment=embodiment,
        assistance=assistance,
        assistances={
            "paper": Strength(
                reading=0.0, gain=1.0, share=1.0, caution=1.0, guidance=guidance, remainder=0.0
            ),
            "guarded": Strength(
                reading=1.0, gain=0.75, share=0.5, caution=0.25, guidance=0.1, remainder=0.875
            ),
        },
        ddim_steps=1,
        scenario=without_path(scenario),
        lineage={"dataset": "none", "experts": {}},
    )
