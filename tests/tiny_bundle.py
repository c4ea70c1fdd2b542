"""A tiny real bundle: an ONNX graph that holds the last targets, and grasps written by hand."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from configs.layout import Layout
from configs.schema.export import ActivityConfig
from configs.schema.objects import Object
from configs.schema.world import Embodiment
from envs.grasp_set import Contacts, GraspSet
from envs.objects import ObjectModel, save_pieces, without_path
from models.bundle import CRITIC, GRAPH, PIECES, REQUIRED, SCENARIO, WEIGHTS, Bundle, write_bundle
from models.strength import Strength
from tests.things import thing

# Commands of the tests are noise or held; either way the middle of `low` and `high` is left out.
ACTIVITY = ActivityConfig(time_s=1.0, calm=0.015, busy=0.03)
SPHERE = thing("sphere", "ball", radius=0.03)


def write_graph(path: Path, layout: Layout, *, history: int | None = None, rows: int = -1) -> None:
    """Write a graph with target = the last step's target, action = 0, plan = guidance x motion,
    gain = caution.

    `rows`: a graph that loads, and fails when it is run with another batch.
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    n, size = layout.num_joints, layout.step_size
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
    ]
    nodes = [
        helper.make_node("Slice", ["history", "starts", "ends", "axes"], ["last"]),
        helper.make_node("Reshape", ["last", "joints"], ["target"]),
        helper.make_node("Mul", ["target", "zero"], ["action"]),
        helper.make_node("Reshape", ["guidance", "column"], ["weight"]),
        helper.make_node("Mul", ["motion", "weight"], ["plan"]),
        helper.make_node("Identity", ["caution"], ["gain"]),
    ]
    single, motion = TensorProto.FLOAT, ["batch", *layout.motion_shape]
    inputs = [
        helper.make_tensor_value_info("history", single, ["batch", steps, size]),
        helper.make_tensor_value_info("motion", single, motion),
        helper.make_tensor_value_info("command", single, ["batch", n]),
        helper.make_tensor_value_info("mode", TensorProto.INT64, ["batch"]),
        helper.make_tensor_value_info("guidance", single, ["batch"]),
        helper.make_tensor_value_info("caution", single, ["batch"]),
        helper.make_tensor_value_info("remainder", single, ["batch"]),
        helper.make_tensor_value_info("noise", single, motion),
    ]
    outputs = [
        helper.make_tensor_value_info("target", single, ["batch", n]),
        helper.make_tensor_value_info("action", single, ["batch", n]),
        helper.make_tensor_value_info("plan", single, motion),
        helper.make_tensor_value_info("gain", single, ["batch"]),
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

    `paper` has one `guidance` and no guard; `guarded` has others for calm commands.
    `more` files are added to it, or stand in for its own.
    """
    layout = embodiment.make_layout()
    sources = folder.parent / f"{folder.name}_sources"
    sources.mkdir(parents=True)
    for name in (WEIGHTS, CRITIC):
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
                guidance=guidance,
                calm_guidance=guidance,
                caution=1.0,
                calm_caution=1.0,
                share=1.0,
                remainder=0.0,
            ),
            "guarded": Strength(
                guidance=0.1,
                calm_guidance=0.7,
                caution=0.25,
                calm_caution=0.5,
                share=0.5,
                remainder=0.75,
            ),
        },
        activity=ACTIVITY,
        ddim_steps=1,
        scenario=without_path(scenario),
        lineage={"dataset": "none", "experts": {}},
    )
