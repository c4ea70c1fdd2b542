"""`dexgen grasps` of named objects: a gallery each, and objects that nobody can hold."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CUBE = "+objects.items.cube={name:cube,shape:{kind:box,half:[0.15,0.15,0.15]},held_out:false}"
SMALL = [
    "profile=smoke",
    "grasps.count=12",
    "grasps.min_component=2",
    "grasps.sampling.kinds=[finger_first]",
    "grasps.sampling.barren_batches=2",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def result(dexgen, home):
    return dexgen("grasps", "sphere", "cube", CUBE, *SMALL, home=home)


def test_a_run_goes_on_without_an_object_that_nobody_holds_and_says_so(result, home):
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("left out")]
    assert "grasps/cube" in line
    assert "rejected all" in line
    assert "30.0 cm" in line
    assert "made   grasps/sphere" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("report ")]
    report = Path(line.split()[1])
    summary = json.loads(report.with_name("summary.json").read_text())
    assert list(summary["left_out"]) == ["grasps/cube"]
    assert "Left out: grasps/cube" in report.read_text()
    assert 'href="grasps/sphere/index.html"' in report.read_text()
    assert not (home / "reports" / "latest").exists()  # that is the last whole run's


def test_each_object_has_a_gallery(result, home):
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("gallery")]
    page = Path(line.split()[1]).read_text()
    assert "grasps of sphere" in page
    assert "Yield" in page
    # nothing is loaded from elsewhere: names of SVG's namespaces are no addresses
    assert not re.search(r"url\((?!#)|@import|http(?!://www\.w3\.org/)", page)
    stills = page.count('<figure class="still">')
    assert stills in (0, 12)  # none where nothing can be rendered
    if not stills:
        assert "cannot render" in page


def test_nothing_but_such_an_object_is_an_error(dexgen, home, result):
    alone = dexgen("grasps", "cube", CUBE, *SMALL, home=home)
    assert alone.returncode == 2
    assert "rejected all" in alone.stderr
    assert len(alone.stderr.strip().splitlines()) == 1


def test_viewing_what_was_not_made_names_the_command(inside, home):
    missing = inside("view", "grasps", "box", *SMALL, home=home)
    assert missing.returncode == 2
    assert "run: dexgen grasps box profile=smoke" in missing.stderr


@pytest.mark.parametrize("turn", ["w=90", "z=0", "z=200", "z"])
def test_a_turn_that_is_none_is_one_line(inside, home, turn):
    refused = inside("view", "path", "sphere", *SMALL, "--turn", turn, home=home)
    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        f"dexgen: view path: --turn {turn}: give an axis and degrees, such as z=90"
    )


def browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.mark.skipif(browser() is None, reason="no Chromium: apt-get install chromium")
def test_a_browser_sees_the_grasps(result, home, tmp_path):
    pytest.importorskip("viser", reason="the extra `viewer` is not installed")
    words = ["sphere", *SMALL, "--port", str(free_port())]
    command = [sys.executable, "-m", "flows.cli", "view", "grasps", *words]
    environment = os.environ | {"DEXGEN_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as viewer:
        assert viewer.stdout is not None
        line = next(line for line in viewer.stdout if line.startswith("grasps of sphere"))
        picture = tmp_path / "page.png"
        flags = ["--headless", "--no-sandbox", "--disable-background-networking"]
        flags += ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--window-size=900,600"]
        flags += ["--virtual-time-budget=15000", f"--user-data-dir={tmp_path / 'profile'}"]
        address = line.split()[3]
        subprocess.run(
            [browser(), *flags, f"--screenshot={picture}", address],
            capture_output=True,
            timeout=120,
            check=True,
        )
        viewer.terminate()  # not SIGINT, which a child of a shell's background job ignores
    assert viewer.returncode == -signal.SIGTERM
    red, green, blue = np.moveaxis(np.asarray(Image.open(picture).convert("RGB")).astype(int), 2, 0)
    orange = (red > 150) & (red - blue > 90) & (green > 60)
    assert orange.sum() > 300  # the object
    assert (abs(blue - 230) + abs(red - 34) < 40).sum() > 300  # the buttons


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
