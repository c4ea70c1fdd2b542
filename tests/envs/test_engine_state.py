"""The engine is exact and repeatable: threads, resuming, partial resets, divergence, pools."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from envs.engines.mujoco_cpu import FATAL_WARNINGS, CpuPool, make_pools
from envs.engines.mujoco_engine import MujocoEngine, count_substeps
from envs.engines.mujoco_models import compile_models
from envs.shapes.objects import ObjectModel
from tests.envs.engine_contract import continues, reports_divergence, resets_alone
from tests.things import mesh
from tests.tiny_engine import AWAY, grip, make, parameters, start, vector


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


def test_threads_do_not_change_a_bit(config: Config) -> None:
    found = []
    for threads in (1, 2):
        engine = make(config, 7, shapes=("box", "sphere"), threads=threads)
        engine.randomize(torch.tensor([4, 1]), parameters(2, object_mass=torch.tensor([0.05, 0.2])))
        grip(config, engine, 12)
        found.append(engine.state_dict())
        assert (engine.state().contact_force > 0).any()
        engine.close()
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_state_dict_continues_bit_for_bit(config: Config) -> None:
    engine, resumed = (make(config, 6, shapes=("box", "cylinder")) for _ in range(2))
    drawn = torch.linspace(0.03, 0.25, 6)
    engine.randomize(torch.arange(6), parameters(6, object_mass=drawn, kp_factor=drawn + 0.8))
    grip(config, engine, 8)
    continues(config, engine, resumed, exactly=True)


def test_state_of_other_objects_is_refused(config: Config) -> None:
    saved = make(config, 2).state_dict()
    with pytest.raises(UserError, match="scales"):
        make(config, 2, scales=np.array([1.0, 1.05])).load_state_dict(saved)


def test_reset_touches_only_its_environments(config: Config) -> None:
    engine = make(config, 5, shapes=("box", "sphere"))
    grip(config, engine, 6)
    rest = torch.tensor(config.hand.rest)
    poses = [AWAY, [0.3, 0.1, 0.3, 0.0, 1.0, 0.0, 0.0]]
    resets_alone(engine, [3, 0], torch.stack([rest, rest + 0.1]), poses)


def test_reset_forgets_what_was_before(config: Config) -> None:
    used, fresh = make(config, 2), make(config, 2)
    grip(config, used, 6, seed=5)
    for engine in (used, fresh):
        grip(config, engine, 6)
    left, right = used.state_dict(), fresh.state_dict()
    times = slice(1, None)  # the clock, first in a row, goes on
    for name in left:
        columns = times if name.startswith("pool") else slice(None)
        assert torch.equal(left[name][..., columns], right[name][..., columns]), name


def test_divergence_is_reported_until_reset(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = make(config, 3)
    reports_divergence(config, engine)
    assert all(torch.isfinite(value).all() for value in engine.state().tensors().values())
    assert not list(tmp_path.iterdir())  # MuJoCo wrote no log
    assert len(FATAL_WARNINGS) == 5


def test_models_of_another_structure_are_refused(config: Config) -> None:
    fingers = config.hand.fingers[:2]
    joints = sum(len(finger.links) for finger in fingers)
    poses = {name: pose[:joints] for name, pose in config.hand.poses.items()}
    rest = config.hand.rest[:joints]
    two = replace(config.hand, fingers=fingers, rest=rest, poses=poses, never_collide=())
    box = ObjectModel(config.objects.items["box"])
    index, scales = np.zeros(1, dtype=int), np.ones(1)
    whole = compile_models(config.hand, config.physics, [box], index, scales)
    part = compile_models(two, config.physics, [box], index, scales)
    with pytest.raises(UserError, match="different structure"):
        CpuPool(np.arange(2), [*whole, *part], config.hand.actuation, substeps=5, threads=1)
    pools = make_pools([*whole, *part, *whole], config.hand.actuation, substeps=5, threads=1)
    assert [pool.index.tolist() for pool in pools] == [[0, 2], [1]]


def test_pools_of_primitives_and_meshes_step_together(config: Config, tmp_path: Path) -> None:
    trimesh.creation.icosphere(2, 0.03).export(tmp_path / "ball.stl")
    spec = mesh(tmp_path / "ball.stl", "ball")
    objects = [ObjectModel(config.objects.items["sphere"]), ObjectModel(spec)]
    index = np.array([1, 0, 1, 0])
    hand, physics, hz = config.hand, config.physics, config.control.hz
    engine = MujocoEngine(hand, physics, hz, objects, index, np.ones(4), threads=2)
    assert [pool.index.tolist() for pool in engine.pools] == [[0, 2], [1, 3]]
    targets = start(engine, config)
    pushes = torch.diag(torch.tensor([0.1, 0.2, 0.3, 0.4]))[:, :3]
    masses = torch.tensor([0.05, 0.1, 0.15, 0.2])
    engine.randomize(torch.tensor([3, 2, 1, 0]), parameters(4, object_mass=masses.flip(0)))
    engine.step(targets, vector(4, 0.0, 0.0, -9.81), pushes)
    fallen = torch.tensor([0.0, 0.0, -9.81]) * engine.control_dt
    expected = fallen + pushes / masses[:, None] * engine.control_dt
    np.testing.assert_allclose(engine.state().object_linear_velocity, expected, atol=1e-5)


def test_physics_steps_must_fill_a_control_step() -> None:
    assert count_substeps(0.01, 20.0) == 5
    with pytest.raises(UserError, match=r"control\.hz 30"):
        count_substeps(0.01, 30.0)
