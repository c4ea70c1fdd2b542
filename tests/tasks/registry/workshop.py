"""A real store and real small bundles: a graph that onnxruntime runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from configs.layout import Layout
from configs.refs import Ref
from configs.schema.pipeline import Config
from configs.schema.promote import Gate, Latency, Promote, PromoteStep
from models.bundle import CRITIC, GRAPH, PIECES, REQUIRED, SCENARIO, WEIGHTS, Bundle, write_bundle
from models.strength import Strength
from tasks.context import Context, Progress, make_scratch
from tasks.store import open_store

HOLD = "evaluation.noisy_2.0.assisted.hold_s"
BARE = "evaluation.noisy_2.0.unassisted.hold_s"


def echo_graph(layout: Layout, path: Path) -> None:
    """Write a graph with a controller's inputs and outputs that answers with zeros, or inputs."""
    import onnx
    from onnx import TensorProto, helper

    plan = ["batch", *layout.motion_shape]
    joints = ["batch", layout.num_joints]
    ins = [
        ("history", TensorProto.FLOAT, ["batch", layout.history, layout.step_size]),
        ("motion", TensorProto.FLOAT, plan),
        ("command", TensorProto.FLOAT, joints),
        ("mode", TensorProto.INT64, ["batch"]),
        ("guidance", TensorProto.FLOAT, ["batch"]),
        ("caution", TensorProto.FLOAT, ["batch"]),
        ("remainder", TensorProto.FLOAT, ["batch"]),
        ("noise", TensorProto.FLOAT, plan),
    ]
    outs = [
        ("target", TensorProto.FLOAT, joints),
        ("action", TensorProto.FLOAT, joints),
        ("planned", TensorProto.FLOAT, plan),
        ("gain", TensorProto.FLOAT, ["batch"]),
    ]
    zeros = np.zeros((1, layout.num_joints), dtype=np.float32)
    weights = helper.make_tensor("zeros", TensorProto.FLOAT, zeros.shape, zeros)
    column = helper.make_tensor("column", TensorProto.INT64, [2], [-1, 1])
    nodes = [
        helper.make_node("Reshape", ["guidance", "column"], ["each"]),
        helper.make_node("Mul", ["each", "zeros"], ["target"]),
        helper.make_node("Identity", ["target"], ["action"]),
        helper.make_node("Add", ["motion", "noise"], ["planned"]),
        helper.make_node("Identity", ["caution"], ["gain"]),
    ]
    values = [[helper.make_tensor_value_info(*one) for one in side] for side in (ins, outs)]
    graph = helper.make_graph(nodes, "echo", values[0], values[1], [weights, column])
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), str(path))


def make_bundle(config: Config, folder: Path, mark: float) -> Bundle:
    """Write a bundle; `mark` makes its weights, and so its hash, differ."""
    folder.mkdir(parents=True)
    layout = config.embodiment.make_layout()
    files = {name: folder / name for name in REQUIRED}
    for name in (WEIGHTS, CRITIC, SCENARIO, PIECES):
        save_file({"mark": np.array([mark], dtype=np.float32)}, files[name])
    echo_graph(layout, files[GRAPH])
    return write_bundle(
        folder / "bundle",
        files,
        embodiment=config.embodiment,
        assistance="paper",
        assistances={
            "paper": Strength(
                guidance=0.2,
                calm_guidance=0.2,
                caution=1.0,
                calm_caution=1.0,
                share=1.0,
                remainder=0.0,
            )
        },
        activity=config.export.activity,
        ddim_steps=2,
        scenario=next(iter(config.objects.items.values())),
        lineage={"dataset": "d"},
    )


def evaluation(hold: float, bare: float = 2.0) -> dict[str, Any]:
    def cell(value: float) -> dict[str, float | None]:
        return {"hold_s": value, "hold_s_low": value / 2, "hold_s_high": None}

    table = {"noisy_2.0": {"assisted": cell(hold), "unassisted": cell(bare)}}
    return {"evaluation": table, "settings": {"windows": 3, "seed": 0, "guidance": {"paper": 0.2}}}


def gate(metric: str, threshold: float, relative_to: str | None = None) -> Gate:
    return Gate(
        metric=metric,
        comparison="at_least",
        threshold=threshold,
        relative_to=relative_to,
        why="a test",
    )


GATES = {"hold": gate(HOLD, 1.5, BARE), "champion": gate(HOLD, 1.0, f"champion.{HOLD}")}


@dataclass
class Workshop:
    """One home, and the making of what comes in at the promote step."""

    home: Path
    configs: dict[str, Config]

    def context(self, identity: str) -> Context:
        return Context(
            identity=identity,
            label="promote",
            store=open_store(self.home),
            home=self.home,
            scratch=make_scratch(self.home, identity),
            threads=1,
            progress=Progress("promote"),
            origin={"step": "promote", "config": "c", "code": "k"},
        )

    def publish(self, name: str, files: dict[str, Path]) -> Ref:
        context = self.context("maker-" + name.replace("/", "-"))
        return context.publish(files, name, parents=[])

    def inputs(
        self, mark: float, hold: float, hand: str = "trident", **settings: Any
    ) -> dict[str, Ref]:
        """Publish a bundle with its evaluation, and what stands for the steps before.

        `settings` replace those that the evaluation was measured with.
        """
        made = self.home / "made"
        work = made / str(len(list(made.iterdir())) if made.exists() else 0)
        bundle = make_bundle(self.configs[hand], work, mark)
        measured = evaluation(hold)
        measured["settings"] |= settings
        files = {path.name: path for path in bundle.folder.iterdir()}
        notes = {
            "evaluation.json": measured | {"bundle_hash": bundle.hash},
            "figures.json": {"expert": {"hold_s": 3.0}, "script": {"hold_s": 1.0}},
            "controller.json": {"mark": mark},
        }
        for name, content in notes.items():
            (work / name).write_text(json.dumps(content))
        expert = {name: work / name for name in ("figures.json", WEIGHTS)}
        named = {
            "bundle": files,
            "evaluation": {"evaluation.json": work / "evaluation.json"},
            "dataset": {"dataset.json": work / "controller.json"},
            "controller": {"controller.json": work / "controller.json"},
            "grasps/box": {"grasps.safetensors": work / SCENARIO},
            "expert/fast": expert,
        }
        return {name: self.publish(f"{name}-{hand}-{mark}", part) for name, part in named.items()}

    def step(self, gates: dict[str, Gate] | None = None) -> PromoteStep:
        promote = Promote(
            approver="pipeline", latency=Latency(warmup=1, ticks=3), gates=gates or GATES
        )
        return PromoteStep(promote=promote)
