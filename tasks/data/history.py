"""The history of a store for people: who made what, when, and which names point where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from tasks.store.protocol import Commit, MissingRef, VersionStore

SINGLE = ("steps/", "loose/")  # branches of single artifacts


@dataclass(frozen=True)
class Line:
    """One version of a history; `time_utc` is "" where nobody noted it."""

    version: str
    time_utc: str
    message: str
    what: str  # step and label, verdict
    names: tuple[str, ...]  # branches and tags at it


def history(store: VersionStore, name: str) -> Iterator[Line]:
    """Yield a version and its ancestors, newest first as far as times are known."""
    entries, commits = store.index_entries(), store.log(name)
    made = {entry["ref"]["version"]: str(entry.get("label", "")) for entry in entries}
    times = store.times(commit.id for commit in commits)
    at: dict[str, list[str]] = {}
    for one, version in references(store, skip=SINGLE).items():
        at.setdefault(version, []).append(one)
    for commit in _children_first(commits, times):
        yield Line(
            commit.id,
            times.get(commit.id, ""),
            commit.message,
            _what(commit, made),
            tuple(at.get(commit.id, ())),
        )


def references(store: VersionStore, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Return version by branch or tag; "" for a branch without a commit.

    `skip` are beginnings of branches to leave out.
    """
    found: dict[str, str] = {}
    for branch in store.branches():
        if branch.startswith(skip):
            continue
        try:
            found[branch] = store.resolve(branch)
        except MissingRef:
            found[branch] = ""
    return found | store.tags()


def _what(commit: Commit, made: Mapping[str, str]) -> str:
    label = made.get(commit.id) or str(
        commit.metadata.get("label") or commit.metadata.get("step") or ""
    )
    verdict = commit.metadata.get("verdict")
    return f"{label} ({verdict})" if verdict else label


def _children_first(commits: list[Commit], times: Mapping[str, str]) -> list[Commit]:
    """Order commits so that none stands before its child; among the free ones the newest first."""
    by_id = {commit.id: commit for commit in commits}
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(by_id, ()))
    for commit in commits:
        for parent in commit.parents:
            order.add(parent, commit.id)
    order.prepare()
    free, ordered = list(order.get_ready()), list[Commit]()
    while free:
        version = max(free, key=lambda one: times.get(one, ""))
        free.remove(version)
        ordered.append(by_id[version])
        order.done(version)
        free += order.get_ready()
    return ordered
