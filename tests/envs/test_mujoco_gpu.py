"""MuJoCo Warp against MuJoCo, on its CPU device and on a GPU where there is one: the same models,
the same motion, the contract.

What touches differs in which points a contact is taken at, so that motions part ways after some
contacts; that grasps hold alike is tested with them (tests/tasks/grasps/test_validation_gpu.py).
"""

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.load import ConfigError, load, validate
from configs.schema.objects import Object
from configs.schema.pipeline import Config
from envs.engines.mujoco_engine import MujocoEngine
from envs.shapes.objects import ObjectModel
from tests.envs.engine_contract import continues, reports_divergence, resets_alone
from tests.tiny_engine import AWAY, DOWN, GRIPPED, grip, make, parameters, start, vector

pytest.importorskip("mujoco_warp")

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
WARP = {"engine": "mujoco_warp"}
SCALES = np.array([0.95, 1.0, 1.05])


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


@pytest.fixture(scope="module", params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def engine(config: Config, device: str) -> MujocoEngine:
    return make(config, 3, scales=SCALES, device=device, **WARP)


def drawn(seed: int) -> torch.Tensor:
    return 0.5 + torch.rand(3, generator=torch.Generator().manual_seed(seed))


def randomize(engine: MujocoEngine) -> None:
    changes = {
        "object_mass": 0.2 * drawn(0),
        "friction": drawn(1),
        "kp_factor": drawn(2),
        "kd_factor": drawn(3),
    }
    engine.randomize(torch.arange(3), parameters(3, **changes))


def test_scales_stand_in_one_pool_and_objects_do_not(config: Config) -> None:
    made = make(config, 3, shapes=("box", "sphere"), scales=SCALES, **WARP)
    assert [pool.index.tolist() for pool in made.pools] == [[0, 2], [1]]


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("syringe", "superquadric")]


@pytest.mark.parametrize("name", ["box", *SLOW])  # each structure is compiled for, 10 to 15 s
def test_models_are_mujocos_own_whatever_is_drawn(name: str) -> None:
    """Sizes, meshes, masses and what the solver derives from them, of every environment."""
    config = load(Config, ["objects=tools"] if name == "syringe" else [])
    shape = {"kind": "superquadric", "half": [0.026, 0.03, 0.034], "exponents": [0.6, 0.6]}
    spec = {"name": name, "shape": shape, "held_out": False}
    known = config.objects.items.get(name) or validate(Object, spec, name)
    engines = [
        MujocoEngine(
            config.hand,
            load(Config, [f"physics.engine={kind}"]).physics,
            config.control.hz,
            [ObjectModel(known)],
            np.zeros(3, dtype=int),
            SCALES,
            threads=1,
        )
        for kind in ("mujoco", "mujoco_warp")
    ]
    for engine in engines:
        randomize(engine)
    (mujoco,), (warp,) = (engine.pools for engine in engines)
    for field, found in warp.fields.items():
        for model, row in zip(mujoco.models, found.numpy(), strict=True):
            if field == "geom_dataid":  # numbered otherwise: what counts is each mesh's corners
                check_meshes(model, warp, row)
                continue
            expected = getattr(model, field).ravel()
            bound = 1e-6 * np.abs(expected).max()
            np.testing.assert_allclose(row.ravel(), expected, 1e-5, bound, err_msg=field)


def check_meshes(model, warp, numbers: np.ndarray) -> None:
    vertices, starts = warp.model.mesh_vert.numpy(), warp.model.mesh_vertadr.numpy()
    for own, number in zip(model.geom_dataid, numbers, strict=True):
        assert (own < 0) == (number < 0)
        if own >= 0:
            first, count = model.mesh_vertadr[own], model.mesh_vertnum[own]
            found = vertices[starts[number] : starts[number] + count]
            np.testing.assert_allclose(found, model.mesh_vert[first : first + count], atol=1e-7)


def test_free_motion_agrees_to_rounding(config: Config, engine: MujocoEngine) -> None:
    reference = make(config, 3, scales=SCALES)
    push = torch.tensor([[0.1, 0.0, 0.0], [0.0, -0.2, 0.0], [0.0, 0.0, 0.3]])
    for one in (reference, engine):
        randomize(one)
        targets = start(one, config) + 0.1
        for _ in range(4):
            one.step(targets, vector(3, *DOWN), push)
    for name, value in reference.state().tensors().items():
        found = getattr(engine.state(), name)
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=2e-5, err_msg=name)


def test_first_contact_agrees(config: Config, engine: MujocoEngine) -> None:
    reference = make(config, 3, scales=SCALES)
    for one in (reference, engine):
        one.randomize(torch.arange(3), parameters(3))
        start(one, config, GRIPPED)
    expected = reference.state().contact_force
    assert (expected > 0.1).any()
    np.testing.assert_allclose(engine.state().contact_force, expected, rtol=1e-3, atol=1e-4)


def test_state_dict_continues_bit_for_bit(
    config: Config, engine: MujocoEngine, device: str
) -> None:
    randomize(engine)
    grip(config, engine, 4)
    resumed = make(config, 3, scales=SCALES, device=device, **WARP)
    # on a GPU the order of contacts is not the same twice
    continues(config, engine, resumed, exactly=device == "cpu")


def test_reset_touches_only_its_environments(config: Config, engine: MujocoEngine) -> None:
    grip(config, engine, 4)
    resets_alone(engine, [2], torch.tensor(config.hand.rest)[None] + 0.1, [AWAY])


def test_divergence_is_reported_until_reset(config: Config, engine: MujocoEngine) -> None:
    reports_divergence(config, engine)


def test_a_buffer_that_is_too_small_is_an_error(config: Config) -> None:
    made = make(config, 1, contacts=1, **WARP)
    targets = start(made, config, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    with pytest.raises(UserError, match=r"physics\.contacts: room for 1 .* raise it"):
        made.step(targets, vector(1), vector(1))


def test_devices_that_are_not_there_are_refused(config: Config) -> None:
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match=r"physics\.device: cuda, but torch finds no CUDA"):
            make(config, 1, device="cuda", **WARP)
    with pytest.raises(ConfigError, match=r"mujoco runs on the CPU alone"):
        load(Config, ["physics.device=cuda"])
