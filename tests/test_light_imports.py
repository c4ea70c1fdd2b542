"""What a robot and a command line import is light: each of these in a process of its own."""

import subprocess
import sys

import pytest

TRAINING = "torch lightning prefect mlflow rsl_rl tensordict scipy trimesh pandas tasks flows"
LIGHT = {
    "envs.hand envs.shapes.objects envs.scene": f"{TRAINING} hydra omegaconf",
    "envs.episodes.episodes": f"{TRAINING} mujoco hydra",
    "models.approval": f"{TRAINING} mujoco hydra",
    "models.session models.bundle models.kinematics models.motion models.state models.answering "
    "models.script models.rotations": f"{TRAINING} mujoco",
    "robot.cli": "numpy mujoco",  # its help
    "robot.trials.run": TRAINING,
}


@pytest.mark.parametrize("modules", LIGHT)
def test_nothing_heavy_is_imported(modules: str) -> None:
    heavy = LIGHT[modules].split()
    code = f"import sys, {', '.join(modules.split())}; print(*sys.modules.keys() & {heavy!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
