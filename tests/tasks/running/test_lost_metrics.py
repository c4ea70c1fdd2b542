"""Damaged metrics: noticed without being read, put back if they can be, else recorded anew."""

import json
from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.running.context import metrics_file, publish_metrics, put_back_metrics, recorded
from tasks.store.local import LocalStore
from tasks.store.verify import Verified, verify

STEP = "abc"


def record(home: Path, seconds: float) -> None:
    with metrics_file(home, STEP).open("a") as stream:
        stream.write(json.dumps({"name": "seconds", "value": seconds, "step": None}) + "\n")


def do_step(store: LocalStore, home: Path, seconds: float) -> Ref:
    """Do what a worker does: an artifact that is always the same, and times that are not."""
    record(home, seconds)
    made = home / "made"
    made.write_text("made")
    ref = store.publish({"made": made}, "made", {"identity": STEP, "label": "rollouts/slow"})
    facts = publish_metrics(store, home, STEP)
    store.index_put(STEP, ref, step="rollouts", label="rollouts/slow", **facts)
    return ref


def flip(path: Path) -> None:
    """Change one bit; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def verified(store: LocalStore, set_aside: bool = False) -> Verified:
    return verify(store, [], lambda *_: None, set_aside)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    return tmp_path


@pytest.fixture
def store(home: Path) -> LocalStore:
    return LocalStore(home / "store")


def metrics_object(store: LocalStore) -> Path:
    tree = store.read(store.index_entry(STEP)["metrics"]).tree
    (blob,) = tree.values()
    return store.objects.path(blob.sha256)


@pytest.mark.parametrize("what", ["object", "version"])
def test_this_machine_puts_back_what_it_recorded(home: Path, store: LocalStore, what: str) -> None:
    ref = do_step(store, home, 1.5)
    commit = store.root / "commits" / f"{store.index_entry(STEP)['metrics']}.json"
    flip(metrics_object(store) if what == "object" else commit)
    again = LocalStore(store.root)
    assert again.index_get(STEP) is None, "one bit, the same size, and nobody has read them"
    assert put_back_metrics(again, home, STEP)
    assert again.index_get(STEP) == ref
    assert recorded(again, home, STEP)[0]["value"] == 1.5
    assert not verified(again).damage


def test_where_it_cannot_the_step_is_done_again_and_the_store_is_sound(home, store):
    ref = do_step(store, home, 1.5)
    flip(metrics_object(store))
    metrics_file(home, STEP).unlink()  # as on another machine, or after gc
    assert not put_back_metrics(store, home, STEP)
    assert store.index_get(STEP) is None
    assert do_step(store, home, 2.5) == ref
    assert store.index_get(STEP) == ref
    assert not verified(store).damage, "what was recorded first is lost, and nothing needs it"
    assert recorded(store, home, STEP)[0]["value"] == 2.5


def test_other_metrics_than_the_index_names_are_not_put_back(home, store):
    do_step(store, home, 1.5)
    flip(metrics_object(store))
    record(home, 9.0)  # a second attempt was killed
    assert not put_back_metrics(store, home, STEP)
    assert not put_back_metrics(store, home, "another")


def test_verify_says_whose_they_are_and_mends_them_when_told(home, store):
    do_step(store, home, 1.5)
    flip(metrics_object(store))
    (damage,) = verified(store).damage
    assert damage.made_by == "rollouts/slow, its metrics"
    assert damage.needed_by.endswith(":metrics.jsonl")
    (damage,) = verified(store).damage  # nothing was changed
    assert damage.reason == "has changed bytes"
    verified(store, set_aside=True)
    (damage,) = verified(store).damage
    assert damage.reason == "is missing"
    assert put_back_metrics(store, home, STEP)
    assert not verified(store).damage


def test_a_damaged_artifact_is_no_longer_done_once_set_aside(home, store):
    ref = do_step(store, home, 1.5)
    (blob,) = store.read(ref.version).tree.values()
    flip(store.objects.path(blob.sha256))
    assert store.index_get(STEP) == ref, "an artifact's bytes are not read to reuse it"
    (damage,) = verified(store, set_aside=True).damage
    assert damage.made_by == "rollouts/slow"
    assert store.index_get(STEP) is None
    assert do_step(store, home, 1.5) == ref
    assert not verified(store).damage
