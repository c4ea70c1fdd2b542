"""Get the approved model: everything is verified before anything is loaded.

The robot trusts one public key. A release counts only with its signature; its bundle only with
the approved hash; and a sequence number lower than the installed one is never taken, because a
copy of an old release would undo a withdrawal. A rollback is a new, signed, higher release.
The last good release stays in the cache, for when the registry is away.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from configs.errors import UserError
from configs.files import replacing, sweep
from configs.layout import Layout
from configs.schema.robot import Pull
from models.approval import (
    APPROVAL,
    BUNDLE,
    SIGNATURE,
    Approval,
    ApprovalError,
    list_releases,
    release_name,
    verify_release,
)
from models.bundle import Bundle, BundleError, open_bundle


@dataclass(frozen=True)
class Installed:
    """A verified release on this machine."""

    approval: Approval
    bundle: Bundle
    source: str  # where it was found, for a person to read


def pull(config: Pull, layout: Layout) -> Installed:
    """Install the release in force, or fall back on the cache if the channel is away.

    Raises:
        UserError: no release anywhere, or the channel goes back without a signed rollback.
        ApprovalError: the release in force is not signed by the trusted key.
        BundleError: its bundle is not the approved one, is damaged, or is of another layout.
    """
    key, cache = Path(config.public_key), Path(config.cache)
    for folder in cache.glob(".*.*"):  # what installations that were killed left
        sweep(cache / folder.name[1:].partition(".")[0])
    releases = _releases(Path(config.releases))
    kept = _kept(cache, key)
    if not releases:
        if kept is None:
            raise UserError(
                f"{config.releases}: no release, and none is kept in {cache}; run the pipeline "
                "(`dexgen run`) until a model is promoted, or promote one that was registered "
                "(`dexgen models promote VERSION`)"
            )
        folder = cache / release_name(kept.sequence)
        return _opened(folder, kept, layout, "cache, the channel is away")
    sequence = max(releases)
    approval = verify_release(releases[sequence], key)
    if kept is not None:
        _require_progress(kept, approval, config.releases)
        if kept == approval:
            installed = _unharmed(cache / release_name(sequence), approval, layout)
            if installed is not None:
                return installed
    return _install(releases[sequence], cache, approval, layout, key)


def _releases(folder: Path) -> dict[int, Path]:
    """Return the channel's releases by number; none if it cannot be reached."""
    try:
        return list_releases(folder)
    except OSError:
        return {}


def _kept(cache: Path, key: Path) -> Approval | None:
    """Return the highest release in the cache that the trusted key signed."""
    for _, folder in sorted(_releases(cache).items(), reverse=True):
        try:
            return verify_release(folder, key)
        except ApprovalError:
            continue  # another key's or damaged: it is replaced by the next installation
    return None


def _require_progress(kept: Approval, found: Approval, channel: str) -> None:
    """Refuse a channel that is behind what was installed, or that rewrote it."""
    if found.sequence < kept.sequence:
        raise UserError(
            f"{channel}: offers release {found.sequence}, installed is {kept.sequence}; a lower "
            "one is refused: roll back with a new signed release (`dexgen models rollback`)"
        )
    if found.sequence == kept.sequence and found != kept:
        raise UserError(
            f"{channel}: release {found.sequence} is not the one that was installed under this "
            "number; publish a new release"
        )


def _unharmed(folder: Path, approval: Approval, layout: Layout) -> Installed | None:
    """Return the cached release, or None if it must be copied again."""
    try:
        open_bundle(folder / BUNDLE, None, approval.bundle_hash)
    except BundleError:
        return None
    return _opened(folder, approval, layout, "channel, already installed")


def _opened(folder: Path, approval: Approval, layout: Layout, source: str) -> Installed:
    bundle = open_bundle(folder / BUNDLE, layout, approval.bundle_hash)
    if approval.layout != bundle.manifest.fingerprint:
        raise BundleError(
            f"{folder}: approved for layout {approval.layout[:12]}, its bundle is of "
            f"{bundle.manifest.fingerprint[:12]}; approve it again"
        )
    return Installed(approval, bundle, source)


def _install(
    release: Path, cache: Path, approval: Approval, layout: Layout, key: Path
) -> Installed:
    """Copy a release into the cache, verify the copy, and only then replace what was there."""
    _opened(release, approval, layout, "")  # what is wrong with it is said of the channel's files
    final = cache / release_name(approval.sequence)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with replacing(final) as temporary:
            temporary.mkdir()
            shutil.copytree(release / BUNDLE, temporary / BUNDLE, symlinks=True)
            for name in (APPROVAL, SIGNATURE):
                shutil.copyfile(release / name, temporary / name)
            _opened(temporary, approval, layout, "")
            shutil.rmtree(final, ignore_errors=True)
    except BundleError:
        raise UserError(f"{release}: changed while it was copied to {cache}; pull again") from None
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise UserError(f"{' '.join(reason.split())}; cannot install {release}") from None
    if verify_release(final, key) != approval:
        raise UserError(f"{final}: the release changed while it was copied; pull again")
    for sequence, folder in _releases(cache).items():
        if sequence != approval.sequence:
            shutil.rmtree(folder)
    return _opened(final, approval, layout, "channel")
