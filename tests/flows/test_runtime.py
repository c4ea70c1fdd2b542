"""One node: made in a process of its own, found the next time, refused in one line."""

import os
import signal
import subprocess
import sys

import pytest

from configs.load import load
from configs.schema.pipeline import Config
from flows.home import RUN
from flows.plan import plan
from flows.runtime import StepFailed, execute, sweep
from tasks.store import open_store


def objects_node(*overrides: str):
    return plan(load(Config, ["profile=smoke", *overrides]), "objects")[0]


def test_made_once_then_reused(tmp_path, capsys):
    first = execute(objects_node(), {}, tmp_path, threads=1)
    assert not first.reused
    assert first.peak_mib > 1
    second = execute(objects_node(), {}, tmp_path, threads=1)
    assert second.reused
    assert second.ref == first.ref
    assert "reused objects/box" in capsys.readouterr().out
    assert not list((tmp_path / "scratch").glob("*/")), "scratch of a finished step is removed"
    assert not list((tmp_path / "requests").glob("*"))


def test_the_server_of_a_killed_run_is_ended_and_no_other(tmp_path, monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))

    def server(run: int, prefect_home: str) -> subprocess.Popen:
        environment = os.environ | {RUN: str(run), "PREFECT_HOME": prefect_home}
        waiting = "print(flush=True); import time; time.sleep(60)"
        command = [sys.executable, "-c", waiting, "uvicorn"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # it runs
        return process

    left = server(ended.pid, os.environ["PREFECT_HOME"])
    others = [
        server(os.getpid(), os.environ["PREFECT_HOME"]),
        server(ended.pid, str(tmp_path / "elsewhere")),
    ]
    sweep(tmp_path)
    assert left.wait(10) == -signal.SIGTERM
    for process in others:
        assert process.poll() is None
        process.kill()
        process.wait()


def test_bad_input_is_one_line_and_leaves_no_result(tmp_path):
    mesh = tmp_path / "mesh.stl"
    mesh.write_text("no mesh at all")
    shape = f"{{kind: mesh, file: {mesh}, unit: 1, contact: hull}}"
    overrides = [
        "profile=smoke",
        f"+objects.items.cup={{name: cup, shape: {shape}, held_out: false}}",
    ]
    (node,) = [n for n in plan(load(Config, overrides), "objects") if n.label == "objects/cup"]
    with pytest.raises(StepFailed) as caught:
        execute(node, {}, tmp_path, threads=1)
    assert caught.value.exit_code == 2
    assert str(mesh) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(open_store(tmp_path).index_entries())
