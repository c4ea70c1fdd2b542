"""Progress and metrics: what a step says on its way."""

import json

from tasks.running.context import Progress, metrics_file, publish_metrics, read_metrics, recorded
from tasks.store import open_store
from tasks.store.local import LocalStore


def test_progress_names_phase_rate_and_time_left(capsys):
    progress = Progress("train")
    progress(0, 100, "samples")
    progress.started -= 10.0  # ten seconds ago
    progress.said -= 10.0
    progress(20, 100, "samples")
    lines = capsys.readouterr().out.splitlines()
    assert "0 / 100 samples" in lines[0]
    assert "20 / 100 samples" in lines[1]
    assert "2.0/s" in lines[1]
    assert "40 s left" in lines[1]


def test_progress_is_quiet_between_and_says_the_end_once(capsys):
    progress = Progress("train")
    for done in range(11):
        progress(done, 10, "batches")
    progress(10, 10, "batches")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_new_unit_is_a_new_phase(capsys):
    progress = Progress("experts")
    progress(10, 10, "iterations")
    progress(1, 5, "steps")
    assert "1 / 5 steps" in capsys.readouterr().out


def test_rate_counts_only_what_this_process_did(capsys):
    progress = Progress("train")
    progress(90, 100, "samples")  # taken up after a kill
    progress.started -= 10.0
    progress.said -= 10.0
    progress(95, 100, "samples")
    assert "0.5/s" in capsys.readouterr().out


def test_repeated_metrics_count_once_and_a_torn_line_is_left_out(tmp_path):
    rows = [
        {"name": "loss", "value": 2.0, "step": 1},
        {"name": "loss", "value": 1.0, "step": 2},
        {"name": "loss", "value": 2.0, "step": 1},
    ]
    path = tmp_path / "metrics.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + '\n{"name": "lo')
    assert [(row["step"], row["value"]) for row in read_metrics(path)] == [(1, 2.0), (2, 1.0)]
    assert read_metrics(tmp_path / "absent.jsonl") == []


def test_a_step_whose_metrics_are_lost_is_not_done(tmp_path):
    store, file = LocalStore(tmp_path / "store"), metrics_file(tmp_path, "abc")
    file.parent.mkdir()
    file.write_text('{"name": "loss", "value": 1.0, "step": 1}\n')
    ref = store.publish({"file": file}, "made", {"identity": "abc"})
    facts = publish_metrics(store, tmp_path, "abc")
    store.index_put("abc", ref, **facts)
    assert store.index_get("abc") == ref
    path = tmp_path / "store" / "commits" / f"{facts['metrics']}.json"
    path.chmod(0o644)
    path.write_bytes(b"")
    again = LocalStore(tmp_path / "store")
    assert again.index_get("abc") is None
    assert publish_metrics(again, tmp_path, "abc") == facts
    assert again.index_get("abc") == ref


def test_metrics_travel_with_the_index(tmp_path):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    store = open_store(here)
    file = metrics_file(here, "abc")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"name": "loss", "value": 2.0, "step": 1}) + "\n")
    made = tmp_path / "made"
    made.write_text("made")
    ref = store.publish({"made": made}, "made", {"identity": "abc"})
    store.index_put("abc", ref, **publish_metrics(store, here, "abc"))
    assert recorded(store, elsewhere, "abc") == read_metrics(file)
    assert publish_metrics(store, here, "without") == {}
    assert recorded(store, here, "never") == []
