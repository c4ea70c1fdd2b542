"""What the robot imports of this room must not bring in torch or a mesh library."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "lightning", "prefect", "mlflow", "trimesh", "scipy", "hydra", "omegaconf")


@pytest.mark.parametrize("module", ["envs.hand", "envs.shapes.objects", "envs.scene"])
def test_module_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
