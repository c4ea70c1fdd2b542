"""Every profile can hold and train on the data that it collects itself."""

import pytest

from configs.load import FOLDER, load
from configs.schema.pipeline import Config

PROFILES = sorted(path.stem for path in (FOLDER / "profile").glob("*.yaml"))


@pytest.fixture(params=PROFILES)
def config(request: pytest.FixtureRequest) -> Config:
    return load(Config, [f"profile={request.param}"])


def frames(config: Config) -> int:
    """Frames of all styles, if nothing is filtered out."""
    kinds = [config.turns.rollouts]
    kinds += [config.rollouts] * len(config.task.styles)
    kinds += [config.skills.rollouts] * len(config.skills.tasks)
    hz = config.control.hz
    return sum(one.environments * one.chunks * round(one.chunk_s * hz) for one in kinds)


def test_training_takes_all_its_own_frames(config: Config):
    assert config.train.loader == "stream" or frames(config) <= config.train.max_frames


def test_frames_fit_into_the_memory_that_the_profile_asks_for(config: Config):
    layout = config.embodiment.make_layout()
    # tasks/learning/windows.py: state step, keypoints, action in float32; mode, first, last; clean
    numbers = layout.step_size + 3 * layout.num_keypoints + layout.num_joints
    frame = 4 * numbers + 3 * 8 + 1
    held = 2 * frames(config)  # twice while they are read
    if config.train.loader == "stream":
        held = 2 * 2 * config.train.stream.buffer_frames  # two buffers of each of two networks
    assert held * frame <= config.machine.memory_gib * 2**30
