"""The approver's keys, and errors of an approval in words for the person who keeps the releases.

A robot has other words for them (models/approval.py): it can only refuse.
"""

from pathlib import Path

from configs.files import sync
from models.approval import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Approval,
    ApprovalError,
    key_id,
    list_releases,
    make_keys,
    verify_release,
)


def releases_folder(home: Path) -> Path:
    return home / "releases"


def keys_folder(home: Path) -> Path:
    return home / "keys"


def verified(home: Path, folder: Path) -> Approval:
    """Return a release's approval; errors are worded for the person who keeps the releases."""
    public = channel_key(home)
    try:
        return verify_release(folder, public)
    except ApprovalError as error:
        raise ApprovalError(
            f"{folder}: {error.reason}; restore this folder from a backup, or move it away and, "
            "if it was in force, promote its model again (`dexgen models promote VERSION`)"
        ) from None


def channel_key(home: Path) -> Path:
    """Return the public half of the key that signs the releases; a lost half is made again.

    Raises:
        ApprovalError: the key is gone or is not one.
    """
    private, public = (keys_folder(home) / name for name in (PRIVATE_KEY, PUBLIC_KEY))
    if not public.exists():
        if not private.exists():
            raise ApprovalError(lost_key(home, private))
        make_keys(keys_folder(home))
    try:
        key_id(public)
    except ApprovalError as error:
        raise ApprovalError(f"{error.reason}; restore it from a backup") from None
    return public


def lost_key(home: Path, file: Path) -> str:
    releases = releases_folder(home)
    return (
        f"{file}: is missing, the key that signed {releases}; restore it from a backup, or move "
        f"{releases} away and promote again (`dexgen models promote VERSION`): a new key is made, "
        f"whose {PUBLIC_KEY} robots must then get"
    )


def approver_keys(home: Path) -> tuple[Path, Path]:
    """Return the approver's (private, public) key files, made before the first release.

    Raises:
        ApprovalError: there are releases, but the key that signed them is gone.
    """
    private = keys_folder(home) / PRIVATE_KEY
    if not private.exists() and list_releases(releases_folder(home)):
        raise ApprovalError(lost_key(home, private))
    made = make_keys(keys_folder(home))
    sync(keys_folder(home))  # a release without its key closes the channel
    return made
