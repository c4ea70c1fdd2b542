"""Break the store on purpose, and count what was lost.

    python benchmarks/reliability.py --json reliability.json

`kills`      writers that publish runs of episodes and a committer that puts them all into one
             dataset on `main`, killed with SIGKILL at a random moment, and again, on one store.
             After every kill each version opens with all its hashes, every row that was said to
             be published is there once, and no manifest names what is not there;
`flips`      one byte changed at a random place of the store, and put back: how many are found by
             `verify`;
`disk_full`  a writer on a file system of a few MiB until it is full: what it says, and whether the
             store is whole and goes on once there is room;
`race`       two committers on one branch at once: whose commits survive, and on one path: who
             is told.
The store is the local one, below a folder that is thrown away.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tasks.check.check import MAIN
from tasks.store import open_store
from tasks.store.protocol import Conflict, StoreError, VersionStore
from tasks.store.verify import verify

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.killing import (
    CONTEXT,
    RUNS,
    WRITERS,
    acknowledged,
    commit,
    end,
    kills,
    start,
    write,
)
from benchmarks.measuring import finish, parser, positive, run

COMMITS = 50  # of each racer
FILL = "import sys; from benchmarks.reliability import fill; fill(sys.argv[1])"


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--kills", type=positive, default=200)
    command.add_argument("--flips", type=positive, default=1000)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--only", nargs="*", choices=TRIALS, default=list(TRIALS))
    options = command.parse_args()
    return finish({name: TRIALS[name](options) for name in options.only}, options, {})


def flips(options: argparse.Namespace) -> dict[str, Any]:
    """Change one byte at a time of all files that a store is made of; count what is found."""
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for writer in range(WRITERS):
            write(home, writer)
        ready = CONTEXT.Barrier(1)  # kept: what nobody holds is gone before a child has it
        once = start(ready, commit, home)
        while len(acknowledged(home)) < WRITERS * RUNS:
            time.sleep(0.1)
        end(once)
        store = open_store(home)
        store.tag("released", store.resolve(MAIN))
        assert not damages(home), "a whole store must be found whole"
        files = [path for path in stored_files(home) if path.stat().st_size]
        sizes = [path.stat().st_size for path in files]
        missed: Counter[str] = Counter()
        for number in range(options.flips):
            path = rng.choices(files, sizes)[0] if number % 2 else rng.choice(files)
            place, bit = rng.randrange(path.stat().st_size), 1 << rng.randrange(8)
            with changed(path, place, bit):
                if not damages(home):
                    missed[path.relative_to(home / "store").parts[0]] += 1
        assert not damages(home), "put back, it is whole again"
    return {
        "flips": options.flips,
        "found": options.flips - sum(missed.values()),
        "files": len(files),
        "missed_by_folder": dict(missed) or "none",
    }


def disk_full(options: argparse.Namespace) -> dict[str, Any]:
    """Fill a small file system (Linux namespaces) and look at what a writer says and leaves."""
    with tempfile.TemporaryDirectory() as folder:
        script = 'mount -t tmpfs -o size=6m none "$1" && exec "$2" -c "$3" "$1"'
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        command = ["unshare", *user, "--mount", "sh", "-c", script, "fill", folder]
        run = subprocess.run(
            [*command, sys.executable, FILL],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
        )
    if run.returncode:
        return {"not_measured": (run.stderr.strip().splitlines() or ["no reason"])[-1]}
    return json.loads(run.stdout.splitlines()[-1])


def fill(folder: str) -> None:
    """Write until the file system is full, make room, and go on (a child)."""
    home, number = Path(folder), 0
    store = open_store(home)
    ballast = home / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    said = ""
    while not said:
        try:
            publish_large(store, number)
            number += 1
        except StoreError as error:
            said = str(error).replace(str(home), "")
    whole = not damages(home)
    ballast.unlink()
    publish_large(open_store(home), number)
    whole_after = not damages(home)
    found = {
        "runs_before": number,
        "said": said,
        "store_whole_when_full": whole,
        "goes_on_with_room": whole_after,
        "leftovers": sum(1 for _ in (home / "store" / "tmp").glob("*")),
    }
    print(json.dumps(found))


def publish_large(store: VersionStore, number: int) -> None:
    """Publish a file of 600 KiB; it comes from outside of the full file system."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "large")
        file.write_bytes(np.random.default_rng(number).bytes(600 << 10))
        ref = store.publish({"large": file}, f"run {number}", {"identity": f"run-{number}"})
        store.index_put(f"run-{number}", ref)


def race(options: argparse.Namespace) -> dict[str, Any]:
    """Let two processes commit to one branch as fast as they can, then two to one path."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(home)
        store.branch(MAIN, None)
        ready = CONTEXT.Barrier(2)
        racers = [start(ready, run_race, home, name) for name in ("a", "b")]
        for process in racers:
            process.join()
        tree = open_store(home).read(open_store(home).resolve(MAIN)).tree
        survived = sum(path.startswith(("a/", "b/")) for path in tree)
        refused = (home / "refused").read_text().split() if (home / "refused").exists() else []
        whole = not damages(home)
    return {
        "commits": 2 * COMMITS,
        "survived": survived,
        "exit_codes": [process.exitcode for process in racers],
        "on_one_path": 2 * COMMITS,
        "on_one_path_refused": len(refused),
        "store_whole": whole,
    }


def run_race(home: Path, name: str) -> None:
    """Commit files of one's own, then a file that the other writes too (a child)."""
    store, file = open_store(home), home / f"file-{name}"
    for number in range(COMMITS):
        file.write_text(f"{name} {number}")
        store.put(MAIN, f"{name}/{number}", file)
        store.commit(MAIN, f"{name} {number}", {})
    for number in range(COMMITS):
        store.put(MAIN, "shared", file)
        file.write_text(f"{name} shared {number}")
        store.put(MAIN, "shared", file)
        try:
            store.commit(MAIN, f"{name} shared {number}", {})
        except Conflict:
            with (home / "refused").open("a") as stream:
                stream.write(f"{name}{number}\n")


def stored_files(home: Path) -> list[Path]:
    """Return the files that a store is made of: not links to objects, leftovers and the log."""
    root, beside = home / "store", ("tmp", "checkouts", "log.jsonl")
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [path for path in files if path.relative_to(root).parts[0] not in beside]


def damages(home: Path) -> list[str]:
    """Return what `dexgen data verify` says of a store, a line a damage."""
    found = verify(open_store(home), [], lambda *_: None)
    return [f"{damage.what}: {damage.reason}" for damage in found.damage]


@contextmanager
def changed(path: Path, place: int, bit: int) -> Iterator[None]:
    """Flip one bit of a file behind the store's back, and put it back."""
    mode, content = path.stat().st_mode, path.read_bytes()
    path.chmod(0o644)
    try:
        path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        yield
    finally:
        path.write_bytes(content)
        path.chmod(mode)


TRIALS = {
    "kills": lambda options: kills(options.kills, options.seed),
    "flips": flips,
    "disk_full": disk_full,
    "race": race,
}


if __name__ == "__main__":
    run(main)
