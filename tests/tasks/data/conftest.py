"""A store with one dataset, and its export."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.layout import Layout
from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from tasks.data.lerobot.export import export_lerobot
from tasks.store.local import LocalStore
from tests.tasks.data.committed import commit_dataset, write_episodes

STYLES = ("fast", "slow")


@dataclass
class Exported:
    """A dataset, and the LeRobotDataset that was made of it."""

    episodes: Path
    folder: Path
    ref: Ref


@pytest.fixture(scope="session")
def layout() -> Layout:
    return load(Config, []).embodiment.make_layout()


@pytest.fixture(scope="session")
def export(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Exported]:
    """Return a function that writes, commits and exports a dataset."""

    def make(name: str = "out", **options) -> Exported:
        root = tmp_path_factory.mktemp("lerobot")
        store = LocalStore(root / "store")
        episodes = write_episodes(root / "episodes", layout, **options)
        ref = commit_dataset(store, "main", episodes, "runs/a")
        export_lerobot(store, ref, layout, STYLES, root / name, lambda *_: None)
        return Exported(episodes, root / name, ref)

    return make


@pytest.fixture(scope="session")
def exported(export: Callable[..., Exported]) -> Exported:
    return export()
