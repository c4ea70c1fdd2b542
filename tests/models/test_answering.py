"""A command is answered in one way: memory goes on, and robot and evaluation ask the same."""

import numpy as np
import pytest
import torch

from configs.load import load
from configs.schema.evaluate import Assisted
from configs.schema.robot import RobotConfig
from models.answering import Answering
from models.bundle import GRAPH, Bundle
from models.kinematics import Kinematics
from models.motion import action_towards, apply_action
from models.session import Session
from models.state import split_step
from models.strength import KEYS, rows
from robot import interfaces
from robot.answers import AssistedAnswerer
from tasks.commanders.perturbations import Command, Situation
from tasks.evaluation.variants import Answers
from tasks.export.graph import export_graph
from tests.models.small_networks import controller_config, make_assistance, make_student
from tests.tiny_bundle import make_bundle

pytest.importorskip("onnx", reason="the tiny graph is built with the onnx package")
STEPS = 6
GUARDED = Assisted(kind="assisted", assistance="guarded", **dict.fromkeys(KEYS))


@pytest.fixture(scope="module", params=["tiny", "exported"])
def bundle(request, bodies, tmp_path_factory) -> Bundle:
    """The tiny bundle; and one with the graph of a small real assistance."""
    folder, body = tmp_path_factory.mktemp(request.param), bodies["trident"]
    more = {}
    if request.param == "exported":
        student = make_student(body.layout, 0.0, 5.0)
        more[GRAPH] = folder / GRAPH
        export_graph(make_assistance(body, controller_config(), student), more[GRAPH], 20)
    return make_bundle(folder / "bundle", body.config.embodiment, more=more)


def draw(layout, rng, *lead: int) -> dict[str, np.ndarray]:
    def uniform(*shape):
        return rng.uniform(-1, 1, (*lead, *shape)).astype(np.float32)

    return {
        "history": uniform(layout.history, layout.step_size),
        "motion": 0.001 * uniform(*layout.motion_shape),
        "command": uniform(layout.num_joints),
        "noise": uniform(*layout.motion_shape),
    }


def test_memory_goes_on_and_is_forgotten_where_an_episode_begins(bundle):
    """Three hands together; the second one's episode ends. Each is as if it were alone."""
    session, rng = Session(bundle), np.random.default_rng(0)
    mode, strength = np.zeros(3, np.int64), rows([bundle.manifest.strength("guarded")] * 3)
    together = Answering(session, mode, strength)
    alone = [Answering(session, mode[:1], strength[:1]) for _ in range(3)]
    for step in range(STEPS):
        asked = draw(session.layout, rng, 3)
        started = np.array([step == 0, step in (0, 3), step == 0])
        found = together.answer(**asked, started=started)
        for i, one in enumerate(alone):
            if step == 3 and i == 1:
                one = alone[1] = Answering(session, mode[:1], strength[:1])
            wanted = one.answer(
                **{name: values[i : i + 1] for name, values in asked.items()},
                started=np.array([step == 0]),
            )
            np.testing.assert_allclose(found.memory[i], wanted.memory[0], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found.action[i], wanted.action[0], atol=1e-4)
    counts = together.memory[:, 0]  # the first number counts an episode's steps
    assert counts.tolist() == [STEPS, STEPS - 3, STEPS]


@pytest.mark.parametrize("absolute", [False, True])
def test_the_robot_answers_as_the_evaluation_does(bundle, absolute):
    """Bit for bit, over the steps of two episodes, from equal situations and random numbers."""
    overrides = ["hand=trident", "robot.assistance.assistance=guarded"]
    config = load(RobotConfig, overrides, root="robot_config")
    layout, kinematics = bundle.layout, Kinematics(config.hand)
    settings, noise = config.robot.assistance, np.random.default_rng(7)
    ours = AssistedAnswerer(bundle, kinematics, settings, noise)
    theirs = Answers(
        session=Session(bundle),
        kinematics=kinematics,
        layout=layout,
        variants=(GUARDED,),
        strengths=(bundle.manifest.strength("guarded"),),
        modes=np.array([layout.modes.index(settings.mode)]),
        rng=np.random.default_rng(7),
    )
    rng, targets = np.random.default_rng(1), set()
    touching = np.ones((1, 1, layout.num_tips), bool)
    for step in range(STEPS):
        if step == 3:
            ours.seed(noise)  # an episode begins; the evaluation sees it in `started`
        drawn = draw(layout, rng)
        history, (target, position, desired) = drawn["history"], rest(config.hand, rng)
        action = action_towards(layout, target, desired) if absolute else drawn["command"]
        said = interfaces.OperatorCommand(desired if absolute else action, absolute)
        found = ours.target(interfaces.ControlTick(history, position, target, said))
        shaped = [part[None, None] for part in (action, target, position, desired)]
        command = Command(shaped[0], shaped[0], shaped[3] if absolute else None)
        started = np.array([[step in (0, 3)]])
        situation = Situation(*shaped, started=started, touching=touching)
        wanted = theirs.assist([command], [situation], history[None, None, None], [0])
        np.testing.assert_array_equal(found, wanted.target[0, 0, 0])
        if bundle.folder.parent.name.startswith("exported"):  # the tiny graph makes targets up
            # the environment applies the action itself, to the target and reading that were seen
            _, reading, present, _ = map(torch.from_numpy, split_step(layout, history[-1]))
            answer = torch.from_numpy(wanted.action[0, 0, 0])
            applied = apply_action(layout, present, reading, answer)
            np.testing.assert_array_equal(found, applied.numpy())
        targets.add(found.tobytes())
    assert len(targets) == STEPS


def rest(hand, rng) -> np.ndarray:
    """Return joint targets, readings and wanted targets [3, n] near the rest pose [rad]."""
    near = np.array(hand.rest) + 0.02 * rng.uniform(-1, 1, (3, len(hand.rest)))
    return near.astype(np.float32)
