"""The reports of several training seeds: which may be joined, and what is printed of them."""

import copy
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks import measuring, training_seeds
from tasks.evaluation.metrics import COUNTS
from tasks.store import open_store

KINDS = ("noisy_2.0", "withdraw")
VARIANTS = {
    "unassisted": {"kind": "direct", "gain": 1.0},
    "scaled_0.5": {"kind": "direct", "gain": 0.5},
    "zero": {"kind": "direct", "gain": 0.0},
    "guarded": {"kind": "assisted"},
}
WINDOW_S = 60.0
# Drops and goals of each pair and variant: 5 s, 10 s, 60 s held
DROPS, GOALS = {"unassisted": 12, "scaled_0.5": 6, "zero": 1}, {"unassisted": 9, "scaled_0.5": 6}


def counts(drops: float = 4, uneven: float = 0) -> dict[str, np.ndarray]:
    """Return counts [1, P, V, 4] of one seed, whose `guarded` drops so often in each pair.

    uneven: how many more drops it has in the first pair, and fewer in the last.
    """
    shape = (1, len(KINDS), len(VARIANTS), 4)
    made = {name: np.ones(shape) for name in COUNTS}
    made["time_s"] *= WINDOW_S
    made["goals"] *= 6
    made["kept"] *= 0.5
    for place, name in enumerate(VARIANTS):
        made["drops"][:, :, place] = DROPS.get(name, drops)
        made["goals"][:, :, place] = GOALS.get(name, 6 if name == "guarded" else 0)
    made["drops"][:, :, -1, 0] += uneven
    made["drops"][:, :, -1, -1] -= uneven
    return made


def summary(seed: int, made: dict[str, np.ndarray] | None = None) -> dict:
    """Return what is read of a report; its counts go into the store before it is joined."""
    answers = {name: {} for name in VARIANTS} | {"guarded": {"vs_scaled": {"value": 2.0 + seed}}}
    return {
        "run": f"2026-{seed}",
        "training_seed": seed,
        "lineage": [{"label": "train", "code": "a"}],
        "artifacts": {"grasps/box": "same", "train": f"of {seed}", "evaluate": made or counts()},
        "evaluation": {"withdraw": f"figures of {seed}"},
        "one_setting": answers,
        "one_setting_unseen": answers,
        "settings": {
            "judged": "held_out",
            "window_s": WINDOW_S,
            "windows": 1,
            "pairs": {"held_out": 4, "training": 0},
            "guidance": {"guarded": 0.1 * seed},
            "assisted": "guarded",
            "objects": {"held_out": ["capsule"], "training": ["box"]},
            "perturbations": {name: {} for name in KINDS},
            "variants": VARIANTS,
            "unseen": ["withdraw"],
            "bootstrap": 200,
            "confidence": 0.95,
            "seed": 0,
        },
    }


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Return a function that writes reports and joins them: exit code, output, errors."""
    monkeypatch.setenv("DEXGEN_HOME", str(tmp_path))
    store = open_store(tmp_path)

    def stored(made: dict[str, np.ndarray]) -> str:
        save_file(made, tmp_path / "counts.safetensors")
        files = {"counts.safetensors": tmp_path / "counts.safetensors"}
        return store.publish(files, "evaluation", {}).version

    def run(*summaries: dict, latest: bool = False, page: Path | None = None):
        paths = []
        for i, given in enumerate(summaries):
            content = copy.deepcopy(given)
            if isinstance(content, dict) and isinstance(content["artifacts"]["evaluate"], dict):
                content["artifacts"]["evaluate"] = stored(content["artifacts"]["evaluate"])
            folder = tmp_path / f"run{i}"
            folder.mkdir(exist_ok=True)
            (folder / "summary.json").write_bytes(json.dumps(content).encode())
            paths.append(str(folder / "summary.json"))
        if latest:
            (tmp_path / "latest").symlink_to(folder.name)
            paths.append(str(tmp_path / "latest" / "summary.json"))
        out = str(tmp_path / "joined.json")
        options = ["--json", out, "--picture", str(tmp_path / "picture.svg")]
        options += ["--page", str(page)] if page else []
        monkeypatch.setattr(sys, "argv", ["training_seeds.py", *paths, *options])
        with pytest.raises(SystemExit) as ended:
            measuring.run(training_seeds.main)
        return ended.value.code, *capsys.readouterr()

    return run


def changed(content: dict, part: str, key: str, value) -> dict:
    other = copy.deepcopy(content)
    other[part][key] = value
    return other


def with_code(content: dict, code: str) -> dict:
    return content | {"lineage": [{"label": "train", "code": code}]}


def test_of_several_reports_of_a_seed_the_newest_counts(command):
    older, newer = summary(0) | {"run": "2025", "evaluation": {"withdraw": 0}}, summary(0)
    code, printed, errors = command(newer, summary(1), older)
    assert code == 0
    assert "run2/summary.json: passed over" in errors
    assert printed == command(newer, summary(1))[1]
    again = newer | {"run": "2026-9"}  # all of it reused: nothing to tell
    assert command(newer, again, summary(1))[2] == ""


@pytest.mark.parametrize(("drops", "verdict"), [(1, "yes"), (2, "no")])
def test_what_was_asked_for_is_judged_by_its_lower_bound(command, drops, verdict):
    _, printed, _ = command(summary(0, counts(drops)), summary(1, counts(drops)))
    row = next(x for x in printed.splitlines() if x.startswith("| noisy_2.0: hold, x bare"))
    over = {1: "12.0", 2: "6.00"}[drops]
    assert row.split(" | ")[1:4] == ["10", verdict, f"{over} ({over})"]
    row = next(x for x in printed.splitlines() if x.startswith("| kicks: hold"))
    assert row.split(" | ")[1:3] == ["3", "not measured"]


def test_the_link_to_the_latest_report_counts_once(command, tmp_path):
    code, printed, errors = command(summary(0), summary(1), latest=True)
    assert (code, errors) == (0, "")
    assert "Training seeds 0, 1;" in printed
    assert json.loads((tmp_path / "joined.json").read_text())["training_seeds"] == [0, 1]


ONE, TWO = summary(0), summary(1)
NAMELESS = {key: part for key, part in TWO.items() if key != "training_seed"}
UNJUDGED = changed(ONE, "settings", "pairs", {"held_out": 2, "training": 2})
LOST = changed(ONE, "artifacts", "evaluate", "0" * 64)


@pytest.mark.parametrize(
    ("reports", "named"),
    [
        ((ONE, NAMELESS), "names no training seed or code"),
        ((ONE, changed(TWO, "settings", "windows", 8)), "settings.windows is unequal"),
        ((ONE, changed(TWO, "settings", "stream", 3)), "settings.stream is unequal"),
        ((ONE, changed(TWO, "artifacts", "grasps/box", "other")), "grasps/box is unequal"),
        ((with_code(ONE, "a"), with_code(TWO, "b")), "that of train is unequal"),
        ((ONE, TWO | {"evaluation": {}}), "has no evaluation"),
        ((ONE, [1, 2]), "has no evaluation"),
        ((ONE, TWO | {"settings": "x"}), "has no evaluation"),
        ((UNJUDGED,), "run with evaluate.pairs.training=0"),
        ((LOST,), "set DEXGEN_HOME"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_one_line(command, reports, named):
    code, printed, errors = command(*reports)
    assert (code, printed) == (2, "")
    assert named in errors
    assert errors.count("\n") == 1


def row_of(printed: str, heading: str, first: str) -> list[str]:
    """Return the other cells of a row of the table under a heading."""
    lines = printed.split(f"## {heading}\n")[1].splitlines()
    row = next(line for line in lines if line.startswith(f"| {first} |"))
    return [part.strip() for part in row.strip("|").split("|")][1:]


def test_a_figure_is_over_all_seeds(command):
    _, printed, _ = command(summary(0, counts(2)), summary(1, counts(6)))
    # 8 pairs of 60 s with 32 drops; bare 96, the command x 0.5, of as many goals, 48, still 8
    row = row_of(printed, "Each kind of command", "withdraw *")
    assert (row[0], row[3], row[7]) == ("5.00 / 9.00", "60.0 / 0.00", "15.0 / 6.00")
    assert row[8:] == ["3.00 (3.00)", "1.50 (1.50)", "100 / 100 / 100 %", "1.00"]


def test_a_bound_draws_a_pair_with_the_answers_of_all_seeds(command):
    """The first pair is as bad for one seed as it is good for the other: together all are alike."""
    _, printed, _ = command(summary(0, counts(4, uneven=3)), summary(1, counts(4, uneven=-3)))
    assert row_of(printed, "Each kind of command", "withdraw *")[8] == "3.00 (3.00)"
    _, printed, _ = command(summary(0, counts(4, uneven=3)), summary(1, counts(4, uneven=3)))
    value, low = row_of(printed, "Each kind of command", "withdraw *")[8].split()
    assert value == "3.00"
    assert float(low.strip("()")) < 2.5


def test_one_setting_for_all_comes_first(command):
    _, printed, _ = command(summary(0), summary(1))
    headings = [line for line in printed.splitlines() if line.startswith("##")]
    assert headings == [
        "## One setting for all",
        "## One setting for all that no training saw",
        "## Each kind of command",
        "## What must be shown",
    ]
    assert row_of(printed, "One setting for all", "guarded") == [
        *("15.0 (15.0)", "6.00 (6.00)", "1.50 (1.50)", "2.00, 3.00"),
        "noisy_2.0: 3.00 (3.00) x bare",
    ]
    assert "4 pairs of 60 s on capsule" in printed


def test_the_picture_is_of_all_seeds(command, tmp_path):
    command(summary(0, counts(2)), summary(1, counts(6)))
    drawn = (tmp_path / "picture.svg").read_text()
    assert "15.0 s" in drawn  # 8 pairs of 60 s with 32 drops
    assert "3.0\u00d7 longer" in drawn


def test_the_tables_of_a_page_are_replaced_and_its_words_stay(command, tmp_path):
    page = tmp_path / "page.md"
    _, printed, _ = command(summary(0))
    headings = [line for line in printed.splitlines() if line.startswith("##")]
    words = [f"{title}\n\nWords.\n\n| old |\n|---|\n\nAfter.\n" for title in headings]
    page.write_text("\n".join(words))
    assert command(summary(0), page=page)[0] == 0
    text = page.read_text()
    assert "| old |" not in text
    assert text.count("Words.") == text.count("After.") == len(headings)
    assert row_of(text, "One setting for all", "guarded")
    page.write_text("# No table")
    code, _, errors = command(summary(0), page=page)
    assert code == 2
    assert "has no table under '## One setting for all'" in errors
