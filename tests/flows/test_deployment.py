"""The deployment of prefect.yaml: its entry point, loaded as Prefect's worker loads it."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_entry_point_finds_every_room(tmp_path):
    """Prefect runs the file as a script: its folder goes on the path and must hide no room."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    entrypoint = deployments[0]["entrypoint"]
    code = (
        "from prefect.flows import load_flow_from_entrypoint\n"
        f"flow = load_flow_from_entrypoint({entrypoint!r})\n"
        "import models.approval, tasks.registry.promote, envs.scene, configs.load\n"
        "print(flow.name)\n"
    )
    environment = {"PREFECT_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "dexgen"
