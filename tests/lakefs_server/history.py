"""What a lakeFS repository remembers: commits, branches with what is put on them, tags, merges."""

import hashlib
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Hook = Callable[[str, "Commit", Mapping[str, "Entry"]], str | None]  # branch, merge, source tree


class Refused(Exception):
    """A request that lakeFS refuses, with its HTTP state."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Entry:
    """An object of a tree: where its bytes are, and what is known of them."""

    address: str
    checksum: str
    size: int
    metadata: Mapping[str, str]
    mtime: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True)
class Commit:
    id: str
    parents: tuple[str, ...]
    message: str
    metadata: Mapping[str, str]
    tree: Mapping[str, Entry]
    date: int


@dataclass
class Branch:
    commit: str
    put: dict[str, Entry | None] = field(default_factory=dict)  # None: deleted


class History:
    """One repository, without the bytes of its objects."""

    def __init__(self, default_branch: str) -> None:
        self.default_branch = default_branch
        self.commits: dict[str, Commit] = {}
        self.tags: dict[str, str] = {}
        self._numbers = itertools.count()
        first = self._add((), "Repository created", {}, {})
        self.branches = {default_branch: Branch(first.id)}

    def branch(self, name: str) -> Branch:
        if name not in self.branches:
            raise Refused(404, "branch not found")
        return self.branches[name]

    def commit_of(self, ref: str) -> Commit:
        """Return a ref's commit: lakeFS looks for a commit first, then a branch, then a tag."""
        if ref in self.commits:
            return self.commits[ref]
        if ref in self.branches:
            return self.commits[self.branches[ref].commit]
        if ref in self.tags:
            return self.commits[self.tags[ref]]
        raise Refused(404, "not found")

    def tree(self, ref: str) -> dict[str, Entry]:
        """Return a ref's objects, a branch's with what is put on it."""
        tree: dict[str, Entry | None] = dict(self.commit_of(ref).tree)
        if ref in self.branches and ref not in self.commits:
            tree |= self.branches[ref].put
        return {path: entry for path, entry in tree.items() if entry is not None}

    def entry(self, ref: str, path: str) -> Entry:
        tree = self.tree(ref)
        if path not in tree:
            raise Refused(404, "not found")
        return tree[path]

    def create_branch(self, name: str, source: str) -> str:
        commit = self.commit_of(source)
        if name in self.branches:
            raise Refused(409, "branch already exists: not unique")
        self.branches[name] = Branch(commit.id)
        return commit.id

    def delete_branch(self, name: str) -> None:
        self.branch(name)
        if name == self.default_branch:
            raise Refused(403, "cannot delete repository default branch")
        del self.branches[name]

    def create_tag(self, name: str, ref: str) -> str:
        commit = self.commit_of(ref)
        if name in self.tags:
            raise Refused(409, "tag already exists: not unique")
        self.tags[name] = commit.id
        return commit.id

    def commit(
        self, name: str, message: str, metadata: Mapping[str, str], allow_empty: bool
    ) -> Commit:
        branch = self.branch(name)
        tree = self.tree(name)
        if tree == self.commits[branch.commit].tree and not allow_empty:
            raise Refused(400, "commit: no changes")
        made = self._add((branch.commit,), message, metadata, tree)
        branch.commit, branch.put = made.id, {}
        return made

    def merge(
        self,
        source: str,
        into: str,
        message: str,
        metadata: Mapping[str, str],
        strategy: str,
        allow_empty: bool,
        hook: Hook,
    ) -> str:
        branch = self.branch(into)
        if branch.put:
            raise Refused(400, f"{into}: uncommitted changes (dirty branch)")
        theirs, ours = self.commit_of(source), self.commits[branch.commit]
        base = self._base(theirs, ours)
        if theirs.tree == base.tree and not allow_empty:
            raise Refused(400, "no changes")
        tree: dict[str, Entry] = {}
        for path in {*base.tree, *ours.tree, *theirs.tree}:
            before, mine, other = (t.tree.get(path) for t in (base, ours, theirs))
            if mine != other and before not in (mine, other) and not strategy:
                raise Refused(409, "conflict found")
            changed_by_both = mine != other and before not in (mine, other)
            wins = other if mine == before or strategy == "source-wins" else mine
            chosen = wins if changed_by_both else (other if mine == before else mine)
            if chosen is not None:
                tree[path] = chosen
        made = self._add((ours.id, theirs.id), message, metadata, tree)
        refusal = hook(into, made, theirs.tree)
        if refusal is not None:
            raise Refused(412, f"pre-merge hook aborted: {refusal}")
        branch.commit = made.id
        return made.id

    def _add(
        self,
        parents: tuple[str, ...],
        message: str,
        metadata: Mapping[str, str],
        tree: Mapping[str, Entry],
    ) -> Commit:
        """Add a commit; as in lakeFS its id depends on when it is made."""
        content = json.dumps([next(self._numbers), parents, message, dict(metadata)])
        made = Commit(
            hashlib.sha256(content.encode()).hexdigest(),
            parents,
            message,
            dict(metadata),
            dict(tree),
            int(time.time()),
        )
        self.commits[made.id] = made
        return made

    def _base(self, one: Commit, other: Commit) -> Commit:
        """Return the nearest common ancestor."""
        reached = {commit.id for commit in self._ancestors(one)}
        return next(commit for commit in self._ancestors(other) if commit.id in reached)

    def _ancestors(self, commit: Commit) -> list[Commit]:
        waiting, found = deque([commit.id]), dict[str, Commit]()
        while waiting:
            name = waiting.popleft()
            if name not in found:
                found[name] = self.commits[name]
                waiting.extend(found[name].parents)
        return list(found.values())
