"""`dexgen data ...`: versions of the data; what they print is in data_words.py."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.data_arguments import (
    OVERRIDES,
    configured,
    flag,
    home,
    names,
    opened,
    sharing,
    store_of,
)
from flows.commands.data_export import export, show_docs
from flows.commands.terminal import progress

if TYPE_CHECKING:
    from configs.schema.pipeline import Config
    from tasks.data.datasets import Dataset

VERIFY = """Exit code 0: every byte is what its hash promises; 1: something is damaged or missing,
and each is named; 2: a name that the store does not know. Nothing is changed, but with --set-aside:
then damaged files are moved to damaged/, and steps whose results need them count as not done."""
PUSH = "Exit code 1: all was copied, but a branch went on there in another way and was not moved."
GC = """Tags, every branch but steps/..., loose/... and runs/..., and the newest report are kept,
with all that they were made of. configs/retention/default.yaml says how long the rest is."""

data = typer.Typer()
data.add_typer(export, name="export", help="Write a dataset in another format.")
data.command("docs", epilog=OVERRIDES)(show_docs)


@data.command("log", epilog=OVERRIDES)
@sharing
def show_log(
    words: Annotated[list[str] | None, names("NAME", "default: main")] = None,
    refs: Annotated[bool, flag("--refs", "branches and tags instead")] = False,
    whole: Annotated[bool, flag("--all", "with --refs: those of single steps too")] = False,
    count: Annotated[
        int | None, typer.Option("-n", min=0, metavar="COUNT", help="no more than these")
    ] = None,
) -> None:
    """The history of a branch, tag or version, newest first."""
    from itertools import islice

    from configs.load import ConfigError
    from flows.commands.data_words import log_lines, reference_lines
    from tasks.data.history import history, references

    if whole and not refs:
        raise ConfigError("--all: says which names --refs lists; give both")
    store, found = opened(words or [], 0, 1)
    if refs:
        print(reference_lines(references(store), set(store.tags()), whole))
        return
    lines = history(store, found[0] if found else "main")
    print(log_lines(list(islice(lines, count or None))))


@data.command("show", epilog=OVERRIDES)
@sharing
def show_version(words: Annotated[list[str], names("NAME")]) -> None:
    """What a version holds."""
    from configs.errors import UserError
    from flows.commands.data_words import version_lines
    from tasks.data.datasets import read_datasets
    from tasks.data.history import references

    store, (name,) = opened(words, 1, 1)
    name, _, folder = name.partition(":")
    commit = store.read(store.resolve(name))
    found = [one for one in read_datasets(store, name) if folder.strip("/") in ("", one.folder)]
    if folder and not found:
        raise UserError(f"{name}: no dataset at {folder!r}; leave it out to see all")
    print(version_lines(commit, found, references(store)))


@data.command("diff", epilog=OVERRIDES)
@sharing
def show_difference(
    words: Annotated[list[str], names("A B", "NAME, or NAME:FOLDER of several")],
    whole: Annotated[bool, flag("--all", "every column that differs")] = False,
) -> None:
    """What changed from one dataset to another."""
    from flows.commands.data_words import difference_lines
    from tasks.data.datasets import read_dataset

    config, (a, b) = configured(words, 2, 2)
    store = store_of(config)
    before, after = read_dataset(store, a), read_dataset(store, b)
    overrides = [word for word in words if word not in (a, b)]
    columns = [column_names_of(one, config, overrides) for one in (before, after)]
    print(difference_lines(before, after, *columns, whole=whole))


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


@data.command("tag", epilog=OVERRIDES)
@sharing
def set_tag(words: Annotated[list[str], names("NAME VERSION")]) -> None:
    """Name a version for good."""
    store, (name, what) = opened(words, 2, 2)
    version = store.resolve(what)
    store.tag(name, version)
    print(f"tag {name} is {version[:12]}, for good")


@data.command("merge", epilog=OVERRIDES)
@sharing
def merge_version(
    words: Annotated[list[str], names("SOURCE")],
    into: Annotated[str, typer.Option(metavar="BRANCH")] = "main",
) -> None:
    """Merge into a branch; into main only what passed its checks."""
    from tasks.data.merging import merge
    from tasks.store.protocol import MissingRef

    store, (source,) = opened(words, 1, 1)
    try:
        before = store.resolve(into)
    except MissingRef:
        before = ""
    version = merge(store, source, into)
    print(f"{into} {'had it already' if version == before else 'is now at'} {version[:12]}")


@data.command("gc", epilog=GC)
def collect_garbage(
    words: Annotated[list[str] | None, names("KEY=VALUE", "e.g. retention.keep_days=7")] = None,
    dry_run: Annotated[bool, flag("--dry-run", "say what would go, remove nothing")] = False,
) -> None:
    """Remove what nothing refers to any more."""
    import time

    from flows.commands.data_words import garbage_lines
    from tasks.data.gc import collect
    from tasks.data.in_use import alone_in, in_use

    config, _ = configured(words or [], 0, 0)
    with in_use(home()) if dry_run else alone_in(home()), progress("gc") as report:
        found = collect(home(), config.retention, time.time(), dry_run, report)
    print(garbage_lines(found, dry_run))
    if config.store.backend == "lakefs":
        sweep_work(config, dry_run)


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


@data.command("push", epilog=PUSH)
@sharing
def push_versions(
    words: Annotated[list[str] | None, names("NAME", "default: everything; store=lakefs")] = None,
) -> int:
    """Copy versions, names and results to a lakeFS repository."""
    from configs.load import ConfigError
    from flows.commands.data_words import pushed_lines
    from tasks.store.local import LocalStore

    config, found = configured(words or [], 0, 1000)
    if config.store.backend != "lakefs":
        raise ConfigError("data push: goes to a lakeFS repository; add store=lakefs")
    target = store_of(config)  # refuses where the lakeFS SDK is not there
    from tasks.store.lakefs.push import push
    from tasks.store.lakefs.store import LakeFSStore

    assert isinstance(target, LakeFSStore)
    with progress("push") as report:
        pushed = push(LocalStore(home() / "store"), target, found, report)
    print(pushed_lines(pushed))
    return 1 if pushed.kept else 0


@data.command("verify", epilog=VERIFY)
@sharing
def verify_store(
    words: Annotated[list[str] | None, names("NAME", "default: all of the store")] = None,
    set_aside: Annotated[bool, flag("--set-aside", "then the next run makes it anew")] = False,
) -> int:
    """Hash every stored byte again."""
    from flows.commands.data_words import damage_lines
    from tasks.store.verify import verify

    store, found = opened(words or [], 0, 1000)
    with progress("verify") as report:
        verified = verify(store, found, report, set_aside)
    print(damage_lines(verified, set_aside))
    return 1 if verified.damage else 0
