"""Nothing that is not signed, whole, newest and of this layout is ever opened for use."""

import os
import shutil
import subprocess
import sys

import pytest

from configs.errors import UserError
from models.approval import ApprovalError
from models.bundle import BundleError
from robot.pull import pull


def installed(channel, *overrides):
    config = channel.config(*overrides)
    return pull(config.robot.pull, config.embodiment.make_layout())


def test_installs_the_highest_release_and_keeps_it(channel):
    channel.publish(1)
    channel.publish(2)
    result = installed(channel)
    assert (result.approval.sequence, result.source) == (2, "channel")
    assert result.bundle.hash == channel.bundle.hash
    cache = channel.home / "robot" / "cache"
    assert result.bundle.folder == cache / "000002" / "bundle"
    assert [path.name for path in cache.iterdir()] == ["000002"]
    assert installed(channel).source == "channel, already installed"


def test_the_cache_serves_while_the_registry_is_away(channel):
    channel.publish(3)
    installed(channel)
    (channel.home / "releases").rename(channel.home / "elsewhere")
    result = installed(channel)
    assert result.approval.sequence == 3
    assert "cache" in result.source


def test_a_damaged_cache_is_fetched_again_or_refused(channel):
    channel.publish(1)
    graph = installed(channel).bundle.folder / "controller.onnx"
    graph.write_bytes(b"x" + graph.read_bytes()[1:])
    assert installed(channel).source == "channel"  # healed
    graph.write_bytes(b"x" + graph.read_bytes()[1:])
    shutil.rmtree(channel.home / "releases")
    with pytest.raises(BundleError, match=r"controller\.onnx"):
        installed(channel)


def test_no_release_anywhere_says_what_to_do(channel):
    with pytest.raises(UserError, match=r"dexgen run.*dexgen models promote VERSION"):
        installed(channel)


def test_a_lower_sequence_is_refused_and_a_signed_rollback_taken(channel):
    channel.publish(1)
    second = channel.publish(2)
    installed(channel)
    shutil.rmtree(second)
    with pytest.raises(UserError, match="offers release 1, installed is 2"):
        installed(channel)
    channel.publish(3, rollback=True)
    result = installed(channel)
    assert (result.approval.sequence, result.approval.rollback) == (3, True)


def test_a_rewritten_release_is_refused(channel):
    first = channel.publish(1)
    installed(channel)
    shutil.rmtree(first)
    channel.publish(1, approver="somebody else")
    with pytest.raises(UserError, match="release 1 is not the one that was installed"):
        installed(channel)


def test_another_key_is_refused_even_with_a_good_cache(channel):
    channel.publish(1)
    installed(channel)
    channel.publish(2, keys="foreign")
    with pytest.raises(ApprovalError, match="signed by another key"):
        installed(channel)


@pytest.mark.parametrize("name", ["approval.json", "approval.sig"])
def test_one_changed_byte_of_the_approval_is_refused(channel, name):
    path = channel.publish(1) / name
    content = path.read_bytes()
    path.write_bytes(content[:5] + bytes([content[5] ^ 1]) + content[6:])
    with pytest.raises(ApprovalError, match="signature"):
        installed(channel)


def test_a_changed_bundle_is_refused_before_it_is_kept(channel):
    path = channel.publish(1) / "bundle" / "controller.onnx"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(BundleError, match=rf"^{path}: "):  # the channel's file, not a copy
        installed(channel)
    assert not list((channel.home / "robot").glob("cache/*"))


def test_a_release_that_cannot_be_copied_is_one_line(channel):
    folder = channel.publish(1)
    (channel.home / "robot").write_text("where the cache's folder should be")
    with pytest.raises(UserError, match=f"Not a directory; cannot install {folder}") as error:
        installed(channel)
    assert "\n" not in str(error.value)


def test_what_a_killed_installation_left_is_removed(channel):
    channel.publish(1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    cache = channel.home / "robot" / "cache"
    left, other = cache / f".000001.{ended.pid}", cache / f".000001.{os.getppid()}"
    for folder in (left, other):
        (folder / "bundle").mkdir(parents=True)
    installed(channel)
    assert not left.exists()
    assert other.exists()  # its process runs: it may be installing right now


def test_another_bundle_or_layout_than_approved_is_refused(channel):
    folder = channel.publish(1, bundle_hash="1" * 64)
    with pytest.raises(BundleError, match="expected 111111111111"):
        installed(channel)
    shutil.rmtree(folder)
    channel.publish(2, layout="1" * 64)
    with pytest.raises(BundleError, match="approved for layout 111111111111"):
        installed(channel)
