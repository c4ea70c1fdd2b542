"""gc takes what nothing needs, leaves the rest whole, and may be killed or raced at any time."""

import fcntl
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from configs.refs import Ref
from configs.schema.retention import Retention
from tasks.data.gc import Collected, collect
from tasks.store.local import LocalStore
from tasks.store.protocol import StoreError
from tasks.store.verify import verify
from tests.tasks.data.workshop import fill

POLICY = Retention(keep_days=10.0, keep_reports=1, grace_hours=24.0)
DAY_S = 86400.0


def quiet(done: float, total: float, unit: str) -> None:
    pass


def run_gc(home: Path, policy: Retention = POLICY, days: float = 30.0) -> Collected:
    """Collect as if it were some days later."""
    return collect(home, policy, time.time() + days * DAY_S, False, quiet)


def publish(home: Path, content: str, **metadata: str) -> str:
    file = home / "file"
    file.write_text(content)
    return LocalStore(home / "store").publish({"file": file}, content, metadata).version


def report(home: Path, run: str, *versions: str) -> Path:
    folder = home / "reports" / run
    folder.mkdir(parents=True)
    artifacts = {str(i): version for i, version in enumerate(versions)}
    (folder / "summary.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def sound(home: Path) -> bool:
    return not verify(LocalStore(home / "store"), [], quiet).damage


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    fill(LocalStore(home / "store"), tmp_path_factory.mktemp("scratch"))
    publish(home, "forgotten", identity="cd" * 32)
    publish(home, "loose")
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "home"))


def test_what_nothing_refers_to_goes_and_the_rest_stays_whole(home: Path) -> None:
    store = LocalStore(home / "store")
    step = store.resolve("steps/" + "ab" * 32)
    store.open(Ref("local", step, ""))
    found = run_gc(home)
    assert found.files["index entries"] == 1
    assert found.files["branches"] == 4  # runs/bad, two steps, one loose
    assert found.freed > 100_000  # the shards of runs/bad that main does not share
    store = LocalStore(home / "store")
    assert store.branches() == ["main", "runs/good"]
    assert not (store.root / "checkouts" / step).exists()
    assert store.open(Ref("local", store.resolve("main"), "")).is_dir()
    assert sound(home)
    assert not run_gc(home).files


def test_dry_run_says_the_same_and_removes_nothing(home: Path) -> None:
    later = time.time() + 30 * DAY_S
    before = sorted(path for path in home.rglob("*"))
    said = collect(home, POLICY, later, True, quiet)
    assert sorted(path for path in home.rglob("*")) == before
    assert said.freed == collect(home, POLICY, later, False, quiet).freed > 0


def test_what_is_young_stays(home: Path) -> None:
    before = sorted((home / "store").rglob("*"))
    assert not run_gc(home, days=0.5).files
    assert sorted((home / "store").rglob("*")) == before


def test_what_a_report_or_a_release_needs_stays(home: Path) -> None:
    store = LocalStore(home / "store")
    step, forgotten = (store.resolve(f"steps/{name * 32}") for name in ("ab", "cd"))
    report(home, "20260101T000000.000Z", forgotten)
    newest = report(home, "20260102T000000.000Z", step, "f" * 64)  # of another store as well
    (home / "releases/000001").mkdir(parents=True)
    approval = {"dataset": store.resolve("runs/bad")}
    (home / "releases/000001/approval.json").write_text(json.dumps(approval))
    run_gc(home)
    kept = LocalStore(home / "store")
    assert [path.name for path in (home / "reports").iterdir()] == [newest.name]
    assert kept.read(step).id == step
    assert kept.index_get("ab" * 32) is not None
    assert kept.resolve("runs/bad") == approval["dataset"]
    assert not (kept.root / "commits" / f"{forgotten}.json").exists()


class Killed(Exception):
    pass


def test_killed_at_any_file_the_store_is_valid_and_the_next_gc_ends_it(
    filled: Path, tmp_path: Path
) -> None:
    whole = Path(shutil.copytree(filled, tmp_path / "whole"))
    total = sum(run_gc(whole).files.values())
    expected = sorted(path.relative_to(whole) for path in (whole / "store").rglob("*"))
    assert total > 10
    for last in range(1, total):
        home = Path(shutil.copytree(filled, tmp_path / str(last)))

        def stop(done: float, total: float, unit: str, last: int = last) -> None:
            if done >= last:
                raise Killed

        with pytest.raises(Killed):
            collect(home, POLICY, time.time() + 30 * DAY_S, False, stop)
        assert sound(home), last
        run_gc(home)
        found = sorted(path.relative_to(home) for path in (home / "store").rglob("*"))
        assert found == expected
        shutil.rmtree(home)


def test_commit_that_began_before_gc_is_whole_after_it(home: Path) -> None:
    """It puts bytes that an old, forgotten object has; the put makes that young."""
    store, file = LocalStore(home / "store"), home / "file"
    long_ago = time.time() - 40 * DAY_S
    for path in home.rglob("*"):
        if path.is_file():
            os.utime(path, (long_ago, long_ago))
    entry = store.root / "index" / f"{'ab' * 32}.json"
    entry.unlink()
    file.write_text("forgotten")
    store.branch("work", None)
    store.put("work", "file", file)
    found = run_gc(home, days=0.0)
    assert found.files["objects"] >= 1
    version = store.commit("work", "raced", {})
    assert (store.open(Ref("local", version, "")) / "file").read_text() == "forgotten"
    assert sound(home)


def test_damaged_store_is_left_alone(home: Path) -> None:
    store = LocalStore(home / "store")
    (store.root / "commits" / f"{store.resolve('main')}.json").unlink()
    before = sorted(store.root.rglob("*"))
    with pytest.raises(StoreError, match="verify"):
        run_gc(home)
    assert sorted(store.root.rglob("*")) == before


def test_moved_branches_keep_their_newest_state(home: Path) -> None:
    store, file = LocalStore(home / "store"), home / "file"
    for number in range(3):
        file.write_text(str(number))
        store.put("main", "note", file)
        store.commit("main", str(number), {})
    head = store.resolve("main")
    assert run_gc(home).files["moves"] >= 3
    store = LocalStore(home / "store")
    assert (store.resolve("main"), store.heads.numbers("main")) == (head, [3])
    file.write_text("more")
    store.put("main", "note", file)
    store.commit("main", "after", {})
    assert store.heads.numbers("main") == [3, 4]
    assert sound(home)


def test_scratch_goes_when_it_is_old_and_nobody_works_there(home: Path) -> None:
    for name in ("held", "free"):
        (home / "scratch" / name).mkdir(parents=True)
        (home / "scratch" / name / "checkpoint.pt").write_text("weights")
        (home / "scratch" / f"{name}.lock").touch()
    with (home / "scratch/held.lock").open("r") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = run_gc(home)
    assert found.held == ["held"]
    assert (home / "scratch/held/checkpoint.pt").exists()
    assert not (home / "scratch/free").exists()
    assert not (home / "scratch/free.lock").exists()


def test_metrics_of_steps_that_stay_stay(home: Path) -> None:
    (home / "metrics").mkdir()
    for identity in ("ab" * 32, "ef" * 32):
        (home / "metrics" / f"{identity}.jsonl").write_text("{}")
    report(home, "20260102T000000.000Z", LocalStore(home / "store").resolve("steps/" + "ab" * 32))
    run_gc(home)
    assert [path.stem for path in (home / "metrics").iterdir()] == ["ab" * 32]


def test_keys_releases_and_registry_are_never_touched(home: Path) -> None:
    paths = ("keys/approver.key", "releases/000001/bundle/model.onnx", "mlflow.db", "mlartifacts/x")
    for path in paths:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text("precious")
    run_gc(home, replace(POLICY, keep_days=0.0, grace_hours=0.0), days=4000)
    assert all((home / path).exists() for path in paths)
