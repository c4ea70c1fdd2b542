"""Objects whose stored bytes were found damaged, and the spares that replace them.

lakeFS never overwrites a committed object, so a damaged one stays where it is. A tag notes its
hash; what is made of it counts as lost, is made anew, and whoever puts the same bytes once more
leaves a spare, which is read from then on.

    tag damaged.<sha256>    no good copy is known      tag spare.<sha256>    the spare's commit
"""

from pathlib import Path

from tasks.store.lakefs.repository import Repository
from tasks.store.protocol import Blob

DAMAGED, SPARE = "damaged.", "spare."
FOLDER = ".dexgen/spares"  # in the spare's commit


class Spares:
    """Damage of one repository, as this handle last saw it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._damaged: set[str] | None = None

    def damaged(self) -> set[str]:
        """Ask for the hashes of damaged objects."""
        tags = self._repository.tags(DAMAGED)
        self._damaged = {tag.removeprefix(DAMAGED) for tag in tags}
        return self._damaged

    def place(self, blob: Blob) -> tuple[str, str]:
        """Return where an object's spare is, if there is one: a ref and a path."""
        return SPARE + blob.sha256, f"{FOLDER}/{blob.sha256}"

    def note(self, blob: Blob) -> None:
        """Note that no good copy of an object is known."""
        self._repository.delete_tag(SPARE + blob.sha256)
        self._repository.create_tag(DAMAGED + blob.sha256, self._repository.root)
        self._damaged = None

    def heal(self, blob: Blob, file: Path) -> None:
        """Leave a spare of an object that is damaged."""
        damaged = self.damaged() if self._damaged is None else self._damaged
        if blob.sha256 not in damaged:
            return
        tag, path = self.place(blob)
        with self._repository.work(self._repository.root) as branch:
            self._repository.upload(branch, path, file, blob.sha256)
            made = self._repository.commit(branch, f"spare of {blob.sha256[:12]}", {})
            self._repository.delete_tag(tag)
            self._repository.create_tag(tag, made)
        self._repository.delete_tag(DAMAGED + blob.sha256)
        damaged.discard(blob.sha256)
