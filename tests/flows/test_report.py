import json
import subprocess
from pathlib import Path

from flows import report
from flows.runtime import Done
from tasks.store import open_store


def test_lineage_is_what_the_commits_say(tmp_path):
    store, file = open_store(tmp_path), tmp_path / "file"
    file.write_text("x")
    origin = {"step": "check", "label": "check", "code": "c", "configuration": "d", "inputs": {}}
    ref = store.publish({"file": file}, "made", origin | {"identity": "i"})
    done = [Done("check", "check", "i", ref, False, 1.0, 1.0)]
    (row,) = report.lineage(done, tmp_path)
    assert row == {
        "label": "check",
        "version": ref.version,
        "code": "c",
        "configuration": "d",
        "inputs": {},
    }


def test_no_dataset_is_opened_for_the_page(tmp_path):
    """It may be larger than this machine's disk."""
    store, file = open_store(tmp_path), tmp_path / "file"
    file.write_text("x")
    ref = store.publish({"shards/a": file}, "made", {"identity": "i"})
    done = [Done(step, step, step, ref, True, 1.0, 1.0) for step in ("rollouts", "check", "train")]
    report.artifacts(done, tmp_path)
    assert not (tmp_path / "store" / "checkouts").exists()


def repository(folder: Path) -> str:
    """Make a work tree with one commit and return it."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text("x")
    name = ["-c", "user.name=n", "-c", "user.email=e"]
    for arguments in (["init", "-q"], ["add", "file"], [*name, "commit", "-qm", "m"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    made = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


def test_the_code_has_a_commit_and_a_mark_if_files_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "ROOT", tmp_path)
    head = repository(tmp_path)
    assert report.commit() == {"commit": head, "dirty": False}
    (tmp_path / "file").write_text("y")
    assert report.commit() == {"commit": head, "dirty": True}


def test_without_a_work_tree_of_its_own_or_without_git_there_is_no_commit(tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setattr(report, "ROOT", inside)
    assert report.commit() is None
    repository(tmp_path)  # somebody else's, around ours
    assert report.commit() is None
    monkeypatch.setenv("PATH", "")
    assert report.commit() is None


def test_the_decision_has_the_registrys_own_times(tmp_path, monkeypatch):
    made = {"gate": "tick", "metric": "machine.ms", "value": None}, {"gate": "hold", "metric": "e"}
    file = tmp_path / "decision.json"
    file.write_text(json.dumps({"verdict": "passed", "gates": made}))
    ref = open_store(tmp_path).publish({"decision.json": file}, "m", {"identity": "i"})
    done = [Done("promote", "promote", "i", ref, False, 1.0, 1.0)]
    record = {"gates": [made[0] | {"value": 3.0}, made[1] | {"value": 9.0}]}
    monkeypatch.setattr("tasks.registry.listing.latest_decision", lambda home, bundle: record)
    decision = report.decision_of(done, tmp_path, "b")
    assert decision is not None
    assert decision["gates"] == [made[0] | {"value": 3.0}, made[1]]
    monkeypatch.setattr("tasks.registry.listing.latest_decision", lambda home, bundle: None)
    decision = report.decision_of(done, tmp_path, "b")
    assert decision is not None
    assert decision["gates"] == list(made)
