"""What a lakeFS repository remembers: commits, branches with what is put on them, tags, merges."""

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

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

    def commit(self, name: str, asked: Mapping[str, Any]) -> Commit:
        branch, tree = self.branch(name), self.tree(name)
        if tree == self.commits[branch.commit].tree and not asked.get("allow_empty"):
            raise Refused(400, "commit: no changes")
        made = self._add((branch.commit,), asked["message"], asked.get("metadata", {}), tree)
        branch.commit, branch.put = made.id, {}
        return made

    def merge(self, source: str, into: str, asked: Mapping[str, Any], hook: Hook) -> str:
        branch, strategy = self.branch(into), asked.get("strategy", "")
        if branch.put:
            raise Refused(400, f"{into}: uncommitted changes (dirty branch)")
        theirs, ours = self.commit_of(source), self.commits[branch.commit]
        reached = self._ancestors(theirs)
        base = next(self.commits[name] for name in self._ancestors(ours) if name in reached)
        if theirs.tree == base.tree and not asked.get("allow_empty"):
            raise Refused(400, "no changes")
        tree: dict[str, Entry] = {}
        for path in {*base.tree, *ours.tree, *theirs.tree}:
            before, mine, other = (t.tree.get(path) for t in (base, ours, theirs))
            by_both = mine != other and before not in (mine, other)
            if by_both and not strategy:
                raise Refused(409, "conflict found")
            chosen = other if mine == before or (by_both and strategy == "source-wins") else mine
            if chosen is not None:
                tree[path] = chosen
        message, metadata = asked.get("message") or "Merge", asked.get("metadata", {})
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
        content = json.dumps([next(self._numbers), parents, message, metadata])
        name = hashlib.sha256(content.encode()).hexdigest()
        self.commits[name] = Commit(name, parents, message, dict(metadata), dict(tree))
        return self.commits[name]

    def _ancestors(self, commit: Commit) -> list[str]:
        """Return a commit and all that it came from, the nearest first."""
        found = [commit.id]
        for name in found:
            found += [parent for parent in self.commits[name].parents if parent not in found]
        return found
