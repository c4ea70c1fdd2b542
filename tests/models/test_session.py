"""The session against a graph whose answer is known."""

import numpy as np
import pytest

from models.bundle import BundleError
from models.session import Question, Session, SessionError
from models.strength import KEYS
from tests.tiny_bundle import MEMORY, make_bundle

pytest.importorskip("onnx", reason="the tiny graph is built with the onnx package")


@pytest.fixture(scope="module", params=["allegro", "trident"])
def session(request, bodies, tmp_path_factory):
    folder = tmp_path_factory.mktemp("session") / "bundle"
    return Session(make_bundle(folder, bodies[request.param].config.embodiment))


def inputs(layout, batch):
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.standard_normal((batch, *shape)).astype(np.float32)

    return {
        "history": draw(layout.history, layout.step_size),
        "motion": draw(*layout.motion_shape),
        "command": rng.uniform(-1, 1, (batch, layout.num_joints)).astype(np.float32),
        "memory": draw(MEMORY),
        "mode": np.zeros(batch, np.int64),
        "strength": rng.uniform(0, 1, (batch, len(KEYS))).astype(np.float32),
        "noise": draw(*layout.motion_shape),
    }


def ask(session, given):
    return session.assist(Question(**given))


@pytest.mark.parametrize("batch", [1, 5])
def test_answers_by_name_and_batch(session, batch):
    layout = session.layout
    given = inputs(layout, batch)
    result = ask(session, given)
    settings = dict(zip(KEYS, given["strength"].T, strict=True))
    first = 3 * layout.num_tips + layout.num_joints
    expected = given["history"][:, -1, first : first + layout.num_joints]
    np.testing.assert_array_equal(result.target, expected)
    assert np.abs(result.action).max() == 0
    plan = given["motion"] * settings["guidance"][:, None, None, None]
    np.testing.assert_array_equal(result.motion, plan)
    np.testing.assert_array_equal(result.meant, given["command"])
    np.testing.assert_array_equal(result.trust, settings["reading"])
    np.testing.assert_array_equal(result.gain, settings["caution"])
    np.testing.assert_array_equal(result.memory, given["memory"] + 1)


@pytest.mark.parametrize("name", ["history", "motion", "command", "memory", "strength", "noise"])
def test_refuses_bad_arrays_by_name(session, name):
    given = inputs(session.layout, 2)
    broken = given[name].copy()
    broken.flat[0] = np.nan
    with pytest.raises(SessionError, match=f"^{name}: .*not finite"):
        ask(session, given | {name: broken})
    with pytest.raises(SessionError, match=f"^{name}: shape"):
        ask(session, given | {name: given[name][:1]})
    with pytest.raises(SessionError, match=f"^{name}: is not an array of numbers"):
        ask(session, given | {name: ["much"]})


def test_refuses_bad_modes_and_negative_strengths(session):
    given = inputs(session.layout, 2)
    for mode in ([0, len(session.layout.modes)], [-1, 0], [0.0, 1.0], [[0, 1]]):
        with pytest.raises(SessionError, match="mode"):
            ask(session, given | {"mode": np.array(mode)})
    for column in range(len(KEYS)):
        strength = given["strength"].copy()
        strength[1, column] = -1
        with pytest.raises(SessionError, match=r"^strength: -1 is negative"):
            ask(session, given | {"strength": strength})


def test_a_result_that_is_not_finite_is_refused(session):
    given = inputs(session.layout, 1)
    given["motion"][:] = 3e38
    given["strength"][:] = 3e38  # the product overflows inside the graph
    with pytest.raises(SessionError, match="result"):
        ask(session, given)


def test_a_graph_that_fails_is_one_line(bodies, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", bodies["trident"].config.embodiment, rows=2)
    session = Session(bundle)
    assert len(ask(session, inputs(session.layout, 2)).target) == 2
    with pytest.raises(SessionError, match=r"^graph: fails on these inputs") as error:
        ask(session, inputs(session.layout, 1))
    assert "\n" not in str(error.value)


def test_a_graph_of_another_shape_is_refused(bodies, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", bodies["trident"].config.embodiment, history=7)
    with pytest.raises(BundleError, match=r"controller\.onnx: input history is"):
        Session(bundle)
