"""Signed approvals: what a robot trusts before it loads a model.

An approval is a small canonical JSON file with an Ed25519 signature beside it (raw 64 bytes over
exactly that file, so `openssl pkeyutl -verify -rawin` can check it too). A release is a folder

    releases/<sequence>/{approval.json, approval.sig, decision.json, bundle/}

and the release with the highest sequence number is the one in force, rollbacks included.
"""

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from pydantic import Field

from configs.errors import UserError
from configs.files import beside, sweep, sync, write
from configs.load import ConfigError, plain, validate
from configs.schema.strict import strict

FORMAT = "approval-2"
APPROVAL, SIGNATURE, BUNDLE = "approval.json", "approval.sig", "bundle"  # names in a release
PRIVATE_KEY, PUBLIC_KEY = "approver.key", "approver.pub"  # names in the folder of keys

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # sha256


class ApprovalError(UserError):
    """An approval, a signature or a key that must not be trusted; one line with the reason.

    The message is for the robot's side. `reason` is what was found, without whom it concerns and
    what to do: who publishes releases names the folder and has another remedy.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


@strict
class Approval:
    """What was approved, by whom, on which evidence, and its place in the order of releases."""

    format: Literal["approval-2"]
    bundle_hash: Digest  # of the bundle's manifest, which holds every file's sha256
    report_hash: Digest  # of the evaluation that the verdict was taken from
    decision_hash: Digest  # of decision.json: every gate with threshold, figure and outcome
    verdict: Literal["passed"]  # nothing else is ever signed
    dataset: Annotated[str, Field(min_length=1)]  # version of the training data
    approver: Annotated[str, Field(min_length=1)]  # who, or which step
    time_utc: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    sequence: Annotated[int, Field(ge=1)]  # strictly increasing; a lower one is never installed
    rollback: bool  # this approval goes back to an earlier bundle on purpose
    layout: Digest  # fingerprint of the bundle's layout
    key: Digest  # sha256 of the signer's raw public key


def encode(approval: Approval) -> bytes:
    """Return the canonical JSON bytes of an approval: the bytes that are signed."""
    text = json.dumps(plain(approval), sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def sign(approval: Approval, private_key: Path) -> bytes:
    """Return the 64-byte Ed25519 signature over `encode(approval)`.

    Raises:
        ApprovalError: the key is missing, no Ed25519 key, readable by others, or another key
            than the one that the approval names.
    """
    key = _read_private(private_key)
    if approval.key != _identity(key.public_key()):
        raise ApprovalError(
            f"{private_key}: is not the key {approval.key[:12]} that the approval names; "
            f"sign with that key or name this one"
        )
    return key.sign(encode(approval))


def verify(content: bytes, signature: bytes, public_key: Path) -> Approval:
    """Return the approval in `content` if the trusted `public_key` (PEM file) signed it.

    The signature is checked before a byte of the content is interpreted.

    Raises:
        ApprovalError: signed by another key, changed afterwards, or of another format.
    """
    key = _read_public(public_key)
    try:
        key.verify(signature, content)
    except InvalidSignature:
        reason = (
            f"the signature does not match the trusted key {_identity(key)[:12]} "
            f"({public_key}): signed by another key or changed since"
        )
        raise _refusal("approval", reason, "refuse it") from None
    try:
        values = json.loads(content)
        if isinstance(values, dict) and values.get("format") != FORMAT:
            reason = f"signed, but of format {values.get('format')!r}, expected {FORMAT!r}"
            raise _refusal("approval", reason, "move the release away and promote its model again")
        approval = validate(Approval, values, "approval")
    except (ConfigError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _refusal("approval", f"signed, but not readable: {error}") from None
    if encode(approval) != content:
        raise _refusal("approval", "signed, but not in canonical form", "sign it again")
    if approval.key != _identity(key):
        named = f"names key {approval.key[:12]}, trusted is {_identity(key)[:12]}"
        raise _refusal("approval", named, "refuse it")
    return approval


def verify_release(folder: Path, public_key: Path) -> Approval:
    """Return the verified approval of a release folder; its bundle is not opened.

    Raises:
        ApprovalError: a file is missing, the signature is not by the trusted key, or the
            folder's number is not the signed sequence number.
    """
    try:
        content = (folder / APPROVAL).read_bytes()
        signature = (folder / SIGNATURE).read_bytes()
    except OSError as error:
        raise _refusal(folder, f"{error.strerror}: {Path(str(error.filename)).name}") from None
    approval = verify(content, signature, public_key)
    if folder.name != release_name(approval.sequence):
        held = f"holds the approval of release {approval.sequence}; the folder was renamed"
        raise _refusal(folder, held)
    return approval


def release_name(sequence: int) -> str:
    """Return the folder name of a release; names sort as their numbers."""
    return f"{sequence:06d}"


def list_releases(folder: Path) -> dict[int, Path]:
    """Return the release folders by sequence number, rising; unfinished ones are not listed."""
    if not folder.is_dir():
        return {}
    found = {int(path.name): path for path in folder.iterdir() if path.name.isdecimal()}
    return dict(sorted(found.items()))


def make_keys(folder: Path) -> tuple[Path, Path]:
    """Return (private key, public key) files of `folder`, made on first use.

    The folder gets mode 0700 and the private key 0600; of two processes that come first at
    once, one key wins and both use it. What killed processes left of theirs is removed.
    """
    private, public = folder / PRIVATE_KEY, folder / PUBLIC_KEY
    sweep(private)
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _create(private, pem)
    key = _read_private(private).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if not public.exists() or public.read_bytes() != pem:
        write(public, pem).chmod(0o644)
    return private, public


def key_id(public_key: Path) -> str:
    """Return the sha256 of the raw public key in a PEM file."""
    return _identity(_read_public(public_key))


def _refusal(holder: str | Path, reason: str, *remedy: str) -> ApprovalError:
    return ApprovalError("; ".join([f"{holder}: {reason}", *remedy]), reason)


def _identity(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _read_public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ApprovalError(
            f"{path}: {error.strerror}: a robot needs the approver's public key"
        ) from None
    except ValueError:
        raise ApprovalError(f"{path}: is not a public key in PEM form") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ApprovalError(f"{path}: is not an Ed25519 public key")
    return key


def _read_private(path: Path) -> Ed25519PrivateKey:
    try:
        mode, content = stat.S_IMODE(path.stat().st_mode), path.read_bytes()
    except OSError as error:
        raise ApprovalError(f"{path}: {error.strerror}: the approver's private key") from None
    if mode & 0o077:
        raise ApprovalError(f"{path}: mode {mode:04o} lets others read the key; chmod 600 it")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (TypeError, ValueError):
        raise ApprovalError(f"{path}: is not an unencrypted private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ApprovalError(f"{path}: is not an Ed25519 private key")
    return key


def _create(path: Path, content: bytes) -> None:
    """Write a private key in one step; one that is there already stays: it counts."""
    temporary = beside(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        sync(temporary)
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
