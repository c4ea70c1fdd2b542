"""`dexgen data export`: a dataset in other people's formats."""

import argparse
import os
import sys
from pathlib import Path


def add_export_command(commands: argparse._SubParsersAction) -> None:
    """Add `export FORMAT` to the commands of `dexgen data`."""
    export = commands.add_parser("export", help="write a dataset in another format")
    formats = export.add_subparsers(required=True, metavar="FORMAT")
    lerobot = formats.add_parser(
        "lerobot",
        help="a LeRobotDataset, format v3.0",
        description="Write a dataset as a LeRobotDataset (format v3.0) into a new folder.",
    )
    lerobot.set_defaults(command=export_lerobot)
    lerobot.add_argument(
        "dataset",
        metavar="DATASET",
        help="a branch, tag or version: its newest dataset, or the one that `:folder` names",
    )
    lerobot.add_argument("folder", metavar="FOLDER", type=Path, help="must not exist yet")
    lerobot.add_argument(
        "overrides", nargs="*", help="Hydra overrides, e.g. store=lakefs, or those of its making"
    )


def export_lerobot(options: argparse.Namespace) -> int:
    from configs.load import load
    from configs.schema.pipeline import Config
    from flows.home import home_folder
    from tasks.data.datasets import locate_dataset, read_dataset
    from tasks.data.in_use import in_use
    from tasks.data.lerobot.export import export_lerobot as write
    from tasks.running.context import Progress
    from tasks.store import open_store
    from tasks.store.choice import choose

    config = load(Config, options.overrides)
    choose(config.store)
    store = open_store(home_folder())
    ref = locate_dataset(store, options.dataset)
    layout, styles = config.embodiment.make_layout(), list(config.task.styles)
    folder = Path(os.path.abspath(options.folder))
    with in_use(home_folder()):
        info = write(store, ref, layout, styles, folder, Progress("export lerobot"))
    print(
        f"{folder}: {info['total_episodes']} episodes, {info['total_frames']} frames, "
        f"{info['total_tasks']} tasks of {ref.version[:12]}:{ref.path}"
    )
    word = read_dataset(store, f"{ref.version}:{ref.path}" if ref.path else ref.version).word
    if word != "passed":
        print(f"dexgen: note: its verdict: {word}", file=sys.stderr)
    return 0


def show_docs(options: argparse.Namespace) -> int:
    from flows.commands.data import configured, store_of
    from flows.plan import check_step
    from tasks.check.check import write_docs
    from tasks.data.datasets import locate_dataset
    from tasks.data.lerobot.new_folder import new_folder

    config, (name, folder) = configured(options, 2, 2)
    store = store_of(config)
    with new_folder(Path(folder).absolute()) as work:
        page = write_docs(check_step(config), store, locate_dataset(store, name), work)
    print(Path(folder, page.name))
    return 0
