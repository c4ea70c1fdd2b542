"""Killed anywhere in a promotion, the same step ends as if it had not been."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from configs.refs import Ref
from tasks.registry.channel import read_channel
from tasks.registry.listing import list_models
from tasks.registry.promote import promote
from tasks.registry.tracking import open_client
from tests.tasks.registry.workshop import Workshop

# Calls of functions in these files are the places where a kill is tried.
PLACES = ("tasks/registry/", "models/approval.py", "mlflow/tracking/client.py", "shutil.py")


class Calls:
    """Count calls as the interpreter makes them, and kill this process at a chosen one."""

    def __init__(self, last: int | None) -> None:
        self.count, self.last = 0, last

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and any(place in frame.f_code.co_filename for place in PLACES):
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def promote_in(workshop: Workshop, refs: Mapping[str, Ref], calls: Calls) -> Ref:
    context = workshop.context("promote")
    sys.setprofile(calls)
    try:
        return promote(workshop.step(), refs, context)
    finally:
        sys.setprofile(None)


def outcome(workshop: Workshop) -> dict[str, Any]:
    """Return what must be equal: versions, aliases, releases, runs and their figures."""
    rows = [{**row, "registered_utc": None} for row in list_models(workshop.home)]
    client = open_client(workshop.home)
    experiments = [one.experiment_id for one in client.search_experiments()]
    runs = client.search_runs(experiments)
    figures = [sorted(run.data.metrics.items()) for run in runs]
    history = [len(client.get_metric_history(run.info.run_id, "reward")) for run in runs]
    channel = [
        (one.sequence, one.bundle_hash, one.report_hash) for one in read_channel(workshop.home)
    ]
    leftovers = [path.name for path in workshop.home.rglob(".*") if "store" not in path.parts]
    return {
        "rows": rows,
        "runs": sorted(zip(figures, history, strict=True)),
        "channel": channel,
        "releases": sorted(os.listdir(workshop.home / "releases")),
        "leftovers": leftovers,
    }


def killed(workshop: Workshop, refs: Mapping[str, Ref], place: int) -> bool:
    """Run the step in a process that dies at its `place`-th call."""
    child = os.fork()
    if child == 0:
        promote_in(workshop, refs, Calls(place))
        os._exit(0)  # reached only if there is no such call
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def try_places(workshop: Workshop, tmp_path: Path, parts: int) -> None:
    """Kill at `parts` places, evenly over the step, each in its own copy of the home."""
    refs = workshop.inputs(1.0, 6.0)
    expert = workshop.context("maker-expert-fast-trident-1.0")
    for step in range(3):
        expert.record("reward", float(step), step)
    whole = Workshop(tmp_path / "whole", workshop.configs)
    shutil.copytree(workshop.home, whole.home)
    calls = Calls(None)
    made = promote_in(whole, refs, calls)
    expected = outcome(whole)
    assert calls.count > 100
    for part in range(parts):
        place = 1 + part * (calls.count - 2) // max(parts - 1, 1)
        cut = Workshop(tmp_path / f"cut-{place}", workshop.configs)
        shutil.copytree(workshop.home, cut.home)
        assert killed(cut, refs, place)
        assert promote_in(cut, refs, Calls(None)) == made, f"killed at call {place}"
        assert outcome(cut) == expected, f"killed at call {place}"
        shutil.rmtree(cut.home)


def test_killed_at_a_few_places(workshop: Workshop, tmp_path: Path) -> None:
    try_places(workshop, tmp_path, parts=3)


@pytest.mark.slow
def test_killed_at_many_places(workshop: Workshop, tmp_path: Path) -> None:
    try_places(workshop, tmp_path, parts=40)
