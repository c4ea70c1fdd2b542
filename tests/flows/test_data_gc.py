"""`dexgen data gc`: what goes, what stays, who is left alone, and a kill in the middle."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from tasks.data.gc import trim_downloads
from tasks.data.in_use import in_use
from tasks.running.context import metrics_file, publish_metrics
from tasks.store.local import LocalStore
from tasks.store.protocol import MissingRef
from tasks.store.verify import verify
from tests.tasks.data.workshop import fill

NOW = ("retention.keep_days=0", "retention.grace_hours=0")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def versions(home: Path, tmp_path: Path) -> dict[str, str]:
    return fill(LocalStore(home / "store"), tmp_path)


@pytest.fixture
def gc(inside, home: Path) -> Callable[..., str]:
    """Return a function that runs `dexgen data gc` and returns what it says."""

    def run(*words: str, code: int = 0) -> str:
        done = inside("data", "gc", *words, home=home)
        assert done.returncode == code, done.stderr
        assert not code or len(done.stderr.strip().splitlines()) == 1
        return done.stderr if code else done.stdout

    return run


def files(home: Path) -> dict[str, int]:
    found = (path for path in sorted(home.rglob("*")) if path.is_file())
    return {path.relative_to(home).as_posix(): path.stat().st_size for path in found}


def require_sound(home: Path, versions: dict[str, str]) -> None:
    store = LocalStore(home / "store")
    assert not verify(store, [], lambda *_: None).damage
    assert store.resolve("main") == versions["good"]
    assert store.resolve("datasets/good") == versions["good"]
    assert store.open(Ref(store.name, versions["good"], "")).is_dir()


def test_what_no_reference_reaches_goes_and_the_rest_stays(gc, home, versions):
    before = files(home)
    tried = gc("--dry-run", *NOW)
    assert "would free" in tried
    left = {name: size for name, size in files(home).items() if name != "in_use.lock"}
    assert left == before
    done = gc(*NOW).splitlines()[-1]
    assert tried.splitlines()[-1].removeprefix("would free") == done.removeprefix("freed")
    require_sound(home, versions)
    store = LocalStore(home / "store")
    for gone in ("bad", "step"):
        with pytest.raises(MissingRef):
            store.read(versions[gone])
    assert store.index_entries() == []
    assert "runs/bad" not in store.branches()
    assert gc(*NOW).strip() == "nothing to remove"


def test_what_is_young_stays(gc, home, versions):
    gc()
    store = LocalStore(home / "store")
    assert store.read(versions["bad"]).id == versions["bad"]
    assert len(store.index_entries()) == 1


def test_metrics_stay_with_the_result_that_they_are_of(gc, home, versions, tmp_path):
    store = LocalStore(home / "store")
    file = metrics_file(home, "cd" * 32)
    file.parent.mkdir()
    file.write_text('{"name": "loss", "value": 1.0, "step": 1}\n')
    made = tmp_path / "made"
    made.write_text("made")
    ref = store.publish({"made": made}, "made", {"identity": "cd" * 32})
    facts = publish_metrics(store, home, "cd" * 32)
    store.index_put("cd" * 32, ref, **facts)
    store.tag("wanted", ref.version)
    gc(*NOW)
    kept = LocalStore(home / "store")
    assert kept.read(facts["metrics"]).id == facts["metrics"]
    assert file.exists()
    require_sound(home, versions)


def test_what_a_release_was_made_of_stays(gc, home, versions, tmp_path):
    store = LocalStore(home / "store")
    made = {}
    for name, parents in (("controller", []), ("promote", ["controller"]), ("loose", [])):
        file = tmp_path / name
        file.write_text(name)
        parents = [made[parent] for parent in parents]
        made[name] = store.publish({name: file}, name, {}, parents).version
    store.index_put("ef" * 32, Ref(store.name, made["promote"], ""), step="promote")
    release = home / "releases" / "000001"
    release.mkdir(parents=True)
    approval = release / "approval.json"
    approval.write_text(json.dumps({"dataset": versions["bad"]}))
    unfinished = home / "releases" / ".unfinished-1"
    unfinished.mkdir()
    (unfinished / "approval.json").write_text("")
    gc(*NOW)
    left = LocalStore(home / "store")
    for version in (made["controller"], made["promote"], versions["bad"]):
        assert left.read(version).id == version
    with pytest.raises(MissingRef):
        left.read(made["loose"])
    approval.write_text("")
    assert "000001/approval.json: no approval" in gc(*NOW, code=2)


def test_nothing_goes_while_somebody_works_there(gc, home, versions):
    before = files(home)
    with in_use(home):
        assert f"in use (process {os.getpid()})" in gc(*NOW, code=2)
        assert before.items() <= files(home).items()
        assert "would free" in gc("--dry-run", *NOW)


def test_a_damaged_store_is_left_as_it_is(gc, home, versions):
    path = home / "store" / "commits" / f"{versions['good']}.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"passed", b"Passed"))
    before = files(home)
    assert "removes nothing from a damaged store" in gc(*NOW, code=2)
    assert before.items() <= files(home).items()


def test_killed_at_any_moment_it_leaves_a_valid_store(gc, home, versions, tmp_path):
    draws, killed = random.Random(0), 0
    store = LocalStore(home / "store")
    for number in range(300):  # enough to remove for a kill to fall inside
        file = tmp_path / "loose"
        file.write_text(f"loose {number}")
        store.publish({"loose": file}, f"loose {number}", {})
    command = [sys.executable, "-m", "flows.cli", "data", "gc", *NOW]
    for _ in range(6):
        process = subprocess.Popen(
            command, env=os.environ | {"DEXGEN_HOME": str(home)}, stdout=subprocess.DEVNULL
        )
        heads = home / "store" / "refs" / "heads" / "loose"
        count = len(os.listdir(heads)) if heads.exists() else 0
        while process.poll() is None:
            if not heads.exists() or len(os.listdir(heads)) < count:  # it has begun
                time.sleep(draws.uniform(0.0, 0.1))
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        if process.wait() == -signal.SIGKILL:
            killed += 1
        require_sound(home, versions)
        if process.returncode == 0:
            break
    assert killed, "no kill fell inside: the test shows nothing"
    gc(*NOW)
    require_sound(home, versions)
    assert len(list((home / "store" / "commits").glob("*"))) < 10


@pytest.fixture
def downloads(home: Path) -> Path:
    """Three files of 1 MiB that were fetched from lakeFS, used 3, 2 and 1 hours ago."""
    folder = home / "lakefs" / "objects" / "aa"
    folder.mkdir(parents=True)
    for age, name in ((3, "old"), (2, "middle"), (1, "new")):
        path = folder / name
        path.write_bytes(bytes(1 << 20))
        then = time.time() - 3600 * age
        os.utime(path, (then, then))
    (home / "lakefs" / "tmp").mkdir()
    (home / "lakefs" / "tmp" / "1-ab").write_bytes(b"broken off")
    return folder


def test_downloads_beyond_their_bound_go_longest_unused_first(gc, versions, downloads):
    gc(f"retention.cache_gib={2 / 1024}")
    assert sorted(path.name for path in downloads.iterdir()) == ["middle", "new"]


def test_a_run_brings_downloads_within_their_bound_unless_others_read_them(home, downloads):
    policy = load(Config, [f"retention.cache_gib={2 / 1024}"]).retention
    with in_use(home):
        trim_downloads(home, policy)
    assert len(list(downloads.iterdir())) == 3
    trim_downloads(home, policy)
    assert sorted(path.name for path in downloads.iterdir()) == ["middle", "new"]
    assert not list((home / "lakefs" / "tmp").iterdir())


def test_a_run_that_came_without_the_command_line_holds_the_folder(gc, home):
    """As a Prefect deployment starts it."""
    script = (
        "from flows.home import home_folder, quiet; quiet(home_folder()); "
        "from flows.pipeline import pipeline; pipeline(['profile=smoke'], 'grasps')"
    )
    environment = os.environ | {"DEXGEN_HOME": str(home)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as run:
        while run.poll() is None and not (home / "requests").exists():
            time.sleep(0.01)
        assert run.poll() is None
        refused = gc(*NOW, code=2)
        assert run.poll() is None  # grasps take much longer than the refusal
        run.terminate()
    assert f"in use (process {run.pid})" in refused
