"""Copy versions, names and the index of the local store to a lakeFS repository.

A version has the same id in both, so what is there is known by its name: a push that was killed
goes on where it was, and nothing is sent twice. A file that a pushed version holds is copied on the
server, not sent again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from configs.refs import Ref
from tasks.store.history import ancestors, reached
from tasks.store.lakefs.connection import Absent
from tasks.store.lakefs.store import LakeFSStore
from tasks.store.lakefs.versions import VERSION, Place, write
from tasks.store.local import LocalStore
from tasks.store.protocol import Blob, Commit, Conflict, Corrupt, MissingRef, StoreError

FACTS_OF_STORE = ("identity", "ref")  # of an index entry; a store writes them itself
ADOPTIONS = 10  # attempts to write a version that others write at the same time
MARK_DIGITS = 16  # of a version, in the name of its private branch


@dataclass
class Pushed:
    """What a push did."""

    sent: int = 0  # versions
    there: int = 0  # versions that were there before
    bytes: int = 0  # that were sent
    names: int = 0  # branches and tags that were made or moved
    entries: int = 0  # of the index
    kept: tuple[str, ...] = ()  # branches that went on there in another way


def push(
    source: LocalStore,
    target: LakeFSStore,
    names: Sequence[str],
    progress: Callable[[float, float, str], None],
) -> Pushed:
    """Push what names reach, with all ancestors; without names, all of the store.

    Raises:
        MissingRef: an unknown name. Corrupt: a file is damaged here; what was pushed stays.
        StoreError: the server does not answer.
    """
    branches = {name: source.heads.get(name) for name in source.branches()}
    heads = {name: found[1] for name, found in branches.items() if found and found[1]}
    tags = source.tags()
    if names:
        chosen = {name: source.resolve(name) for name in names}
        heads = {name: v for name, v in heads.items() if name in chosen}
        tags = {name: v for name, v in tags.items() if name in chosen}
        roots = list(chosen.values())
    else:
        roots = [*heads.values(), *tags.values()]
    order = parents_first(source, roots)
    order = parents_first(source, [*(one.id for one in order), *metrics_of(source, order)])
    result = Pushed()
    send(source, target, order, result, progress)
    push_names(target, heads, tags, result)
    push_index(source, target, {commit.id for commit in order}, result)
    return result


def metrics_of(store: LocalStore, commits: Iterable[Commit]) -> list[str]:
    """Return the versions with what the steps recorded that made these."""
    made = {commit.id for commit in commits}
    entries = [entry for entry in store.index_entries() if entry["ref"]["version"] in made]
    return [entry["metrics"] for entry in entries if "metrics" in entry]


def parents_first(store: LocalStore, roots: Iterable[str]) -> list[Commit]:
    """Return versions and all their ancestors, each once, parents before children."""
    wanted = dict.fromkeys(roots, "")
    versions = [version for version, _ in reached(wanted, lambda one: store.read(one).parents)]
    order = TopologicalSorter({version: store.read(version).parents for version in versions})
    return [store.read(version) for version in order.static_order()]


def send(
    source: LocalStore,
    target: LakeFSStore,
    order: Sequence[Commit],
    result: Pushed,
    progress: Callable[[float, float, str], None],
) -> None:
    """Write the versions that the target does not have, a file's bytes once."""
    there, where = set(target.versions()), dict[str, Place]()
    times = source.times(commit.id for commit in order)
    for number, commit in enumerate(order, 1):
        new = {b.sha256: b.size for b in commit.tree.values() if b.sha256 not in where}
        time_utc = times.get(commit.id, "")
        if commit.id in there or not adopt(source, target, commit, where, time_utc):
            result.there += 1
        else:
            result.sent += 1
            result.bytes += sum(new.values())
        for path, blob in commit.tree.items():
            where.setdefault(blob.sha256, (VERSION + commit.id, path))
        progress(number, len(order), "versions")


def adopt(
    source: LocalStore,
    target: LakeFSStore,
    made: Commit,
    where: Mapping[str, Place],
    time_utc: str,
) -> bool:
    """Write a version whose parents are there; False if another push has brought it meanwhile.

    `where` says by sha256 which files are there already: the server copies them. `time_utc` is
    when the version was made, "" if nobody knows. If it breaks off, the next attempt sends only
    what is missing.

    Raises:
        Corrupt: a file's bytes are not what the hash promises.
    """

    def verified(blob: Blob) -> Path:
        if not source.objects.intact(blob):
            said = f"object {blob.sha256[:12]} is damaged here; see verify"
            raise Corrupt(f"{made.id[:12]}: {said}")
        return source.objects.path(blob)

    places = {p: where[blob.sha256] for p, blob in made.tree.items() if blob.sha256 in where}
    repository, mark = target.repository, made.id[:MARK_DIGITS]
    for _ in range(ADOPTIONS):
        if target.whole(Ref(target.name, made.id, "")):
            return False
        # Another push, which has the same to say, may be done with that branch and delete it.
        with suppress(Absent), repository.work(repository.root, mark) as work:
            write(repository, work, made, places, verified, time_utc)
            return True
    raise StoreError(
        f"{target.place}: version {made.id[:12]} is pushed by others at once; run the same "
        "command again"
    )


def push_names(
    target: LakeFSStore, heads: dict[str, str], tags: dict[str, str], result: Pushed
) -> None:
    """Make or move branches, forward only, and make tags."""
    there, kept = set(target.branches()), []
    for name, version in heads.items():
        if name not in there:
            with suppress(Conflict):  # another push was first; it is looked at below
                target.branch(name, version)
                result.names += 1
                continue
        try:
            now = target.resolve(name)
        except MissingRef:
            now = ""
        if now == version:
            continue
        if now and now not in {commit.id for commit in ancestors(version, target.read)}:
            kept.append(name)
            continue
        target.merge(version, name)
        result.names += 1
    known = target.tags()
    for name, version in tags.items():
        if known.get(name) != version:
            target.tag(name, version)
            result.names += 1
    result.kept = tuple(kept)


def push_index(source: LocalStore, target: LakeFSStore, versions: set[str], result: Pushed) -> None:
    """Say that the steps whose results were pushed are done."""
    for entry in source.index_entries():
        ref = Ref(**entry["ref"])
        if ref.version in versions and target.index_get(entry["identity"]) is None:
            facts = {key: value for key, value in entry.items() if key not in FACTS_OF_STORE}
            target.index_put(entry["identity"], Ref(target.name, ref.version, ref.path), **facts)
            result.entries += 1
