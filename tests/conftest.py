"""Who runs what when: with several workers files stay whole, and the longest come first."""

import os
from pathlib import Path

import pytest

# Before numpy and torch read it: threads of several processes wait for each other on few cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
TESTS = Path(__file__).parent
# Files that share what takes long to make; one worker runs them.
TOGETHER = {
    "the smoke loop's home": (
        "flows/test_smoke.py",
        "flows/test_printed_commands.py",
        "flows/test_stops.py",
        "robot/test_champion.py",
    ),
    "the small world": (
        "envs/test_episode_start.py",
        "envs/test_manipulation.py",
        "tasks/distillation/test_distill.py",
        "tasks/experts/test_experts.py",
        "tasks/experts/test_ppo.py",
        "tasks/rollouts/test_rollouts.py",
        "tasks/rollouts/test_skills.py",
    ),
    "the GPU's kernels": (
        "envs/test_mujoco_gpu.py",
        "tasks/grasps/test_validation_gpu.py",
    ),
    "the sphere's graph": (
        "tasks/regrasps/test_gait.py",
        "tasks/regrasps/test_planned.py",
        "tasks/regrasps/test_regrasps.py",
        "tasks/regrasps/test_routing.py",
        "tasks/regrasps/test_viewer.py",
    ),
    "the laboratory": (
        "tasks/evaluation/test_calibrate.py",
        "tasks/evaluation/test_evaluate.py",
        "tasks/evaluation/test_window.py",
    ),
}


def group(file: str) -> str:
    """Return what a test's file is run with: those of its group, or itself alone."""
    return next((name for name, files in TOGETHER.items() if file in files), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(TOGETHER)}

    def place(item: pytest.Item) -> int:
        name = group(item.path.relative_to(TESTS).as_posix())
        return places.get(name, len(places))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    from xdist.scheduler import LoadScopeScheduling  # the robot's environment is without

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid.split("::", 1)[0].removeprefix("tests/"))

    config.option.loadscopereorder = False  # our order, not by the number of tests
    return ByGroup(config, log)
