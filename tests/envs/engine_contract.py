"""What every engine keeps to, whichever it is."""

import torch

from configs.schema.pipeline import Config
from envs.engines.mujoco_engine import MujocoEngine
from tests.tiny_engine import squirm, start, vector


def continues(config: Config, engine: MujocoEngine, resumed: MujocoEngine, exactly: bool) -> None:
    """Another engine goes on from this one's state, with the same bits if `exactly`."""
    saved, at_save = engine.state_dict(), engine.state()
    squirm(config, engine, 4, seed=3)
    resumed.load_state_dict(saved)
    for name, value in resumed.state().tensors().items():
        assert torch.equal(value, getattr(at_save, name)), name
    if exactly:
        squirm(config, resumed, 4, seed=3)
        left, right = engine.state_dict(), resumed.state_dict()
        assert all(torch.equal(left[name], right[name]) for name in left)
        assert not torch.equal(left["pool.0"], saved["pool.0"])


def resets_alone(engine: MujocoEngine, ids: list[int], position, poses) -> None:
    """A reset sets these environments and leaves the others' state to the bit."""
    others = [row for row in range(engine.num_envs) if row not in ids]
    before, poses = engine.state(), torch.tensor(poses)
    engine.reset(torch.tensor(ids), position, position, poses)
    after = engine.state()
    for name, value in after.tensors().items():
        assert torch.equal(value[others], getattr(before, name)[others]), name
    torch.testing.assert_close(after.joint_position[ids], position)
    assert torch.equal(after.object_pose[ids], poses)
    assert (after.contact_force[ids] == 0).all()


def reports_divergence(config: Config, engine: MujocoEngine) -> None:
    """Three environments, of which one blows up: it is said until the reset."""
    targets, push = start(engine, config), vector(3)
    push[1, 0] = 1e13
    for force in (push, vector(3)):
        engine.step(targets, vector(3), force)
        assert engine.state().diverged.tolist() == [False, True, False]
    targets = start(engine, config)
    assert not engine.state().diverged.any()
    engine.step(targets, vector(3), vector(3))
    assert not engine.state().diverged.any()
