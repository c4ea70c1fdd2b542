"""`dexgen data push`: from the local store to a lakeFS repository, killed by faults, again."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from configs.refs import Ref
from flows.cli import main
from tasks.data.history import history
from tasks.running.context import METRICS, recorded
from tasks.store.lakefs.repository import Repository
from tasks.store.local import LocalStore
from tasks.store.protocol import VersionStore
from tasks.store.verify import verify
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.data.workshop import commit_dataset, fill
from tests.tasks.store.places import Place, repository


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    monkeypatch.setenv("DEXGEN_HOME", str(tmp_path / "home"))
    store = LocalStore(tmp_path / "home" / "store")
    fill(store, tmp_path / "scratch")
    return store


@pytest.fixture
def place(tmp_path: Path, server: LakeFSServer) -> Iterator[Place]:
    with repository(tmp_path / "other", server, presign=False) as found:
        yield found


def data(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["data", *words])
    return int(caught.value.code or 0)


def push(place: Place, *names: str) -> int:
    return data("push", *names, *place.words, "store.attempts=2", "store.pause_s=0.01")


def require_equal(source: LocalStore, target: VersionStore) -> None:
    for name in [*source.branches(), *source.tags()]:
        version = source.resolve(name)
        assert target.resolve(name) == version
        assert target.read(version) == source.read(version)
    assert set(target.branches()) == set(source.branches())
    assert not verify(target, [], lambda *_: None).damage
    for entry in source.index_entries():
        held = target.index_get(entry["identity"])
        assert held == Ref("lakefs", entry["ref"]["version"], entry["ref"]["path"])
        assert target.index_entry(entry["identity"])["seconds"] == entry["seconds"]


def test_what_was_pushed_is_equal_and_nothing_is_sent_twice(source, place, server, capsys):
    assert push(place) == 0
    assert "0 were there" in capsys.readouterr().out
    require_equal(source, place.open())
    sent = dict(server.faults.asked)
    assert push(place) == 0
    assert "sent 0 versions (0 B)" in capsys.readouterr().out
    assert server.faults.asked["uploadObject"] == sent["uploadObject"] + 0
    assert not list((Path(source.root).parent / "lakefs" / "objects").glob("*/*"))


def test_a_push_that_broke_off_goes_on(source, place, server, capsys):
    server.faults.add("createTag", 500, times=2)
    assert push(place) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    server.faults.clear()
    assert push(place) == 0
    require_equal(source, place.open())


def test_pushes_at_the_same_time_bring_it_all(source, place, tmp_path):
    """In processes of their own, into an empty repository: whoever is second copies or waits."""
    for number in range(8):  # enough for them to meet
        commit_dataset(source, tmp_path / f"more{number}", f"more{number}", 2)
    said = ["data", "push", *place.words, "store.pause_s=0.01"]
    command = [sys.executable, "-m", "flows.cli", *said]
    pushes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [push.communicate()[1] for push in pushes]
    assert [push.returncode for push in pushes] == [0, 0, 0], errors
    require_equal(source, place.open())
    assert not place.left_behind()


def test_one_name_brings_what_it_needs_and_no_more(source, place):
    assert push(place, "datasets/good") == 0
    target = place.open()
    assert target.resolve("datasets/good") == source.resolve("datasets/good")
    assert target.branches() == []
    assert target.index_entries() == []


def test_a_branch_moves_forward_and_one_that_went_on_elsewhere_is_left(
    source, place, tmp_path, capsys
):
    assert push(place) == 0
    newer = commit_dataset(source, tmp_path / "newer", "newer", 5)
    source.merge(newer, "main")
    assert push(place) == 0
    require_equal(source, place.open())
    target = place.open()
    file = tmp_path / "theirs"
    file.write_text("theirs")
    target.put("main", "theirs", file)
    theirs = target.commit("main", "theirs", {})
    capsys.readouterr()
    assert push(place) == 1
    assert "left main: it went on there in another way" in capsys.readouterr().out
    assert place.open().resolve("main") == theirs


def test_a_damaged_object_is_not_sent(source, place, capsys):
    version = source.resolve("main")
    blob = next(iter(source.read(version).tree.values()))
    file = source.objects.path(blob)
    file.chmod(0o644)
    file.write_bytes(b"x" + file.read_bytes()[1:])
    assert push(place) == 2
    assert "is damaged here" in capsys.readouterr().err


def test_gc_deletes_what_killed_processes_left_in_the_repository(place, source, capsys):
    store = place.open()
    store.repository.create_branch("_work-1-ab", "root")  # begun in 1970
    young = f"_work-{int(time.time()):x}-cd"
    store.repository.create_branch(young, "root")
    store.repository.create_branch("_work-person", "root")
    assert data("gc", *place.words) == 0
    left = [name for name in store.repository.branches() if name.startswith("_work-")]
    assert left == [young, "_work-person"]
    assert "deleted in the repository: 1" in capsys.readouterr().out


def test_a_push_needs_a_repository(source, capsys):
    assert data("push", "main") == 2
    assert "store=lakefs" in capsys.readouterr().err


def test_a_steps_metrics_and_times_go_along(source, place, tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"name": "rows", "value": 1.0, "step": null}\n')
    identity = "cd" * 32
    metrics = source.publish({METRICS: file}, "metrics", {"identity": f"{identity}.metrics"})
    ref = source.publish({"file": file}, "a step", {"identity": identity})
    source.index_put(identity, ref, seconds=1.0, label="x", metrics=metrics.version)
    assert push(place, ref.version) == 0  # not by the name of the metrics' branch
    target = place.open()
    assert recorded(target, tmp_path / "another machine", identity)[0]["value"] == 1.0
    time_utc = source.index_entry(identity)["time_utc"]
    assert target.index_entry(identity)["time_utc"] == time_utc


def test_the_history_keeps_its_dates_and_its_order(source, place, tmp_path, capsys):
    newer = commit_dataset(source, tmp_path / "newer", "newer", 5)
    source.merge(newer, "main")
    log = source.root / "log.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    day = {version: 1 + n for n, version in enumerate(dict.fromkeys(r["version"] for r in rows))}
    for row in rows:  # as of work done over days, and pushed at once
        row["time_utc"] = f"2026-01-{day[row['version']]:02d}T08:00:00.000+00:00"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert push(place) == 0
    here, there = list(history(source, "main")), list(history(place.open(), "main"))
    assert [(one.version, one.time_utc) for one in there] == [
        (one.version, one.time_utc) for one in here
    ]
    times = [one.time_utc for one in there]
    assert all(time.startswith("2026-01-") for time in times)
    assert times == sorted(times, reverse=True)
    capsys.readouterr()
    assert data("log", *place.words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(times)
    assert all("2026-01-" in line for line in lines)


def test_a_version_made_in_the_repository_has_its_own_date(place, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    made = place.open().publish({"file": file}, "made there", {"identity": "i"})
    (line,) = history(place.open(), made.version)
    now = datetime.now(UTC)
    assert abs((now - datetime.fromisoformat(line.time_utc)).total_seconds()) < 60


def test_a_push_that_broke_off_in_a_version_sends_no_file_twice(
    source, place, server, capsys, monkeypatch
):
    sent: list[str] = []
    upload = Repository.upload

    def noting(
        self: Repository, branch: str, path: str, content: object, sha256: str, *more: object
    ) -> None:
        asked.append(path)
        if len(asked) in breaks:
            raise KeyboardInterrupt
        upload(self, branch, path, content, sha256, *more)  # type: ignore[arg-type]
        if branch.startswith("_work-") and not path.startswith(".dexgen"):
            sent.append(sha256)

    asked, breaks = list[str](), (3, 5, 9)
    monkeypatch.setattr(Repository, "upload", noting)
    codes = [push(place) for _ in range(len(breaks) + 1)]
    assert codes == [130, 130, 130, 0]
    assert len(sent) == len(set(sent)) > 5
    require_equal(source, place.open())
    assert not [name for name in place.open().repository.branches() if name.startswith("_work-")]
    assert not list((Path(source.root).parent / "lakefs").rglob("*.safetensors"))
