"""`dexgen data export` and `dexgen data docs`: a dataset as other people's tools know it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.data_arguments import configured, names, sharing, store_of
from flows.commands.terminal import progress

LEROBOT = "Hydra overrides, e.g. store=lakefs, or those of its making"

export = typer.Typer()


@sharing
def show_docs(words: Annotated[list[str], names("NAME FOLDER", "the folder is new")]) -> None:
    """Great Expectations' Data Docs on a checked dataset."""
    from flows.plan import check_step
    from tasks.check.check import write_docs
    from tasks.data.datasets import locate_dataset
    from tasks.data.lerobot.new_folder import new_folder

    config, (name, folder) = configured(words, 2, 2)
    store = store_of(config)
    with new_folder(Path(folder).absolute()) as work:
        page = write_docs(check_step(config), store, locate_dataset(store, name), work)
    print(Path(folder, page.name))


@export.command("lerobot")
@sharing
def export_lerobot(
    dataset: Annotated[
        str,
        typer.Argument(
            help="a branch, tag or version: its newest dataset, or the one that `:folder` names"
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="must not exist yet")],
    overrides: Annotated[list[str] | None, names("KEY=VALUE", LEROBOT)] = None,
) -> None:
    """Write a dataset as a LeRobotDataset (format v3.0) into a new folder."""
    from configs.load import load
    from configs.schema.pipeline import Config
    from tasks.data.datasets import dataset_at, locate_dataset
    from tasks.data.lerobot.export import export_lerobot as write

    config = load(Config, overrides or [])
    store = store_of(config)
    ref = locate_dataset(store, dataset)
    layout, styles = config.embodiment.make_layout(), list(config.styles)
    folder = Path(os.path.abspath(folder))
    with progress("export lerobot") as report:
        info = write(store, ref, layout, styles, folder, report)
    print(
        f"{folder}: {info['total_episodes']} episodes, {info['total_frames']} frames, "
        f"{info['total_tasks']} tasks of {ref.version[:12]}:{ref.path}"
    )
    word = dataset_at(store, ref).word
    if word != "passed":
        print(f"dexgen: note: its verdict: {word}", file=sys.stderr)
