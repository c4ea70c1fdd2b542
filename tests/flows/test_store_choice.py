"""`store=lakefs` reaches every process, and changes no result."""

import sys

import pytest

from configs.load import load
from configs.schema.pipeline import Config
from flows.plan import plan
from flows.runtime import execute
from tasks.store import open_store
from tasks.store.choice import choose
from tasks.store.local import LocalStore
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.store.places import repository


def test_a_step_keeps_its_identity_and_version_whatever_the_store(server, tmp_path):
    node = plan(load(Config, ["profile=smoke"]), "objects")[0]
    local = execute(node, {}, tmp_path / "local", threads=1)
    with repository(tmp_path / "home", server, presign=False) as place:
        made = execute(node, {}, place.home, threads=1)
        again = execute(node, {}, tmp_path / "another machine", threads=1)
        assert place.open().resolve(f"steps/{made.identity}") == made.ref.version
        opened = place.elsewhere().open(made.ref)
    assert not (place.home / "store").exists()
    assert (made.ref.store, made.reused, again.reused) == ("lakefs", False, True)
    assert (made.identity, made.ref.version) == (local.identity, local.ref.version)
    expected = LocalStore(tmp_path / "local" / "store").open(local.ref)
    for path in expected.iterdir():
        assert (opened / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("command", [["status"], ["run"], ["run", "--dry-run"]])
def test_store_that_does_not_answer_is_one_line(server: LakeFSServer, inside, tmp_path, command):
    where = ["store=lakefs", "store.endpoint=http://127.0.0.1:9", "store.attempts=1"]
    result = inside(*command, *where, home=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "http://127.0.0.1:9" in result.stderr


def test_status_reads_the_chosen_store(server: LakeFSServer, inside, tmp_path):
    with repository(tmp_path, server, presign=False) as place:
        result = inside("status", *place.words, home=tmp_path)
    assert result.returncode == 0
    assert "0 results in the store's index" in result.stdout


def test_missing_extra_is_one_line(server: LakeFSServer, tmp_path, monkeypatch):
    for module in ("lakefs", "lakefs.client"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    for module in [name for name in sys.modules if name.startswith("tasks.store.lakefs")]:
        monkeypatch.delitem(sys.modules, module)
    choose(load(Config, ["store=lakefs"]).store)
    with pytest.raises(ValueError, match=r"pip install 'dexteritygen\[lakefs\]'"):
        open_store(tmp_path)
