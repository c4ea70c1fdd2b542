"""The smoke loop, run once for the whole session; everything else reads what it left."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli import main
from tests.lakefs_server.fixtures import choice, running_server, server  # noqa: F401

Dexgen = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def dexgen() -> Dexgen:
    """Return a function that runs the command line as a person would."""

    def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            env=os.environ | {"DEXGEN_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dexgen:
    """Return a function that runs the command line in this process.

    To start Python and import everything takes longer than most commands do.
    """

    def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("DEXGEN_HOME", str(home))
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        said = capsys.readouterr()
        code = int(caught.value.code or 0)
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def smoke_home(dexgen: Dexgen, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home in which the whole smoke loop has run (DEXGEN_TEST_HOME keeps it)."""
    kept = os.environ.get("DEXGEN_TEST_HOME")
    home = Path(kept) if kept else tmp_path_factory.mktemp("home")
    result = dexgen("run", "profile=smoke", home=home)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return home
