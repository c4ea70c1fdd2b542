"""The reports of several training seeds: which may be joined, and what is printed of them."""

import copy
import json
import sys
from pathlib import Path

import pytest

from benchmarks import training_seeds


def ratio(value: float | None, low: float | None) -> dict:
    return {"value": value, "low": low, "high": None if value is None else 2 * value}


def summary(seed: int, hold_s: float = 10.0, equal: float | None = 1.5) -> dict:
    """Return what join() reads of a report: one perturbation, judged on the held-out objects."""
    figures = {"goals_per_min": 6.0, "intention": 0.5, "intention_gain": 0.25}
    cells = {
        "unassisted": figures | {"hold_s": 5.0, "contacts_kept": None},
        "guarded": figures | {"hold_s": hold_s, "contacts_kept": 0.7},
    }
    over = {
        "hold": ratio(hold_s / 5.0, hold_s / 10.0),
        "goals_per_min": ratio(None, None),
        "hold_of_still": ratio(hold_s / 40.0, hold_s / 80.0),
        "median_of_still": ratio(hold_s / 40.0, hold_s / 100.0),
        "drops_above_still": ratio(2.0, 1.0) | {"high": hold_s},
    }
    answer = {"hold_s": hold_s, "hold_s_low": hold_s / 2}
    answer |= {"goals_per_min": 6.0, "goals_per_min_low": 5.0}
    answer |= {"worst_family": {"name": f"kind{seed}", "hold_over_bare": ratio(1.5, 1.1)}}
    found = {"unassisted": answer, "guarded": answer | {"vs_scaled": ratio(4.0, hold_s / 4)}}
    low = None if equal is None else equal / 2
    return {
        "run": f"2026-{seed}",
        "training_seed": seed,
        "lineage": [{"label": "train", "code": "a"}],
        "artifacts": {"grasps/box": "same", "train": f"of {seed}"},
        "evaluation": {"withdraw": cells | {"assisted": cells["guarded"]}},
        "one_setting": found | {"assisted": found["guarded"], "vs_scaled": ratio(4.0, 3.0)},
        "ratios": {"withdraw": {"guarded": over}},
        "matched": {"withdraw": {"guarded": {"hold_ratio": equal, "low": low}}},
        "settings": {
            "judged": "held_out",
            "window_s": 60.0,
            "windows": 2,
            "pairs": {"held_out": 16},
            "guidance": {"guarded": 0.1 * seed},
            "objects": {"held_out": ["capsule"], "training": ["box"]},
            "unseen": ["withdraw"],
        },
    }


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Return a function that writes reports and joins them: exit code, output, errors."""

    def run(*summaries: dict, latest: bool = False):
        paths = []
        for i, content in enumerate(summaries):
            folder = tmp_path / f"run{i}"
            folder.mkdir(exist_ok=True)
            (folder / "summary.json").write_bytes(json.dumps(content).encode())
            paths.append(str(folder / "summary.json"))
        if latest:
            (tmp_path / "latest").symlink_to(folder.name)
            paths.append(str(tmp_path / "latest" / "summary.json"))
        out = str(tmp_path / "joined.json")
        monkeypatch.setattr(sys, "argv", ["training_seeds.py", *paths, "--json", out])
        return training_seeds.main(), *capsys.readouterr()

    return run


def changed(content: dict, part: str, key: str, value) -> dict:
    other = copy.deepcopy(content)
    other[part][key] = value
    return other


def with_code(content: dict, code: str) -> dict:
    return content | {"lineage": [{"label": "train", "code": code}]}


def test_of_several_reports_of_a_seed_the_newest_counts(command):
    older, newer = summary(0, 5.0) | {"run": "2025"}, summary(0, 10.0)
    code, printed, errors = command(newer, summary(1, 20.0), older)
    assert code == 0
    assert "run2/summary.json: passed over" in errors
    assert printed == command_output(command, newer, summary(1, 20.0))
    again = newer | {"run": "2026-9"}  # all of it reused: nothing to tell
    assert command(newer, again, summary(1, 20.0))[2] == ""


def command_output(command, *summaries: dict) -> str:
    return command(*summaries)[1]


def test_what_was_asked_for_is_judged_by_its_lower_bound(command):
    def noisy(seed: int, low: float) -> dict:
        content = summary(seed)
        for part in ("evaluation", "ratios", "matched"):
            content[part]["noisy_2.0"] = copy.deepcopy(content[part]["withdraw"])
        content["ratios"]["noisy_2.0"]["guarded"]["hold"] = ratio(12.0, low)
        return content

    for low, verdict in ((9.9, "no"), (10.0, "yes")):
        _, printed, _ = command(noisy(0, 11.0), noisy(1, low))
        row = next(x for x in printed.splitlines() if x.startswith("| noisy_2.0: hold, x bare"))
        assert row.split(" | ")[1:4] == ["10", verdict, f"12.00 ({low:.2f})"]
        row = next(x for x in printed.splitlines() if x.startswith("| kicks: hold"))
        assert row.split(" | ")[1:3] == ["3", "not measured"]


def test_a_file_that_cannot_be_written_is_one_line(command, monkeypatch):
    monkeypatch.setattr(Path, "write_text", refuse)
    code, printed, errors = command(summary(0), summary(1))
    assert (code, printed) == (2, "")
    assert "cannot be written" in errors


def refuse(*_: object) -> None:
    raise OSError(13, "Permission denied")


def test_the_link_to_the_latest_report_counts_once(command, tmp_path):
    code, printed, errors = command(summary(0), summary(1), latest=True)
    assert (code, errors) == (0, "")
    assert "Training seeds 0, 1;" in printed
    assert json.loads((tmp_path / "joined.json").read_text())["training_seeds"] == [0, 1]


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (
            summary(0),
            {key: part for key, part in summary(1).items() if key != "training_seed"},
            "names no training seed or code",
        ),
        (
            summary(0),
            changed(summary(1), "settings", "pairs", {"held_out": 8}),
            "settings.pairs is unequal",
        ),
        (summary(0), changed(summary(1), "settings", "stream", 3), "settings.stream is unequal"),
        (
            summary(0),
            changed(summary(1), "artifacts", "grasps/box", "other"),
            "grasps/box is unequal",
        ),
        (with_code(summary(0), "a"), with_code(summary(1), "b"), "that of train is unequal"),
        (summary(0), summary(1) | {"evaluation": {}}, "has no evaluation"),
        (summary(0), [1, 2], "has no evaluation"),
        (summary(0), summary(1) | {"settings": "x"}, "has no evaluation"),
    ],
)
def test_reports_that_differ_in_more_than_the_seed_are_refused(command, first, second, named):
    code, printed, errors = command(first, second)
    assert (code, printed) == (2, "")
    assert named in errors
    assert errors.count("\n") == 1


def row_of(printed: str, heading: str) -> list[str]:
    """Return the cells of `guarded` in the table under a heading."""
    lines = printed.split(f"## {heading}\n")[1].splitlines()
    row = next(line for line in lines if "| guarded |" in line)
    return [part.strip() for part in row.strip("|").split("|")]


def test_a_figure_is_the_mean_and_a_bound_the_worst(command):
    _, printed, _ = command(summary(0, 10.0), summary(1, 20.0, equal=2.5))
    assert row_of(printed, "Each kind of command")[1:] == [
        *("guarded", "15.00", "6.00", "0.50", "0.25"),
        # the worst of rates of drops is the greatest
        *("3.00 (1.00)", "2.00 (0.75)", "0.38 (0.12)", "2.00 (20.00)"),
    ]
    assert "| withdraw (unseen) | unassisted |" in printed
    assert "assisted |" not in printed.replace("unassisted |", "")


def test_one_setting_for_all_comes_first(command):
    _, printed, _ = command(summary(0, 10.0), summary(1, 20.0))
    headings = [line for line in printed.splitlines() if line.startswith("##")]
    assert headings == ["## One setting for all", "## Each kind of command"]
    assert row_of(printed, "One setting for all") == [
        *("guarded", "15.00 (5.00)", "6.00 (5.00)", "4.00 (2.50)"),
        "kind0, kind1: 1.50 (1.10) x bare",
    ]
    assert "32 pairs of 60 s on capsule" in printed


@pytest.mark.parametrize(
    ("equal", "shown"),
    [((1.0, None, 2.0), "1.50 undefined (1 of 3)"), ((None, None, None), "undefined (3 of 3)")],
)
def test_seeds_without_a_figure_are_counted(command, equal, shown):
    _, printed, _ = command(*(summary(i, equal=value) for i, value in enumerate(equal)))
    assert f"| {shown} |" in printed
