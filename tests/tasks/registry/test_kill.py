"""Killed anywhere in a promotion, the same step ends as if it had not been."""

import os
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from configs.refs import Ref
from tasks.registry.channel import read_channel
from tasks.registry.listing import list_models
from tasks.registry.promote import promote
from tasks.registry.tracking import open_client
from tests.tasks.registry.workshop import Calls, Workshop, killed

# Calls of functions in these files are the places where a kill is tried.
PLACES = ("tasks/registry/", "models/approval.py", "mlflow/tracking/client.py", "shutil.py")


def counts(code: CodeType) -> bool:
    return any(place in code.co_filename for place in PLACES)


def promote_in(workshop: Workshop, refs: Mapping[str, Ref]) -> Ref:
    return promote(workshop.step(), refs, workshop.context("promote"))


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


def try_places(workshop: Workshop, tmp_path: Path, parts: int) -> None:
    """Kill at `parts` places, evenly over the step, each in its own copy of the home."""
    refs = workshop.inputs(1.0, 6.0)
    expert = workshop.context("maker-expert-fast-trident-1.0")
    for step in range(3):
        expert.record("reward", float(step), step)
    whole = Workshop(tmp_path / "whole", workshop.configs)
    shutil.copytree(workshop.home, whole.home)
    calls = Calls(counts)
    sys.setprofile(calls)
    made = promote_in(whole, refs)
    sys.setprofile(None)
    expected = outcome(whole)
    assert calls.count > 100
    for part in range(parts):
        place = 1 + part * (calls.count - 2) // max(parts - 1, 1)
        cut = Workshop(tmp_path / f"cut-{place}", workshop.configs)
        shutil.copytree(workshop.home, cut.home)
        assert killed(partial(promote_in, cut, refs), Calls(counts, place))
        assert promote_in(cut, refs) == made, f"killed at call {place}"
        assert outcome(cut) == expected, f"killed at call {place}"
        shutil.rmtree(cut.home)


def test_killed_at_a_few_places(workshop: Workshop, tmp_path: Path) -> None:
    try_places(workshop, tmp_path, parts=3)


@pytest.mark.slow
def test_killed_at_many_places(workshop: Workshop, tmp_path: Path) -> None:
    try_places(workshop, tmp_path, parts=40)
