"""Join the reports of several training seeds into the tables of docs/results.md.

    for s in 0 1 2; do dexgen run training_seed=$s; done
    python benchmarks/training_seeds.py var/reports/*/summary.json --page docs/results.md \\
        --picture docs/picture.svg

Experts and test are the same in each; student, data, controller and critic were made anew. What
each controller did on each pair is read from the store of the state folder (DEXGEN_HOME, or var/).
A figure is over all seeds, its bound from drawing the pairs anew, each with the answers of all
seeds. Reports of other experts or measured differently are refused; of two of one seed the newer
counts.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from configs.errors import UserError
from configs.refs import Ref
from flows.home import home_path
from models.strength import KEYS
from tasks.evaluation.measuring import COUNTED
from tasks.report.picture import picture
from tasks.store import open_store
from tasks.store.protocol import StoreError

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.joined_seeds import Counts, as_summary, join
from benchmarks.measuring import new_file, parser, run
from benchmarks.seed_tables import tables, text

# Settings that say what a seed's own calibration chose, and what is recorded beside the figures.
NOT_MEASURED_BY = {*KEYS, "clips", "clip_s"}
# That a report must have
PARTS = ("evaluation", "one_setting", "settings", "artifacts")
# Steps before the training seed; the student, which is trained first, acts in the rollouts
SHARED = ("objects", "grasps", "experts", "baselines")


def main() -> int:
    command = parser(__doc__)
    command.add_argument("summaries", type=Path, nargs="+", help="summary.json of each seed")
    command.add_argument("--page", type=Path, help="page whose tables are replaced by these")
    command.add_argument("--picture", type=new_file, help="SVG file for the report's first picture")
    options = command.parse_args()
    summaries = newest(read(options.summaries))
    require_comparable(summaries)
    counts = [counted(path, summary) for path, summary in summaries.items()]
    joined = join(list(summaries.values()), counts)
    if options.page:
        page = with_tables(options.page, tables(joined))
        options.page.write_text(page)
    if options.picture:
        settings = next(iter(summaries.values()))["settings"]
        options.picture.write_text(picture(as_summary(joined, settings), alone=True) or "")
    if options.json:
        options.json.write_text(json.dumps(joined, indent=1) + "\n")
    print(text(joined))
    return 0


def counted(path: str, summary: Mapping[str, Any]) -> Counts:
    """Return what a report's controller did on each pair, from the store.

    Raises:
        UserError: the store has it no more, or pairs are in it that are not judged.
    """
    settings = summary["settings"]
    for split, pairs in settings["pairs"].items():
        if pairs and split != settings["judged"]:
            raise UserError(
                f"{path}: settings.pairs.{split} is {pairs}; run with evaluate.pairs.{split}=0"
            )
    try:
        store = open_store(home_path())
        folder = store.open(Ref(store.name, summary["artifacts"]["evaluate"], ""))
    except StoreError as error:
        raise UserError(f"{path}: {error}; set DEXGEN_HOME to its state folder") from None
    return load_file(folder / COUNTED)


def with_tables(page: Path, fresh: Mapping[str, str]) -> str:
    """Return a page in which the first table under each heading of `fresh` is the fresh one.

    Raises:
        UserError: the page is missing, or has no such heading with a table.
    """
    try:
        text = page.read_text()
    except OSError as error:
        raise UserError(f"--page {page}: cannot be read ({error.strerror})") from None
    for title, table in fresh.items():
        text, found = re.subn(
            rf"(^## {re.escape(title)}\n(?:[^|#\n].*\n|\n)*)(?:\|.*\n)+",
            lambda match, table=table: f"{match[1]}{table}\n",
            text,
            flags=re.MULTILINE,
        )
        if found != 1:
            raise UserError(f"--page {page}: has no table under '## {title}'; add one")
    return text


def read(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return the summaries by file; a link to one that is there already (`latest`) is left out.

    Raises:
        UserError: a file is missing, is no JSON, or is a report without an evaluation.
    """
    summaries = {}
    for path in dict.fromkeys(path.resolve() for path in paths):
        try:
            summary = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UserError(f"{path}: cannot be read ({reason}); name a summary.json") from None
        parts = [summary.get(part) for part in PARTS] if isinstance(summary, dict) else [None]
        if not all(part and isinstance(part, dict) for part in parts):
            raise UserError(f"{path}: has no evaluation; leave it out or run it to its end")
        if not {"training_seed", "lineage", "run"} <= summary.keys():
            raise UserError(f"{path}: names no training seed or code; make the report anew")
        summaries[str(path)] = summary
    return summaries


def newest(summaries: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the newest report of each training seed, and say which others were passed over.

    Every `dexgen run` adds a report, if all of it was reused too.
    """
    chosen: dict[int, str] = {}
    for path, summary in sorted(summaries.items(), key=lambda item: item[1]["run"]):
        before = chosen.get(summary["training_seed"])
        chosen[summary["training_seed"]] = path
        if before and summaries[before]["evaluation"] != summary["evaluation"]:
            print(f"training_seeds: {before}: passed over for a newer one", file=sys.stderr)
    return {path: summaries[path] for _, path in sorted(chosen.items())}


def require_comparable(summaries: Mapping[str, dict[str, Any]]) -> None:
    """Raise UserError unless the training seed, and what follows from it, alone differs."""
    for (one, a), (two, b) in combinations(summaries.items(), 2):
        pair = f"{one} and {two}"
        first, second = measured(a), measured(b)
        for key in sorted(first.keys() | second.keys()):
            if first.get(key) != second.get(key):
                raise UserError(f"{pair} were measured differently: settings.{key} is unequal")
        label = difference(shared(a), shared(b))
        if label is not None:
            raise UserError(f"{pair} are of other experts or objects: {label} is unequal")
        label = difference(codes(a), codes(b))
        if label is not None:
            raise UserError(f"{pair} were made by different code: that of {label} is unequal")


def measured(summary: Mapping[str, Any]) -> dict[str, Any]:
    settings = summary["settings"]
    return {key: value for key, value in settings.items() if key not in NOT_MEASURED_BY}


def shared(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of the artifacts that no training is behind, by step."""
    versions = summary["artifacts"].items()
    return {label: version for label, version in versions if label.split("/")[0] in SHARED}


def codes(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of the code behind each step's artifact."""
    return {step["label"]: step["code"] for step in summary["lineage"]}


def difference(a: Mapping[str, str], b: Mapping[str, str]) -> str | None:
    """Return the first key at which two mappings differ."""
    return next((key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)), None)


if __name__ == "__main__":
    run(main)
