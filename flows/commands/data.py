"""The command line's `dexgen data ...`: arguments, and what each command prints."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flows.commands.data_export import add_export_command, show_docs

if TYPE_CHECKING:
    from configs.schema.pipeline import Config
    from tasks.data.datasets import Dataset
    from tasks.store.protocol import VersionStore

Command = Callable[[argparse.Namespace], int]
OVERRIDES = "Hydra overrides may stand among the names: store=lakefs"
VERIFY = """exit code 0: every byte is what its hash promises; 1: something is damaged or missing,
and each is named; 2: a name that the store does not know. Nothing is changed, but with --set-aside:
then damaged files are moved to damaged/, and steps whose results need them count as not done."""
PUSH = (
    """exit code 1: all was copied, but a branch went on there in another way and was not moved."""
)
GC = """Tags, every branch but steps/..., loose/... and runs/..., and the newest report are kept,
with all that they were made of. configs/retention/default.yaml says how long the rest is."""


class Intermixed(argparse.ArgumentParser):
    """Takes overrides behind an option too: merge runs/a --into main store=lakefs."""

    _inside = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        commands = any(one.nargs == argparse.PARSER for one in self._get_positional_actions())
        if self._inside or commands:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


def add_data_commands(data: argparse.ArgumentParser) -> None:
    commands = data.add_subparsers(required=True, metavar="COMMAND", parser_class=Intermixed)

    def add(name: str, command: Command, text: str, more: str = "") -> argparse.ArgumentParser:
        described = f"{text[0].upper()}{text[1:]}."
        sub = commands.add_parser(name, help=text, description=described, epilog=more or OVERRIDES)
        sub.set_defaults(command=command if command is collect_garbage else sharing(command))
        return sub

    log = add("log", show_log, "the history of a branch, tag or version, newest first")
    log.add_argument("words", nargs="*", metavar="NAME", help="default: main")
    log.add_argument("--refs", action="store_true", help="branches and tags instead")
    log.add_argument("--all", action="store_true", help="with --refs: those of single steps too")
    log.add_argument("-n", type=count, default=0, metavar="COUNT", help="no more than these")
    show = add("show", show_version, "what a version holds")
    show.add_argument("words", nargs="+", metavar="NAME")
    diff = add("diff", show_difference, "what changed from one dataset to another")
    diff.add_argument("words", nargs="+", metavar="A B", help="NAME, or NAME:FOLDER of several")
    diff.add_argument("--all", action="store_true", help="every column that differs")
    tag = add("tag", set_tag, "name a version for good")
    tag.add_argument("words", nargs="+", metavar="NAME VERSION")
    merge = add(
        "merge", merge_version, "merge into a branch; into main only what passed its checks"
    )
    merge.add_argument("words", nargs="+", metavar="SOURCE")
    merge.add_argument("--into", default="main", metavar="BRANCH")
    gc = add("gc", collect_garbage, "remove what nothing refers to any more", GC)
    gc.add_argument("words", nargs="*", metavar="OVERRIDE", help="e.g. retention.keep_days=7")
    gc.add_argument("--dry-run", action="store_true", help="say what would go, remove nothing")
    push = add(
        "push", push_versions, "copy versions, names and results to a lakeFS repository", PUSH
    )
    push.add_argument("words", nargs="*", metavar="NAME", help="default: everything; store=lakefs")
    add_export_command(commands)
    docs = add("docs", show_docs, "Great Expectations' Data Docs on a checked dataset")
    docs.add_argument("words", nargs="+", metavar="NAME FOLDER", help="the folder is new")
    verify = add("verify", verify_store, "hash every stored byte again", VERIFY)
    verify.add_argument("words", nargs="*", metavar="NAME", help="default: all of the store")
    verify.add_argument(
        "--set-aside", action="store_true", help="so that the next run makes anew what is damaged"
    )


def count(word: str) -> int:
    number = int(word)
    if number < 0:
        raise ValueError  # argparse says it in its own words
    return number


def sharing(command: Command) -> Command:
    """Return the command, during which gc takes nothing that it may be reading."""

    def run(options: argparse.Namespace) -> int:
        from tasks.data.in_use import in_use

        with in_use(home()):
            return command(options)

    return run


def opened(options: argparse.Namespace, least: int, most: int) -> "tuple[VersionStore, list[str]]":
    """Return the chosen store and the names among a command's words.

    Raises:
        UserError: in one line.
    """
    config, names = configured(options, least, most)
    return store_of(config), names


def store_of(config: "Config") -> "VersionStore":
    from tasks.store import open_store
    from tasks.store.choice import choose

    choose(config.store)
    return open_store(home())


def configured(options: argparse.Namespace, least: int, most: int) -> "tuple[Config, list[str]]":
    """Return the configuration and the names among a command's words."""
    from configs.load import ConfigError, load
    from configs.schema.pipeline import Config

    overrides = [word for word in options.words if "=" in word or word.startswith("~")]
    names = [word for word in options.words if word not in overrides]
    if not least <= len(names) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        given = " ".join(names) or "none"
        raise ConfigError(f"data: {wanted} name(s) wanted, {given} given; see --help")
    return load(Config, overrides), names


def show_log(options: argparse.Namespace) -> int:
    from itertools import islice

    from configs.load import ConfigError
    from flows.commands.data_words import log_lines, reference_lines
    from tasks.data.history import history, references

    if options.all and not options.refs:
        raise ConfigError("--all: says which names --refs lists; give both")
    store, names = opened(options, 0, 1)
    if options.refs:
        print(reference_lines(references(store), set(store.tags()), options.all))
        return 0
    lines = history(store, names[0] if names else "main")
    print(log_lines(list(islice(lines, options.n or None))))
    return 0


def show_version(options: argparse.Namespace) -> int:
    from flows.commands.data_words import version_lines
    from tasks.data.datasets import DatasetNotFound, read_datasets
    from tasks.data.history import references

    store, (name,) = opened(options, 1, 1)
    name, _, folder = name.partition(":")
    commit = store.read(store.resolve(name))
    found = [one for one in read_datasets(store, name) if folder.strip("/") in ("", one.folder)]
    if folder and not found:
        raise DatasetNotFound(f"{name}: no dataset at {folder!r}; leave it out to see all")
    print(version_lines(commit, found, references(store)))
    return 0


def show_difference(options: argparse.Namespace) -> int:
    from flows.commands.data_words import difference_lines
    from tasks.data.datasets import read_dataset

    config, (a, b) = configured(options, 2, 2)
    store = store_of(config)
    before, after = read_dataset(store, a), read_dataset(store, b)
    overrides = [word for word in options.words if word not in (a, b)]
    names = [column_names_of(one, config, overrides) for one in (before, after)]
    print(difference_lines(before, after, *names, whole=options.all))
    return 0


def column_names_of(
    dataset: "Dataset", config: "Config", overrides: list[str]
) -> dict[tuple[str, int], str]:
    """Return the names of a dataset's columns: of the configured hand, or of another known one."""
    from configs.load import FOLDER, ConfigError, load
    from configs.schema.pipeline import Config
    from tasks.check.expectations import column_names

    manifest, layout = dataset.manifest, config.embodiment.make_layout()
    hands = iter(sorted(path.stem for path in (FOLDER / "hand").glob("*.yaml")))
    while manifest.layout != layout.fingerprint():
        hand = next(hands, None)
        if hand is None:
            return {}
        with suppress(ConfigError):  # this hand does not go with the other overrides
            layout = load(Config, [*overrides, f"hand={hand}"]).embodiment.make_layout()
    return column_names(layout, manifest.fields)


def set_tag(options: argparse.Namespace) -> int:
    store, (name, what) = opened(options, 2, 2)
    version = store.resolve(what)
    store.tag(name, version)
    print(f"tag {name} is {version[:12]}, for good")
    return 0


def merge_version(options: argparse.Namespace) -> int:
    from tasks.data.merging import merge
    from tasks.store.protocol import MissingRef

    store, (source,) = opened(options, 1, 1)
    try:
        before = store.resolve(options.into)
    except MissingRef:
        before = ""
    version = merge(store, source, options.into)
    already = "had it already" if version == before else "is now at"
    print(f"{options.into} {already} {version[:12]}")
    return 0


def collect_garbage(options: argparse.Namespace) -> int:
    import time

    from flows.commands.data_words import garbage_lines
    from tasks.data.gc import collect
    from tasks.data.in_use import alone_in, in_use

    config, _ = configured(options, 0, 0)
    with in_use(home()) if options.dry_run else alone_in(home()):
        found = collect(home(), config.retention, time.time(), options.dry_run, progress("gc"))
    print(garbage_lines(found, options.dry_run))
    if config.store.backend == "lakefs":
        sweep_work(config, options.dry_run)
    return 0


def sweep_work(config: "Config", dry_run: bool) -> None:
    """Delete the private branches that killed processes left in a lakeFS repository."""
    import time

    store = store_of(config)
    from tasks.store.lakefs.store import LakeFSStore

    assert isinstance(store, LakeFSStore)
    before = time.time() - 3600.0 * config.retention.grace_hours
    swept = store.repository.sweep(before, dry_run)
    verb = "would be deleted" if dry_run else "deleted"
    print(f"private branches of killed processes {verb} in the repository: {len(swept)}")


def push_versions(options: argparse.Namespace) -> int:
    from configs.load import ConfigError
    from flows.commands.data_words import pushed_lines
    from tasks.store.local import LocalStore

    config, names = configured(options, 0, 1000)
    if config.store.backend != "lakefs":
        raise ConfigError("data push: goes to a lakeFS repository; add store=lakefs")
    target = store_of(config)
    from tasks.store.lakefs.push import (
        push,  # the lakeFS SDK is there: store_of has refused otherwise
    )
    from tasks.store.lakefs.store import LakeFSStore

    assert isinstance(target, LakeFSStore)

    found = push(LocalStore(home() / "store"), target, names, progress("push"))
    print(pushed_lines(found))
    return 1 if found.kept else 0


def verify_store(options: argparse.Namespace) -> int:
    from flows.commands.data_words import damage_lines
    from tasks.store.verify import verify

    store, names = opened(options, 0, 1000)
    found = verify(store, names, progress("verify"), options.set_aside)
    print(damage_lines(found, options.set_aside))
    return 1 if found.damage else 0


def progress(label: str) -> Callable[[float, float, str], None]:
    from tasks.running.context import Progress

    return Progress(label)


def home() -> Path:
    from flows.home import home_folder

    return home_folder()
