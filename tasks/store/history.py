"""Ancestors, common ancestors and three-way merging of commit trees; no input or output."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping

from tasks.store.protocol import Blob, Commit, Conflict

Tree = Mapping[str, Blob]


def ancestors(version: str, read: Callable[[str], Commit]) -> Iterator[Commit]:
    """Yield a commit and all its ancestors, each once, nearest first."""
    seen = {version}
    waiting = deque([version])
    while waiting:
        commit = read(waiting.popleft())
        yield commit
        for parent in commit.parents:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


def join(ours: str, theirs: str, what: str, read: Callable[[str], Commit]) -> Commit:
    """Return the commit that holds two versions: one of them if it holds the other, else a new one.

    `ours` is "" on a branch without a commit; `what` is a new commit's message.

    Raises:
        Conflict: both sides changed the same path in different ways.
    """
    if not ours or any(commit.id == ours for commit in ancestors(theirs, read)):
        return read(theirs)
    if any(commit.id == theirs for commit in ancestors(ours, read)):
        return read(ours)
    base = common_tree(ours, theirs, read)
    return Commit.make(
        merge_trees(base, read(ours).tree, read(theirs).tree, what), (ours, theirs), what, {}
    )


def common_tree(ours: str, theirs: str, read: Callable[[str], Commit]) -> Tree:
    """Return the tree of the nearest common ancestor, empty when there is none."""
    reached = {commit.id for commit in ancestors(ours, read)}
    for commit in ancestors(theirs, read):
        if commit.id in reached:
            return commit.tree
    return {}


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


def below_versions(
    wanted: Mapping[str, str], read: Callable[[str], Commit | str]
) -> Iterator[tuple[str, str, Commit | str]]:
    """Yield (version, who names it, what `read` returned) for versions and all their ancestors.

    `wanted` says who names a version. What cannot be read ends the way there.
    """
    holders = dict(wanted)
    waiting = deque(wanted)
    while waiting:
        version = waiting.popleft()
        commit = read(version)
        yield version, holders[version], commit
        for parent in () if isinstance(commit, str) else commit.parents:
            if parent not in holders:
                holders[parent] = f"{version[:12]}, whose parent it is"
                waiting.append(parent)
