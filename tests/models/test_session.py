"""The session against a graph whose answer is known."""

import subprocess
import sys

import numpy as np
import pytest

from models.bundle import BundleError
from models.session import Session, SessionError
from tests.tiny_bundle import make_bundle

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
        "mode": np.zeros(batch, np.int64),
        "guidance": np.linspace(0, 1, batch).astype(np.float32),
        "caution": np.linspace(0.5, 0, batch).astype(np.float32),
        "remainder": np.ones(batch, np.float32),
        "noise": draw(*layout.motion_shape),
    }


@pytest.mark.parametrize("batch", [1, 5])
def test_answers_by_name_and_batch(session, batch):
    layout = session.layout
    given = inputs(layout, batch)
    result = session.assist(**given)
    first = 3 * layout.num_tips + layout.num_joints
    expected = given["history"][:, -1, first : first + layout.num_joints]
    np.testing.assert_array_equal(result.target, expected)
    assert np.abs(result.action).max() == 0
    plan = given["motion"] * given["guidance"][:, None, None, None]
    np.testing.assert_array_equal(result.motion, plan)
    np.testing.assert_array_equal(result.gain, given["caution"])


@pytest.mark.parametrize(
    "name", ["history", "motion", "command", "guidance", "caution", "remainder", "noise"]
)
def test_refuses_bad_arrays_by_name(session, name):
    given = inputs(session.layout, 2)
    broken = given[name].copy()
    broken.flat[0] = np.nan
    with pytest.raises(SessionError, match=f"^{name}: .*not finite"):
        session.assist(**(given | {name: broken}))
    with pytest.raises(SessionError, match=f"^{name}: shape"):
        session.assist(**(given | {name: given[name][:1]}))


def test_refuses_bad_modes_and_negative_strengths(session):
    given = inputs(session.layout, 2)
    for mode in ([0, len(session.layout.modes)], [-1, 0], [0.0, 1.0], [[0, 1]]):
        with pytest.raises(SessionError, match="mode"):
            session.assist(**(given | {"mode": np.array(mode)}))
    for name in ("guidance", "caution", "remainder"):
        with pytest.raises(SessionError, match=f"^{name}: -1 is negative"):
            session.assist(**(given | {name: np.array([-1, 0], np.float32)}))


def test_a_result_that_is_not_finite_is_refused(session):
    given = inputs(session.layout, 1)
    given["motion"][:] = 3e38
    given["guidance"][:] = 3e38  # the product overflows inside the graph
    with pytest.raises(SessionError, match="result"):
        session.assist(**given)


def test_a_graph_that_fails_is_one_line(bodies, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", bodies["trident"].config.embodiment, rows=2)
    session = Session(bundle)
    assert len(session.assist(**inputs(session.layout, 2)).target) == 2
    with pytest.raises(SessionError, match=r"^graph: fails on these inputs") as error:
        session.assist(**inputs(session.layout, 1))
    assert "\n" not in str(error.value)


def test_what_is_no_number_is_refused_by_name(session):
    given = inputs(session.layout, 1)
    with pytest.raises(SessionError, match=r"^guidance: is not an array of numbers"):
        session.assist(**(given | {"guidance": ["much"]}))


def test_a_graph_of_another_shape_is_refused(bodies, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", bodies["trident"].config.embodiment, history=7)
    with pytest.raises(BundleError, match=r"controller\.onnx: input history is"):
        Session(bundle)


def test_the_robots_side_needs_no_torch():
    code = (
        "import sys, models.session, models.bundle, models.kinematics, models.motion, "
        "models.state, models.activity, models.interpolation, models.rotations; "
        "print([m for m in ('torch', 'mujoco', 'mlflow', 'prefect') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
