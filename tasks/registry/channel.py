"""The release channel: numbered folders of signed approvals, the only truth about what runs.

MLflow's aliases follow it and never lead: an alias can be set by anybody who can write to the
database, a release only by the approver's key.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from configs.load import validate
from models.approval import (
    APPROVAL,
    BUNDLE,
    PRIVATE_KEY,
    PUBLIC_KEY,
    SIGNATURE,
    Approval,
    ApprovalError,
    encode,
    key_id,
    list_releases,
    make_keys,
    release_name,
    sign,
    verify,
    verify_release,
)
from models.bundle import open_bundle

UNFINISHED = ".unfinished-"  # prefix of folders that are not releases yet


class SequenceTaken(ValueError):
    """Another promotion took this sequence number first; decide again and take the next."""


@dataclass(frozen=True)
class Draft:
    """What an approval says, before it has a number, a time and a signature."""

    bundle_hash: str
    report_hash: str
    dataset: str
    approver: str
    layout: str
    rollback: bool


def releases_folder(home: Path) -> Path:
    return home / "releases"


def keys_folder(home: Path) -> Path:
    return home / "keys"


def read_channel(home: Path) -> list[Approval]:
    """Return every release's approval, by rising sequence number, each one verified.

    Raises:
        ApprovalError: a release is not signed by this registry's key.
    """
    folders = list_releases(releases_folder(home)).values()
    public = keys_folder(home) / PUBLIC_KEY
    return [verify_release(folder, public) for folder in folders]


def standing(channel: Sequence[Approval]) -> list[Approval]:
    """Return the releases that still stand: the last is in force, those before it are ways back.

    A promotion adds one; a rollback takes off what stood above the bundle that it returns to,
    so two rollbacks in a row go back two bundles instead of to and fro.
    """
    stack: list[Approval] = []
    for approval in channel:
        kept = [i for i, one in enumerate(stack) if one.bundle_hash == approval.bundle_hash]
        if approval.rollback and kept:
            del stack[kept[-1] + 1 :]
            stack[-1] = approval
        else:
            stack.append(approval)
    return stack


def publish_release(home: Path, draft: Draft, bundle: Path, sequence: int) -> Approval:
    """Sign a draft and publish it with a copy of its bundle as one release, all or nothing.

    The bundle is verified before anything is signed and again in its copy.

    Raises:
        SequenceTaken: the number is not free any more.
        BundleError: the bundle is damaged or is not the one that the draft names.
        ConfigError: a value that no approval may have, such as an approver without a name.
    """
    open_bundle(bundle, None, expected=draft.bundle_hash)
    private, public = approver_keys(home)
    values = asdict(draft) | {
        "format": "approval-1",
        "verdict": "passed",
        "time_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sequence": sequence,
        "key": key_id(public),
    }
    approval = validate(Approval, values, "approval")
    with unfinished(releases_folder(home)) as folder:
        copy_durably(bundle, folder / BUNDLE)
        open_bundle(folder / BUNDLE, None, expected=draft.bundle_hash)
        content, signature = encode(approval), sign(approval, private)
        verify(content, signature, public)
        write_durably(folder / APPROVAL, content)
        write_durably(folder / SIGNATURE, signature)
        try:
            # The compare-and-swap: a folder cannot be renamed onto one that is not empty.
            folder.rename(releases_folder(home) / release_name(sequence))
        except OSError:
            if sequence not in list_releases(releases_folder(home)):
                raise
            raise SequenceTaken(
                f"release {sequence} was published by another promotion; run this one again"
            ) from None
    sync_folder(releases_folder(home))
    return approval


def approver_keys(home: Path) -> tuple[Path, Path]:
    """Return the approver's (private, public) key files, made before the first release.

    Raises:
        ApprovalError: there are releases, but the key that signed them is gone.
    """
    private = keys_folder(home) / PRIVATE_KEY
    if not private.exists() and list_releases(releases_folder(home)):
        raise ApprovalError(
            f"{private}: the key that signed the releases is gone; restore it, or move "
            f"{releases_folder(home)} away to begin a new channel"
        )
    return make_keys(keys_folder(home))


@contextmanager
def unfinished(releases: Path) -> Iterator[Path]:
    """Give a folder that a reader of the channel does not see; what a kill left goes first."""
    releases.mkdir(parents=True, exist_ok=True)
    for leftover in releases.glob(f"{UNFINISHED}*"):
        if not alive(int(leftover.name.removeprefix(UNFINISHED))):
            shutil.rmtree(leftover, ignore_errors=True)
    folder = releases / f"{UNFINISHED}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # after success there is nothing at this name


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def copy_durably(source: Path, target: Path) -> None:
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        with copy.open("rb") as stream:
            os.fsync(stream.fileno())


def write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
