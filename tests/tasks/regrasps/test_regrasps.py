"""The step as a whole: what it publishes, a kill, another hand, an object too large to regrasp."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from configs.layout import LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config
from envs.grasp_graph import BACK, EDGES, GRASPS, IN_GRASP, GraspGraph
from envs.shapes.symmetry import NONE
from tasks.regrasps.likeness import turned
from tasks.regrasps.motion import Aim, Motions
from tasks.regrasps.playing import Player
from tasks.regrasps.regrasps import regrasps
from tasks.regrasps.routing import Router
from tasks.regrasps.unrolled import Unrolled
from tests.contexts import Interrupted, Stopping
from tests.tasks.grasps.setting import make_context
from tests.tasks.regrasps.conftest import Grown


def test_motions_lead_both_ways_and_everything_hangs_together(grown: Grown):
    edges, count = grown.graph.edges, len(grown.graph.grasps)
    assert len(edges) >= grown.step.regrasps.growth.edges
    assert edges.end.max() < count
    ways = set(zip(edges.start, edges.end, edges.kind, strict=True))
    parents = grown.graph.grasps.parent
    for grasp in range(1, count):
        kinds = [kind for start, end, kind in ways if (start, end) == (parents[grasp], grasp)]
        assert any((grasp, parents[grasp], BACK[kind]) in ways for kind in kinds)
    # whatever looks alike, taken as it is
    assert set(Unrolled(grown.graph, NONE).components().tolist()) == {0}


def test_both_kinds_of_steps_are_there_and_regrasps_name_their_finger(grown: Grown):
    kinds, fingers = grown.graph.edges.kind, grown.graph.edges.finger
    assert ((kinds == IN_GRASP) == (fingers < 0)).all()
    assert 0 < (kinds == IN_GRASP).sum() < len(kinds)


def test_what_it_says_adds_up(grown: Grown):
    said = json.loads((grown.folder / "yields.json").read_text())
    assert said["edges"] == len(grown.graph.edges)
    assert sum(said["by_kind"].values()) == said["edges"]
    kept = sum(stages["back"] for stages in said["motions"].values())
    assert said["grasps"] == kept + grown.step.regrasps.growth.roots
    for stages in (said["planned"], *said["motions"].values()):
        assert list(stages.values()) == sorted(stages.values(), reverse=True)


def test_motions_land_again_under_other_draws(grown: Grown):
    """What was validated in three draws does so in another, in eight of ten cases."""
    step, grasps = grown.step, Router(grown.problem, grown.graph).grasps
    edges, settings = grown.graph.edges, grown.step.regrasps
    before = grasps.take(edges.start)
    after = turned(grasps.take(edges.end), edges.turn.astype(float))
    motions = Motions(edges.target.astype(float), edges.steps.astype(int))
    player = Player(
        grown.problem,
        step.physics,
        step.randomization,
        settings.playing,
        settings.servo,
        threads=2,
    )
    played = player.play(before, motions, Aim.at(after, edges.finger), np.random.default_rng(7))
    player.close()
    assert played.near(after.object_pose, after.active, settings.playing)[:, 0].mean() > 0.8


def test_a_killed_run_goes_on_to_equal_bytes(grown: Grown):
    context = make_context(grown.home, "killed")
    stopping = dataclasses.replace(context, progress=Stopping("regrasps", at=1))
    with pytest.raises(Interrupted):
        regrasps(grown.step, grown.refs, stopping)
    assert list(context.scratch.rglob("batch_*"))  # what was done is kept
    folder = context.open(regrasps(grown.step, grown.refs, context))
    for name in (GRASPS, EDGES):
        assert (folder / name).read_bytes() == (grown.folder / name).read_bytes()


def test_a_graph_of_another_hand_is_refused(grown: Grown):
    other = load(Config, ["profile=smoke", "hand=trident"]).embodiment.make_layout()
    with pytest.raises(LayoutMismatch):
        GraspGraph.load(grown.folder, other, grown.step.grasps.metric)


def test_edges_alone_of_another_hand_or_metric_are_refused(grown: Grown, tmp_path: Path):
    trident = load(Config, ["profile=smoke", "hand=trident"])
    metric, edges = grown.step.grasps.metric, grown.folder / EDGES
    layout = grown.config.embodiment.make_layout()
    (tmp_path / GRASPS).write_bytes((grown.folder / GRASPS).read_bytes())
    content = edges.read_bytes().replace(
        layout.fingerprint().encode(), trident.embodiment.make_layout().fingerprint().encode()
    )
    (tmp_path / EDGES).write_bytes(content)
    with pytest.raises(LayoutMismatch):
        GraspGraph.load(tmp_path, layout, metric)
    with pytest.raises(UserError, match=r"made under another grasps\.metric"):
        GraspGraph.load(grown.folder, layout, dataclasses.replace(metric, joint=0.5))


def test_a_damaged_file_is_refused_in_one_line(grown: Grown, tmp_path: Path):
    layout = grown.config.embodiment.make_layout()
    for name in (GRASPS, EDGES):
        (tmp_path / name).write_bytes((grown.folder / name).read_bytes())
    (tmp_path / EDGES).write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match="not a grasp graph") as caught:
        GraspGraph.load(tmp_path, layout, grown.step.grasps.metric)
    assert len(str(caught.value).splitlines()) == 1


def test_where_no_finger_can_go_elsewhere_steps_in_the_grasp_remain(grown: Grown, capsys):
    """With points asked for that are a metre from the old contact: the sphere has none."""
    proposals = dataclasses.replace(grown.step.regrasps.proposals, moved=1.0)
    growth = dataclasses.replace(grown.step.regrasps.growth, edges=8, max_batches=6)
    settings = dataclasses.replace(grown.step.regrasps, proposals=proposals, growth=growth)
    step = dataclasses.replace(grown.step, regrasps=settings)
    context = make_context(grown.home, "stuck")
    folder = context.open(regrasps(step, grown.refs, context))
    said = json.loads((folder / "yields.json").read_text())
    assert said["by_kind"]["in_grasp"] == said["edges"] > 0
    assert "no regrasp: 'within reach' left none of" in capsys.readouterr().out
