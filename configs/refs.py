"""References: what crosses from one step to the next is never data, only where it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ref:
    """An immutable artifact: a commit of a version store and a path in its tree.

    `version` is the commit's content hash, so equal references mean equal bytes.
    """

    store: str  # backend name: local or lakefs
    version: str  # commit id, hexadecimal
    path: str  # prefix inside the commit's tree, "" for all of it
