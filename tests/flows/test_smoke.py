"""The whole loop at smoke size: what it leaves, what later runs do, another hand."""

import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.load import load
from configs.schema.pipeline import Config
from flows.runtime import stands
from flows.stages import STAGES
from tasks.running.steps import STEPS
from tasks.store import open_store

FIGURES = {"hold_s", "hold_s_low", "hold_s_high", "goals_per_min", "goals_per_drop", "intention"}
TUNED = ("calibrate", "export", "evaluate", "promote")  # what follows from the two networks


def summary(home: Path) -> dict:
    return json.loads((home / "reports" / "latest" / "summary.json").read_text())


def numbers(figures: dict) -> Iterator[float | None]:
    for value in figures.values():
        yield from numbers(value) if isinstance(value, dict) else [value]


def test_summary_has_every_figure_and_stage(smoke_home):
    content = summary(smoke_home)
    assert set(content["stages"]) == set(STAGES)
    for row in content["stages"].values():
        assert set(row) >= {"seconds", "reused", "peak_mib"}
        assert row["peak_mib"] < 4096 / 2  # two steps side by side
    assert set(content["evaluation"]) >= {"noisy_2.0", "slow_0.5", "correlated", "absolute"}
    for variants in content["evaluation"].values():
        assert set(variants) >= {"unassisted", "scaled_0.2", "assisted"}
        for figures in variants.values():
            assert set(figures) >= FIGURES
            assert figures["hold_s"] > 0
            assert all(value is None or math.isfinite(value) for value in numbers(figures))


def test_main_holds_the_checked_dataset(smoke_home):
    store = open_store(smoke_home)
    config = load(Config, ["profile=smoke"])
    commit = store.read(store.resolve("main"))
    fingerprint = config.embodiment.make_layout().fingerprint()
    manifest_path = next(path for path in commit.tree if path.endswith("manifest.json"))
    assert commit.parents
    folder = store.open(store.index_get(entry_identity(store, "check")))
    assert fingerprint in (folder / Path(manifest_path).name).read_text()


def entry_identity(store, label: str) -> str:
    return next(entry["identity"] for entry in store.index_entries() if entry["label"] == label)


def test_a_second_run_reuses_every_step_and_releases_what_was_lost(smoke_home, dexgen, tmp_path):
    store = open_store(smoke_home)
    promoted = store.open(store.index_get(entry_identity(store, "promote")))
    assert stands(STEPS["promote"].outside, smoke_home, promoted)
    home = tmp_path / "home"
    shutil.copytree(smoke_home, home, symlinks=True)
    shutil.rmtree(home / "releases")
    again = dexgen("run", "profile=smoke", home=home)
    assert again.returncode == 0, again.stderr
    assert re.findall(r"^made +(\S+)", again.stdout, re.MULTILINE) == ["promote"]
    content, before = summary(home), summary(smoke_home)
    reused = {stage for stage, row in content["stages"].items() if row["reused"]}
    assert reused == before["stages"].keys() - {"promote"}
    assert content["evaluation"] == before["evaluation"]
    assert len(list((home / "releases").glob("0*"))) == 1


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("train.batch=96", {"train", *TUNED}),
        ("hazards.chunks=2", {"hazards", "critic", *TUNED}),
        ("evaluate.windows=2", {"baselines", "evaluate", "promote"}),
    ],
)
def test_a_changed_value_reruns_its_stage_and_what_follows(smoke_home, inside, change, again):
    result = inside("run", "profile=smoke", change, "--dry-run", home=smoke_home)
    assert result.returncode == 0, result.stderr
    for line in result.stdout.splitlines():
        match = re.match(r"(reuse|run) +(\w+)", line)
        if match and match.group(2) in STAGES:
            expected = "run" if match.group(2) in again else "reuse"
            assert match.group(1) == expected, line


def test_models_are_listed_with_their_aliases(smoke_home, inside):
    listed = inside("models", "list", home=smoke_home)
    assert listed.returncode == 0, listed.stderr
    assert "champion" in listed.stdout


@pytest.mark.slow
def test_another_hand_walks_the_same_loop_and_holds_in_the_twin(dexgen, tmp_path):
    fewer = ("evaluate.perturbations=[noisy_2.0,withdraw_finger]", "evaluate.clips=[noisy_2.0]")
    result = dexgen("run", "profile=smoke", "hand=trident", *fewer, home=tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    short = ("robot.trials.count=2", "robot.realtime_s=1")
    twin = dexgen("twin", "hand=trident", *short, home=tmp_path)
    assert twin.returncode == 0, twin.stderr
    assert "hold" in twin.stdout
