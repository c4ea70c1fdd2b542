"""Stopping and going on: Ctrl-C, kill -9, two at once, an artifact that is damaged."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from flows.home import container_memory
from flows.plan import plan
from flows.runtime import execute
from tasks.store import open_store
from tasks.store.protocol import Corrupt
from tests.flows.processes import PATIENCE_S, start, versions, wait_for_step

SMALL = ["sphere", "profile=smoke"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home in which one run after the other is stopped, and the last one finished."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_a_signal_stops_at_once_and_leaves_no_process(number, home):
    process = start(home, "grasps", *SMALL)
    wait_for_step(home, "grasps", process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert errors.strip() == "dexgen: interrupted; the same command goes on from here"
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_killed_then_run_again_ends_equal(smoke_home, dexgen, home):
    process = start(home, "grasps", *SMALL)
    wait_for_step(home, "grasps", process)
    family = psutil.Process(process.pid).children(recursive=True)
    time.sleep(2.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    again = dexgen("grasps", *SMALL, home=home)
    assert again.returncode == 0, again.stderr
    made = versions(home)
    assert made.keys() == {"objects/sphere", "grasps/sphere"}
    assert made.items() <= versions(smoke_home).items()
    assert not list(home.glob("requests/*"))


def test_two_runs_of_one_step_at_once_make_it_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from configs.load import load;"
        "from configs.schema.pipeline import Config; from flows.plan import plan;"
        "from flows.runtime import execute;"
        "execute(plan(load(Config, ['profile=smoke']), 'objects')[0], {}, Path(sys.argv[1]), 1)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
    assert list(versions(tmp_path)) == ["objects/box"]


def test_a_damaged_artifact_is_refused_once_and_then_made_anew(tmp_path):
    nodes = plan(load(Config, ["profile=smoke"]), "objects")
    done = execute(nodes[0], {}, tmp_path, threads=1)
    store = open_store(tmp_path)
    for path in store.open(done.ref).rglob("*.json"):  # a checkout shares its bytes
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-2] + b"X\n")
    with pytest.raises(Corrupt, match="run the same command again"):
        open_store(tmp_path).open(done.ref)
    again = execute(nodes[0], {}, tmp_path, threads=1)
    assert not again.reused
    assert again.ref == done.ref
    assert open_store(tmp_path).open(again.ref).is_dir()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "1000", "memory.current": "700", "memory.stat": "inactive_file 200"}, 500),
        ({"memory.max": "max", "memory.current": "700"}, float("inf")),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "900",
                "memory/memory.stat": "cache 5\ntotal_inactive_file 300",
            },
            400,
        ),
        ({}, float("inf")),
    ],
)
def test_a_containers_limit_counts_and_its_page_cache_is_free(files, expected, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert container_memory(tmp_path) == expected
