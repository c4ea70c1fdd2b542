"""The reports of several training seeds: which may be joined, and what is printed of them."""

import copy
import json
import sys
from pathlib import Path

import pytest

from benchmarks import training_seeds


def cell(hold_s: float, **others) -> dict:
    figures = {"hold_s": hold_s, "hold_median_s": hold_s / 2, "goals_per_min": 6.0}
    return figures | {"goals_per_drop": 1.0, "intention": 0.5, "contacts_kept": None} | others


def summary(seed: int, hold_s: float = 10.0, equal: float | None = 1.5) -> dict:
    """Return what join() reads of a report: one perturbation, judged on the held-out objects."""
    cells = {
        "unassisted": cell(5.0),
        "zero": cell(40.0),
        "guarded": cell(hold_s, contacts_kept=0.7),
        "assisted": cell(hold_s),
    }
    hold = {"value": hold_s / 5.0, "low": hold_s / 10.0}
    none = {"value": None, "low": None}
    still = {"value": hold_s / 40.0, "low": hold_s / 80.0}
    median = {"value": hold_s / 40.0, "low": hold_s / 100.0}
    low = None if equal is None else equal / 2
    return {
        "run": f"2026-{seed}",
        "training_seed": seed,
        "lineage": [{"label": "train", "code": "a"}],
        "artifacts": {"grasps/box": "same", "train": f"of {seed}"},
        "evaluation": {"withdraw": cells},
        "by_split": {"training": {"withdraw": cells}, "held_out": {"withdraw": cells}},
        "ratios": {
            "withdraw": {
                "guarded": {
                    "hold": hold,
                    "goals_per_drop": none,
                    "hold_of_still": still,
                    "median_of_still": median,
                }
            }
        },
        "matched": {"withdraw": {"guarded": {"hold_ratio": equal, "low": low}}},
        "settings": {
            "judged": "held_out",
            "window_s": 60.0,
            "pairs": {"held_out": 16},
            "guidance": {"guarded": 0.1 * seed},
            "objects": {"held_out": ["capsule"], "training": ["box"]},
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
        for part in ("evaluation", *content["by_split"]):
            tables = content.get(part) or content["by_split"][part]
            tables["noisy_2.0"] = tables["withdraw"]
        hold = {"value": 12.0, "low": low}
        content["ratios"]["noisy_2.0"] = {"guarded": {"hold": hold, "goals_per_drop": hold}}
        return content

    for low, verdict in ((7.9, "no"), (8.0, "yes")):
        _, printed, _ = command(noisy(0, 9.0), noisy(1, low))
        row = next(x for x in printed.splitlines() if x.startswith("| U(±2): hold, x bare"))
        assert row.split(" | ")[1:4] == ["8", verdict, f"12.00 ({low:.2f})"]


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
    assert "Training seeds 0, 1." in printed
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


def test_a_figure_is_the_mean_and_a_bound_the_worst(command):
    _, printed, _ = command(summary(0, 10.0), summary(1, 20.0, equal=2.5))
    row = next(line for line in printed.splitlines() if "| guarded |" in line)
    shown = [part.strip() for part in row.strip("|").split("|")][2:]
    assert shown == [
        # hold 10 s and 20 s of zero's 40 s, median 5 s and 10 s of zero's 20 s
        *("15.0", "6.0", "1.00", "0.50", "0.38", "0.70"),
        *("3.00 (1.00)", "undefined (2 of 2)", "0.38 (0.12)", "0.38 (0.10)", "2.00 (0.75)"),
    ]


def test_a_share_of_a_median_that_the_window_ended_is_an_upper_bound(command):
    ended = summary(1)
    ended["by_split"]["held_out"]["withdraw"]["zero"]["hold_median_s"] = 60.0
    _, printed, _ = command(summary(0, 10.0), ended)
    row = next(line for line in printed.splitlines() if "| guarded |" in line)
    assert "| ≤ " in row


def test_every_split_has_its_table_and_repeats_no_variant(command):
    _, printed, _ = command(summary(0), summary(1))
    headings = [line for line in printed.splitlines() if line.startswith("##")]
    assert headings == ["## Held out: capsule", "## Training: box"]
    assert "assisted |" not in printed.replace("unassisted |", "")


@pytest.mark.parametrize(
    ("equal", "shown"),
    [((1.0, None, 2.0), "1.50 beyond (1 of 3)"), ((None, None, None), "beyond (3 of 3)")],
)
def test_seeds_without_a_place_on_the_scaled_curve_are_counted(command, equal, shown):
    _, printed, _ = command(*(summary(i, equal=value) for i, value in enumerate(equal)))
    assert f"| {shown} |" in printed
