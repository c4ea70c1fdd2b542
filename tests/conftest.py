"""Who runs what when: with several workers a file stays whole, and the longest come first."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# One worker runs these, in this order: they read and write the home of the smoke loop.
SMOKE = ("flows/test_smoke.py", "robot/test_champion.py")


def place(path: Path) -> int:
    """Return where a test's file comes in the order; those that are not named come last."""
    name = path.relative_to(TESTS).as_posix()
    return SMOKE.index(name) if name in SMOKE else len(SMOKE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):  # noqa: ANN201
    from xdist.scheduler import LoadScopeScheduling  # the robot's environment is without

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "smoke" if file.removeprefix("tests/") in SMOKE else file

    config.option.loadscopereorder = False  # not by the number of tests
    return ByFile(config, log)
