"""The hook of docs/lakefs.md: nothing reaches `main` without a passed verdict."""

import os
from pathlib import Path

import lakefs
import pytest
from lakefs.client import Client

from configs.refs import Ref
from tasks.store.lakefs.connection import KEY, SECRET
from tasks.store.protocol import StoreError
from tests.tasks.store.places import Place

pytestmark = pytest.mark.parametrize("place", ["lakefs"], indirect=True)
ACTION = Path(__file__).resolve().parents[3] / "docs/lakefs/passed_verdict.yaml"


def install(place: Place, branch: str) -> None:
    """Commit the action to a branch, as a person does with lakectl or in the browser."""
    assert place.settings is not None
    client = Client(
        host=place.settings.endpoint, username=os.environ[KEY], password=os.environ[SECRET]
    )
    made = lakefs.Repository(place.settings.repository, client).branch(branch)
    made.object(f"_lakefs_actions/{ACTION.name}").upload(ACTION.read_bytes(), pre_sign=False)
    made.commit("nothing without a verdict")


def dataset(place: Place, tmp_path: Path, content: str, metadata: dict[str, str]) -> str:
    store, file = place.open(), tmp_path / "file"
    file.write_text(content)
    branch = f"runs/{content}"
    store.branch(branch, None)
    store.put(branch, f"{content}/data", file)
    return store.commit(branch, f"dataset {content}", metadata)


def test_only_a_passed_verdict_reaches_main(place: Place, tmp_path: Path) -> None:
    install(place, "root")
    store = place.open()
    for metadata in ({}, {"verdict": "failed"}):
        version = dataset(place, tmp_path, f"bad{len(metadata)}", metadata)
        with pytest.raises(StoreError, match="no passed verdict") as caught:
            store.merge(version, "main")
        assert "\n" not in str(caught.value)
        with pytest.raises(StoreError, match="no commit yet"):
            store.resolve("main")
    first = dataset(place, tmp_path, "one", {"verdict": "passed"})
    second = dataset(place, tmp_path, "two", {"verdict": "passed"})
    assert store.merge(first, "main") == first
    merged = store.merge(second, "main")
    with pytest.raises(StoreError, match="no passed verdict"):
        store.merge(dataset(place, tmp_path, "bad", {}), "main")
    assert store.resolve("main") == merged
    assert set(store.read(merged).tree) == {"one/data", "two/data"}


def test_hook_that_comes_later_leaves_the_version_as_it_is(place: Place, tmp_path: Path) -> None:
    store = place.open()
    first = dataset(place, tmp_path, "one", {})
    store.merge(first, "main")
    install(place, "main")
    assert store.resolve("main") == first
    with pytest.raises(StoreError, match="no passed verdict"):
        store.merge(dataset(place, tmp_path, "bad", {}), "main")
    merged = store.merge(dataset(place, tmp_path, "two", {"verdict": "passed"}), "main")
    opened = place.elsewhere().open(Ref("lakefs", merged, ""))
    assert {p.name for p in opened.iterdir()} == {"one", "two"}
