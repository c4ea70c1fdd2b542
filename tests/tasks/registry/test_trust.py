"""What is wrong with releases or keys is said with the file and a remedy, and that remedy works."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.approval import APPROVAL, PRIVATE_KEY, PUBLIC_KEY, SIGNATURE, ApprovalError
from tasks.registry.channel import is_released, keys_folder, read_channel, releases_folder
from tasks.registry.listing import list_models, show
from tasks.registry.promote import promote, promote_version
from tasks.registry.rollback import rollback
from tests.tasks.registry.workshop import Workshop


def said(used: Workshop) -> str:
    """Return the one line that every command that needs the channel ends with."""
    home = used.home
    inputs = used.inputs(3.0, 9.0)
    commands: list[Callable[[], Any]] = [
        lambda: list_models(home),
        lambda: show(home, 1),
        lambda: promote_version(home, 1, "somebody"),
        lambda: rollback(home, "somebody"),
        lambda: promote(used.step(), inputs, used.context("promote-3")),
    ]
    lines = set()
    for command in commands:
        with pytest.raises(ApprovalError) as caught:
            command()
        lines.add(str(caught.value))
    (line,) = lines
    assert "\n" not in line
    return line


@pytest.mark.parametrize("number", ["000001", "000002"])
def test_a_wrong_signature_names_its_release(used: Workshop, tmp_path: Path, number: str) -> None:
    folder = releases_folder(used.home) / number
    (folder / SIGNATURE).write_bytes(os.urandom(64))
    line = said(used)
    assert line.startswith(f"{folder}: the signature does not match the trusted key ")
    assert "restore this folder from a backup, or move it away" in line
    assert "refuse" not in line
    shutil.move(folder, tmp_path / "away")
    if number == "000002":  # it was in force
        assert promote_version(used.home, 2, "somebody")["sequence"] == 3
    champion = show(used.home, "champion")
    assert (champion["version"], champion["releases"]) == (2, [{"000001": 2, "000002": 3}[number]])


def test_every_harm_of_a_release_names_it(used: Workshop) -> None:
    folder = releases_folder(used.home) / "000001"
    whole = (folder / APPROVAL).read_bytes()
    (folder / APPROVAL).write_bytes(whole.replace(b"pipeline", b"pipelino"))
    assert said(used).startswith(f"{folder}: the signature does not match")
    (folder / APPROVAL).unlink()
    assert said(used).startswith(f"{folder}: No such file or directory: {APPROVAL}; restore")
    (folder / APPROVAL).write_bytes(whole)
    folder.rename(folder.with_name("000007"))
    line = said(used)
    assert line.startswith(f"{folder.with_name('000007')}: holds the approval of release 1; ")
    assert line.count("000007") == 1


def test_a_lost_key_names_it_and_a_new_channel_can_begin(used: Workshop, tmp_path: Path) -> None:
    decision = promote_version(used.home, 2, "somebody")
    assert is_released(used.home, decision)
    keys, releases = keys_folder(used.home), releases_folder(used.home)
    shutil.move(keys, tmp_path / "keys")
    line = said(used)
    assert line.startswith(f"{keys / PRIVATE_KEY}: is missing, ")
    assert f"restore it from a backup, or move {releases} away and promote again" in line
    assert "robot needs" not in line
    assert not keys.exists()  # nothing was made in silence
    assert not is_released(used.home, decision)
    shutil.copytree(tmp_path / "keys", keys)  # the one remedy
    assert is_released(used.home, decision)
    shutil.rmtree(keys)  # the other
    shutil.move(releases, tmp_path / "releases")
    assert promote_version(used.home, 2, "somebody")["sequence"] == 1
    assert len(read_channel(used.home)) == 1


def test_half_a_key(used: Workshop) -> None:
    before = read_channel(used.home)
    private, public = (keys_folder(used.home) / name for name in (PRIVATE_KEY, PUBLIC_KEY))
    content = public.read_bytes()
    public.unlink()
    assert read_channel(used.home) == before  # the public half is made again
    assert public.read_bytes() == content
    private.unlink()
    assert read_channel(used.home) == before  # to read needs no private key
    with pytest.raises(ApprovalError, match=f"^{private}: is missing, .*move {used.home}/releases"):
        rollback(used.home, "somebody")
    public.write_bytes(b"no key")
    line = said(used)
    assert line == f"{public}: is not a public key in PEM form; restore it from a backup"
