"""A real store and real small bundles: a graph that onnxruntime runs."""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from configs.errors import UserError
from configs.refs import Ref
from configs.schema.pipeline import Config
from configs.schema.promote import Gate, Latency, Promote, PromoteStep
from models.bundle import SCENARIO, WEIGHTS, Bundle
from tasks.registry.promote import promote
from tasks.running.context import Context
from tests import tiny_bundle
from tests.contexts import make_context

HOLD = "evaluation.noisy_2.0.assisted.hold_s"
BARE = "evaluation.noisy_2.0.unassisted.hold_s"


def make_bundle(config: Config, folder: Path, mark: float) -> Bundle:
    """Write a bundle; `mark` makes its weights, and so its hash, differ."""
    folder.mkdir(parents=True)
    save_file({"mark": np.array([mark], dtype=np.float32)}, folder / WEIGHTS)
    marked = {WEIGHTS: folder / WEIGHTS}
    return tiny_bundle.make_bundle(folder / "bundle", config.embodiment, more=marked)


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


class Calls:
    """Count calls as the interpreter makes them, and kill this process at a chosen one."""

    def __init__(self, counts: Callable[[Any], bool], last: int | None = None) -> None:
        self.count, self.counts, self.last = 0, counts, last

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and self.counts(frame.f_code):
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], Any], calls: Calls) -> bool:
    """Do `work` in a process that dies at a call."""
    child = os.fork()
    if child == 0:
        sys.setprofile(calls)
        try:
            work()
        finally:
            os._exit(0)  # reached only if there is no such call
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def at_once(*works: Callable[[], Any]) -> list[int]:
    """Do works in processes side by side; return, sorted, 0 of each done and 3 of one refused."""
    children = []
    for work in works:
        child = os.fork()
        if child == 0:
            code = 4
            try:
                work()
                code = 0
            except UserError:
                code = 3
            finally:
                os._exit(code)
        children.append(child)
    return sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


GATES = {"hold": gate(HOLD, 1.5, BARE), "champion": gate(HOLD, 1.0, f"champion.{HOLD}")}


@dataclass
class Workshop:
    """One home, and the making of what comes in at the promote step."""

    home: Path
    configs: dict[str, Config]

    def context(self, identity: str) -> Context:
        return make_context(self.home, identity, "promote")

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
            "grasps/box": {"grasps.safetensors": bundle.folder / SCENARIO},
            "expert/fast": expert,
        }
        return {name: self.publish(f"{name}-{hand}-{mark}", part) for name, part in named.items()}

    def run(
        self, mark: float, hold: float, gates: Any = None, hand: str = "trident", **settings: Any
    ) -> dict[str, Any]:
        """Promote fresh inputs and return the decision.json."""
        refs = self.inputs(mark, hold, hand, **settings)
        context = self.context(f"promote-{len(os.listdir(self.home / 'made'))}")
        made = promote(self.step(gates), refs, context)
        return json.loads((context.open(made) / "decision.json").read_text())

    def step(self, gates: dict[str, Gate] | None = None) -> PromoteStep:
        settings = Promote(
            approver="pipeline", latency=Latency(warmup=1, ticks=3), gates=gates or GATES
        )
        return PromoteStep(promote=settings)
