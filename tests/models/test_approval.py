"""Approvals: only what the trusted key signed, unchanged, is believed."""

import json
import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from models.approval import (
    APPROVAL,
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


def approval(public: Path, sequence: int = 1) -> Approval:
    return Approval(
        format="approval-2",
        bundle_hash="a" * 64,
        report_hash="b" * 64,
        decision_hash="e" * 64,
        verdict="passed",
        dataset="dataset",
        approver="somebody",
        time_utc="2026-01-02T03:04:05Z",
        sequence=sequence,
        rollback=False,
        layout="c" * 64,
        key=key_id(public),
    )


def test_a_signed_approval_comes_back_as_it_was(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path / "keys")
    made = approval(public)
    assert verify(encode(made), sign(made, private), public) == made


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path / "keys")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    before = private.read_bytes(), public.read_bytes()
    public.unlink()  # the public half is derived again
    assert make_keys(tmp_path / "keys") == (private, public)
    assert (private.read_bytes(), public.read_bytes()) == before
    assert b"PRIVATE" not in public.read_bytes()


def test_processes_that_come_first_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = "import sys, pathlib; from models.approval import make_keys, key_id; "
    code += "print(key_id(make_keys(pathlib.Path(sys.argv[1]))[1]))"

    def start(_: int) -> str:
        command = [sys.executable, "-c", code, str(tmp_path / "keys")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    assert sorted(os.listdir(tmp_path / "keys")) == ["approver.key", "approver.pub"]


def test_a_private_key_that_a_kill_left_goes_and_a_living_process_keeps_its(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = [
        f".approver.key.{dead.pid}",
        f".approver.pub.{dead.pid}",
        f".approver.key.{os.getppid()}",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"PRIVATE")
    make_keys(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [names[2], "approver.key", "approver.pub"]
    (tmp_path / names[0]).write_bytes(b"PRIVATE")
    make_keys(tmp_path)  # also when there is nothing to make
    assert not (tmp_path / names[0]).exists()


def test_any_changed_byte_is_refused(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    made = approval(public)
    content, signature = encode(made), sign(made, private)
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ApprovalError):
            verify(bytes(changed), signature, public)
    with pytest.raises(ApprovalError):
        verify(content, signature[:-1] + bytes([signature[-1] ^ 1]), public)
    with pytest.raises(ApprovalError):
        verify(content, b"", public)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "refused"},
        {"format": "approval-1"},
        {"sequence": 0},
        {"bundle_hash": "short"},
        {"extra": 1},
        {"time_utc": "yesterday"},
    ],
)
def test_a_wrong_content_is_refused_even_if_signed(tmp_path: Path, change: dict) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private, public = make_keys(tmp_path)
    content = json.dumps(json.loads(encode(approval(public))) | change).encode()
    signature = load_pem_private_key(private.read_bytes(), None).sign(content)  # type: ignore
    with pytest.raises(ApprovalError, match="signed, but"):
        verify(content, signature, public)


def test_a_key_that_others_can_read_does_not_sign(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    private.chmod(0o644)
    with pytest.raises(ApprovalError, match="chmod 600"):
        sign(approval(public), private)


def test_an_approval_that_names_another_key_is_not_signed(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    with pytest.raises(ApprovalError, match="is not the key"):
        sign(replace(approval(public), key="d" * 64), private)


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PUBLIC KEY-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.pub").write_bytes(content)
    with pytest.raises(ApprovalError, match=r"some\.pub"):
        key_id(tmp_path / "some.pub")


def test_releases_are_listed_by_number_and_unfinished_ones_are_not(tmp_path: Path) -> None:
    for name in (release_name(10), release_name(9), ".unfinished-3", "notes"):
        (tmp_path / name).mkdir()
    assert list(list_releases(tmp_path)) == [9, 10]
    assert list_releases(tmp_path / "absent") == {}


def test_a_release_under_another_number_is_refused(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path / "keys")
    made = approval(public, sequence=3)
    folder = tmp_path / release_name(3)
    folder.mkdir()
    (folder / APPROVAL).write_bytes(encode(made))
    with pytest.raises(ApprovalError, match=SIGNATURE):
        verify_release(folder, public)
    (folder / SIGNATURE).write_bytes(sign(made, private))
    assert verify_release(folder, public) == made
    copy = tmp_path / release_name(4)
    shutil.copytree(folder, copy)
    with pytest.raises(ApprovalError, match="renamed"):
        verify_release(copy, public)


def test_openssl_agrees(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    private, public = make_keys(tmp_path)
    made = approval(public)
    (tmp_path / APPROVAL).write_bytes(encode(made))
    (tmp_path / SIGNATURE).write_bytes(sign(made, private))
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public)]
    command += ["-in", str(tmp_path / APPROVAL), "-sigfile", str(tmp_path / SIGNATURE)]
    assert subprocess.run(command, capture_output=True).returncode == 0
