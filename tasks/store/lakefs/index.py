"""The index of steps that are done: objects put on a branch of their own and never committed.

What is merely put on a branch can be changed and taken away at once, and seen by everybody.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tasks.store.lakefs.connection import Absent
from tasks.store.lakefs.repository import Repository
from tasks.store.protocol import Corrupt, MissingRef, check_name

INDEX = "_index"  # no branch of the store is written so


class Index:
    """Facts by a step's identity."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def put(self, identity: str, entry: Mapping[str, Any]) -> None:
        content = json.dumps({"entry": entry}).encode()
        self._repository.create_branch(INDEX, self._repository.root)
        digest = hashlib.sha256(content).hexdigest()
        self._repository.upload(INDEX, check_name(identity), content, digest)

    def entry(self, identity: str) -> dict[str, Any]:
        """Return what was put. Raises MissingRef or Corrupt."""
        try:
            content = b"".join(self._repository.read(INDEX, check_name(identity)))
        except Absent:
            raise MissingRef(f"step {identity[:12]}: not done yet") from None
        try:
            return json.loads(content)["entry"]
        except (ValueError, KeyError, TypeError):
            raise Corrupt(
                f"{INDEX}/{identity}: has changed bytes in {self._repository.place}; delete it to "
                "run the step again"
            ) from None

    def drop(self, identity: str) -> None:
        with suppress(Absent):
            self._repository.delete(INDEX, [check_name(identity)])

    def identities(self) -> list[str]:
        try:
            return list(self._repository.objects(INDEX))
        except Absent:
            return []
