"""The whole loop with its versions on a lakeFS server, and a second machine that shares it."""

import lakefs
import pytest
from lakefs.client import Client

from tests.lakefs_server.server import KEY, SECRET

pytestmark = pytest.mark.slow


def test_what_one_machine_made_another_reuses_and_promotes(dexgen, server, tmp_path):
    client = Client(host=server.endpoint, username=KEY, password=SECRET)
    lakefs.Repository("shared", client).create("local://tests/shared", default_branch="root")
    store = ("store=lakefs", f"store.endpoint={server.endpoint}", "store.repository=shared")
    first = dexgen("run", "profile=smoke", *store, home=tmp_path / "first")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    second = dexgen("run", "profile=smoke", *store, home=tmp_path / "second")
    assert second.returncode == 0, second.stdout[-2000:] + second.stderr[-2000:]
    made = [line.split()[1] for line in second.stdout.splitlines() if line.startswith("made")]
    assert made == ["promote"]  # the registry is each machine's own; all else came from the server
    assert not list((tmp_path / "second" / "lakefs").rglob("shards"))  # nobody there reads rows
    curves = [
        (tmp_path / machine / "reports/latest/index.html").read_text().count("<figcaption>")
        for machine in ("first", "second")
    ]
    assert curves[0] == curves[1] > 0
