"""Which dataset a name means."""

import pytest

from configs.errors import UserError
from envs.episodes.episodes import manifest_files
from tasks.data.datasets import locate_dataset
from tasks.store.local import LocalStore
from tasks.store.protocol import MissingRef
from tests.tasks.data.committed import commit_dataset, write_episodes


@pytest.fixture
def store(tmp_path, layout):
    """Three datasets merged into main one after the other, as the step `check` does it."""
    store = LocalStore(tmp_path / "store")
    rollouts = write_episodes(tmp_path / "rollouts", layout, count=1)
    made = commit_dataset(store, "steps/rollouts", rollouts)
    for number, name in enumerate("bca"):
        folder = write_episodes(tmp_path / name, layout, count=1, first=number)
        ref = commit_dataset(store, f"runs/{name}", folder, f"runs/{name}")
        page = tmp_path / "verdict.json"
        page.write_text(name)
        store.put(f"runs/{name}", f"runs/{name}/verdict.json", page)
        store.commit(f"runs/{name}", "checks passed", {}, (made.version,))
        store.tag(f"datasets/{name}", ref.version)
        store.merge(f"runs/{name}", "main")
    return store


def test_newest_dataset_is_the_last_one_merged(store):
    main = locate_dataset(store, "main")
    assert (main.version, main.path) == (store.resolve("main"), "runs/a")


def test_branch_tag_version_and_its_first_digits(store):
    version = store.resolve("runs/c")
    for name in ("runs/c", version, version[:10]):
        assert locate_dataset(store, name).version == version
        assert locate_dataset(store, name).path == "runs/c"
    assert locate_dataset(store, "datasets/b").path == "runs/b"


def test_a_folder_may_be_named(store):
    assert locate_dataset(store, "main:runs/b").path == "runs/b"
    assert locate_dataset(store, "main:runs/b/").path == "runs/b"
    with pytest.raises(UserError, match=r"'runs/x'; there is runs/a, runs/b, runs/c"):
        locate_dataset(store, "main:runs/x")


def test_dataset_may_be_all_of_a_version(store):
    assert locate_dataset(store, "steps/rollouts").path == ""


def test_two_that_came_at_once_are_not_guessed(store, tmp_path):
    store.branch("both", None)
    for name in ("b", "c"):
        for path, file in manifest_files(tmp_path / name).items():
            store.put("both", f"runs/{name}/{path}", file)
    store.commit("both", "two at once", {})
    with pytest.raises(UserError, match=r"name one, .*: runs/b, runs/c"):
        locate_dataset(store, "both")


def test_a_manifest_of_something_else_is_no_dataset(store, tmp_path):
    bundle = tmp_path / "bundle.json"
    bundle.write_text('{"format": "bundle-3"}')
    ref = store.publish({"manifest.json": bundle, "graph.onnx": bundle}, "a bundle", {})
    with pytest.raises(UserError, match="holds no"):
        locate_dataset(store, ref.version)


def test_nothing_there(store, tmp_path):
    store.branch("empty", None)
    store.put("empty", "a", tmp_path / "verdict.json")
    store.commit("empty", "no dataset", {})
    with pytest.raises(UserError, match=r"empty: version .* holds no manifest.json"):
        locate_dataset(store, "empty")
    with pytest.raises(MissingRef):
        locate_dataset(store, "nobody")
