"""Ancestors, common ancestors and three-way merging of commit trees; no input or output."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from tasks.store.protocol import Blob, Commit, Conflict

Tree = Mapping[str, Blob]
Parents = Callable[[str], Sequence[str]]  # of a version


def ancestors(version: str, read: Callable[[str], Commit]) -> Iterator[Commit]:
    """Yield a commit and all its ancestors, each once, nearest first."""
    return map(read, ancestor_ids(version, lambda each: read(each).parents))


def ancestor_ids(version: str, parents: Parents) -> Iterator[str]:
    """Yield a version and all its ancestors, each once, nearest first; their trees are not read."""
    return (found for found, _ in reached({version: ""}, parents))


def reached(wanted: Mapping[str, str], parents: Parents) -> Iterator[tuple[str, str]]:
    """Yield versions and all their ancestors, each once, nearest first, with who names them.

    `wanted` says who names those to begin with.
    """
    holders, waiting = dict(wanted), deque(wanted)
    while waiting:
        version = waiting.popleft()
        yield version, holders[version]
        for parent in parents(version):
            if parent not in holders:
                holders[parent] = f"{version[:12]}, whose parent it is"
                waiting.append(parent)


def join(
    ours: str,
    theirs: str,
    what: str,
    read: Callable[[str], Commit],
    parents: Parents,
) -> Commit:
    """Return the commit that holds two versions: one of them if it holds the other, else a new one.

    `ours` is "" on a branch without a commit; `what` is a new commit's message. `parents` knows a
    version's parents without its tree, which is long.

    Raises:
        Conflict: both sides changed the same path in different ways.
    """
    if not ours or ours in ancestor_ids(theirs, parents):
        return read(theirs)
    if theirs in ancestor_ids(ours, parents):
        return read(ours)
    common = common_ancestor(ours, theirs, parents)
    base = {} if common is None else read(common).tree
    return Commit.make(
        merge_trees(base, read(ours).tree, read(theirs).tree, what), (ours, theirs), what, {}
    )


def common_ancestor(ours: str, theirs: str, parents: Parents) -> str | None:
    """Return the nearest common ancestor of two versions, None when there is none."""
    reached = set(ancestor_ids(ours, parents))
    return next((v for v in ancestor_ids(theirs, parents) if v in reached), None)


def merge_trees(base: Tree, ours: Tree, theirs: Tree, what: str) -> dict[str, Blob]:
    """Merge two trees that began as `base`: for each path, take the side that changed it.

    Raises:
        Conflict: both changed a path, in different ways; names the first such path.
    """
    merged: dict[str, Blob] = {}
    for path in sorted({*base, *ours, *theirs}):
        before, mine, other = base.get(path), ours.get(path), theirs.get(path)
        if mine != other and before not in (mine, other):
            raise Conflict(f"{what}: {path} was changed on both sides; nothing was merged")
        chosen = other if mine == before else mine
        if chosen is not None:
            merged[path] = chosen
    return merged
