"""What both backends do alike, given that they can resolve a name and read a version."""

from collections.abc import Mapping, Sequence
from typing import Any

from configs.refs import Ref
from tasks.store.checkouts import file_at
from tasks.store.history import ancestors
from tasks.store.protocol import Blob, Commit, MissingRef

EMPTY = ""  # the version of a branch without a commit
MIN_PREFIX = 8  # hexadecimal digits that name a version


class Reading:
    """The half of a VersionStore that needs no more than `resolve` and `read`."""

    name: str

    def resolve(self, name: str) -> str:
        raise AssertionError("a backend's own")

    def read(self, version: str) -> Commit:
        raise AssertionError("a backend's own")

    def log(self, name: str) -> list[Commit]:
        return list(ancestors(self.resolve(name), self.read))

    def _tree(self, version: str) -> Mapping[str, Blob]:
        return {} if version == EMPTY else self.read(version).tree

    def _blob(self, ref: Ref) -> Blob:
        """Return the one file that a reference of ours names. Raises MissingRef."""
        return file_at(ref, self._commit_of(ref).tree)

    def _commit_of(self, ref: Ref) -> Commit:
        if ref.store != self.name:
            raise MissingRef(f"reference to store {ref.store!r}: this is the {self.name} store")
        return self.read(ref.version)

    def _record(
        self,
        tree: Mapping[str, Blob],
        parents: Sequence[str],
        message: str,
        metadata: Mapping[str, Any],
    ) -> Commit:
        known = tuple(dict.fromkeys(self.read(parent).id for parent in parents))
        return Commit.make(tree, known, message, metadata)


def is_prefix(name: str) -> bool:
    """Tell whether a name may be the first digits of a version."""
    return len(name) >= MIN_PREFIX and set(name) <= set("0123456789abcdef")
