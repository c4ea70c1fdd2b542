"""Opened versions: `checkouts/<version>/<path>`, each file verified and read-only."""

from collections.abc import Callable, Mapping
from pathlib import Path

from configs.refs import Ref
from tasks.store.protocol import Blob, MissingRef, StoreError


def check_out(
    root: Path, ref: Ref, tree: Mapping[str, Blob], place: Callable[[str, Blob, Path], None]
) -> Path:
    """Return the folder (or file) below `root` that holds what a reference names.

    `place` makes one file of the version, given its path in the tree, its blob and where it goes.

    Raises:
        MissingRef: the version has nothing there. StoreError: somebody put a file in between.
    """
    folder = root / "checkouts" / ref.version
    if ref.path in tree:  # one file: the others, of which there may be 40,000, do not matter
        place(ref.path, tree[ref.path], folder / ref.path)
        return folder / ref.path
    chosen = {path: blob for path, blob in tree.items() if below(path, ref.path)}
    if not chosen:
        raise MissingRef(f"{ref.version[:12]}: nothing at {ref.path!r} in this version")
    for path, blob in chosen.items():
        place(path, blob, folder / path)
    for file in (folder / ref.path).rglob("*"):
        if file.is_file() and file.relative_to(folder).as_posix() not in chosen:
            raise StoreError(f"{file}: not part of version {ref.version[:12]}; delete it")
    return folder / ref.path


def below(path: str, prefix: str) -> bool:
    """Tell whether a tree path is what a reference's path names, or lies in that folder."""
    return prefix == "" or path == prefix or path.startswith(f"{prefix}/")
