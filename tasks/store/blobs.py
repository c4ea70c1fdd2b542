"""Content-addressed files: an object's name is the sha256 of its bytes.

What is written stands in `tmp` until it has its name, unlike `configs.files.replacing`: a name is
known from the bytes only, and a folder of 40,000 files is not looked through for each.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from configs.files import sync
from tasks.store.protocol import Blob, Corrupt, StoreError

CHUNK = 1 << 20  # [bytes]
READ_ONLY = 0o444


class ObjectFolder:
    """Objects below `root/objects`; an object is there whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._temporary = root / "tmp"

    def path(self, blob: Blob) -> Path:
        """Return where an object's bytes are; they are not looked at."""
        return self.root / "objects" / blob.sha256[:2] / blob.sha256

    def add(self, file: Path) -> Blob:
        """Copy a file in and return its blob; a damaged object of that name is replaced.

        Raises:
            StoreError: the file cannot be read, or the disk is full.
        """
        return self.receive(chunks_of(file), f"put {file}")

    def receive(self, chunks: Iterable[bytes], what: str) -> Blob:
        """Keep what comes, under the hash of its bytes; of what breaks off nothing is kept."""
        with temporary_file(self._temporary, what) as temporary:
            blob = write_durably(temporary, chunks)
            if self.intact(blob):
                self.touch(blob)
            else:
                place(temporary, self.path(blob))
        return blob

    def touch(self, blob: Blob) -> None:
        """Make an object young: a commit that is to list it may come, and gc waits for that."""
        with suppress(OSError):  # it may not be here, or not ours
            os.utime(self.path(blob))

    def intact(self, blob: Blob) -> bool:
        """Tell whether the object is there with the bytes that its name promises."""
        path = self.path(blob)
        return path.is_file() and hash_file(path) == blob.sha256

    def link(self, blob: Blob, target: Path, holder: str) -> None:
        """Make `target` a verified, read-only file with the object's bytes.

        A hard link where the file system has them, a copy elsewhere.

        Raises:
            Corrupt: the object is missing or damaged; names `holder` and the object.
        """
        if target.is_file() and hash_file(target) == blob.sha256:
            return
        path = self.path(blob)
        if not self.intact(blob):
            said = "is missing"
            if path.is_file():
                set_aside(self.root, path)
                said = "has changed bytes and is set aside"
            remedy = "run the same command again, it makes what is missing anew"
            raise Corrupt(f"{holder}: object {path.relative_to(self.root)} {said}; {remedy}")
        # Not synced: what is lost of it by a power cut is linked again, and verified, when opened.
        with temporary_file(self._temporary, f"open {holder}") as temporary:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, temporary)
            except OSError:  # no hard links here
                temporary.write_bytes(path.read_bytes())
                temporary.chmod(READ_ONLY)
            os.replace(temporary, target)

    def present(self, blob: Blob) -> bool:
        """Tell whether the object is there in its full size; its bytes are not read."""
        try:
            found = os.stat(f"{self.root}/objects/{blob.sha256[:2]}/{blob.sha256}")
        except FileNotFoundError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == blob.size


def set_aside(root: Path, path: Path) -> None:
    """Move a damaged file of a store to where nothing reads it."""
    aside = root / "damaged" / path.name
    aside.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, aside)


def chunks_of(file: Path) -> Iterator[bytes]:
    """Yield a file's bytes, a piece at a time."""
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_new(folder: Path, path: Path, content: bytes) -> bool:
    """Create `path` with its whole content, by way of `folder`; False when it exists already.

    The link is the compare-and-swap: of several writers of one name exactly one succeeds.
    """
    with temporary_file(folder, f"write {path}") as temporary:
        write_durably(temporary, [content])
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        sync(path.parent)
    return True


def place(temporary: Path, path: Path) -> None:
    """Move a complete file to its name, read-only, and make that last through a power cut."""
    temporary.chmod(READ_ONLY)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, path)
    sync(path.parent)


@contextmanager
def temporary_file(folder: Path, what: str) -> Iterator[Path]:
    """Give a fresh path in `folder` and remove what is left there; turn OSError into one line."""
    path = folder / f"{os.getpid()}-{secrets.token_hex(8)}"  # never part of what is stored
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or error}; the store is as it was") from None
    finally:
        path.unlink(missing_ok=True)


def write_durably(path: Path, chunks: Iterable[bytes]) -> Blob:
    """Write what comes, so that it lasts through a power cut; return its hash and size."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as stream:
        for chunk in chunks:
            digest.update(chunk)
            stream.write(chunk)
            size += len(chunk)
        stream.flush()  # else what Python still holds is not synced
        os.fsync(stream.fileno())
    return Blob(digest.hexdigest(), size)
