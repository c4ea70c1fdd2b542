import subprocess
from pathlib import Path

from flows import report
from flows.runtime import Done
from tasks.data.verdict import VERDICT, Verdict
from tasks.store import open_store


def test_lineage_is_what_the_commits_say(tmp_path):
    store, file = open_store(tmp_path), tmp_path / "file"
    file.write_text("x")
    origin = {"step": "check", "label": "check", "code": "c", "configuration": "d", "inputs": {}}
    ref = store.publish({"file": file}, "made", origin | {"identity": "i"})
    done = [Done("check", "check", "i", ref, False, 1.0, 1.0)]
    (row,) = report.lineage(done, tmp_path)
    kept = {"code": "c", "configuration": "d", "inputs": {}}
    assert row == {"label": "check", "version": ref.version} | kept


def test_of_a_dataset_the_page_opens_the_verdict_alone(tmp_path):
    """The shards may be larger than this machine's disk."""
    store, shard, covered = open_store(tmp_path), tmp_path / "shard", {"fast": {"frames": 3.0}}
    shard.write_text("x")
    verdict = Verdict(True, "m", "l", 3, 1, 0, {}, (), coverage=covered).write(tmp_path)
    ref = store.publish({"shards/a": shard, VERDICT: verdict}, "made", {"identity": "i"})
    done = [Done(step, step, step, ref, True, 1.0, 1.0) for step in ("rollouts", "check", "train")]
    assert report.artifacts(done, tmp_path)["data"] == {"now": covered, "before": {}}
    opened = [path for path in (tmp_path / "store" / "checkouts").rglob("*") if path.is_file()]
    assert [path.name for path in opened] == [VERDICT]


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


def test_the_code_has_a_commit_and_a_mark_if_files_differ(tmp_path):
    head = repository(tmp_path)
    assert report.commit(tmp_path) == {"commit": head, "dirty": False}
    (tmp_path / "file").write_text("y")
    assert report.commit(tmp_path) == {"commit": head, "dirty": True}


def test_without_a_work_tree_of_its_own_or_without_git_there_is_no_commit(tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    assert report.commit(inside) is None
    repository(tmp_path)  # somebody else's, around ours
    assert report.commit(inside) is None
    monkeypatch.setenv("PATH", "")
    assert report.commit(tmp_path) is None
