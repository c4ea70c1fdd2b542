"""The planned expert's rollouts: what is recorded, under which labels, and after a kill."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from configs.schema.turns import TurnsStep
from envs.episodes.episodes import open_shard, read_manifest
from envs.turning import TurnAfterTurn
from flows.plan import turns_step
from models.rotations import angle
from tasks.rollouts.turns import deal_paces, turns
from tests.contexts import Interrupted, Stopping, make_context
from tests.tasks.regrasps.conftest import Grown


@pytest.fixture(scope="module")
def step(grown: Grown) -> TurnsStep:
    step = turns_step(grown.config)
    rollouts = dataclasses.replace(step.turns.rollouts, environments=6, chunks=2, chunk_s=3.0)
    return dataclasses.replace(step, turns=dataclasses.replace(step.turns, rollouts=rollouts))


@pytest.fixture(scope="module")
def folder(grown: Grown, step: TurnsStep):
    context = make_context(grown.home, "turns")
    return context.open(turns(step, grown.refs, context))


def rows(folder, name: str) -> np.ndarray:
    shards = read_manifest(folder).shards
    return np.concatenate([open_shard(folder / shard)[name] for shard in shards])


def test_every_frame_is_kept_or_counted_and_labelled(grown: Grown, step: TurnsStep, folder):
    counts, settings = read_manifest(folder).counts, step.turns.rollouts
    hz = grown.config.control.hz
    total = settings.chunks * settings.environments * round(settings.chunk_s * hz)
    named = ("frames_kept", "frames_trimmed", "frames_too_short")
    assert sum(counts[name] for name in named) == total
    assert set(rows(folder, "style")) == {len(grown.config.task.styles)}
    assert len(set(rows(folder, "mode"))) == 2


def test_targets_stay_within_the_joints_limits(grown: Grown, folder):
    layout = grown.config.embodiment.make_layout()
    target = rows(folder, "joint_target")
    assert (target >= np.array(layout.joint_lower) - 1e-6).all()
    assert (target <= np.array(layout.joint_upper) + 1e-6).all()


def test_objects_are_asked_to_turn_and_do(step: TurnsStep, folder):
    pose, goal = rows(folder, "object_pose"), rows(folder, "goal_pose")
    first = rows(folder, "step") == 0
    asked = angle(pose[first, 3:], goal[first, 3:])
    least, most = step.turns.goals.angle
    assert (asked > least - 0.05).all()
    assert (asked < most + 0.05).all()
    assert np.abs(rows(folder, "action")).max() > 0.5


def test_a_killed_run_goes_on_to_equal_bytes(grown: Grown, step: TurnsStep, folder):
    context = make_context(grown.home, "turns_killed")
    killed = dataclasses.replace(context, progress=Stopping("turns", at=1))
    with pytest.raises(Interrupted):
        turns(step, grown.refs, killed)
    again = context.open(turns(step, grown.refs, context))
    assert contents(again) == contents(folder)


def contents(folder: Path) -> dict[Path, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_every_object_has_every_pace():
    paces = {"fast": 1.0, "slow": 2.0}
    dealt = deal_paces(paces, objects=3, count=12)
    assert dealt == ["fast"] * 3 + ["slow"] * 3 + ["fast"] * 3 + ["slow"] * 3


def test_a_hand_begins_anew_after_a_drop_and_after_its_time(grown: Grown, step: TurnsStep):
    goals = dataclasses.replace(step.turns.goals, episode_s=0.5, timeout_s=0.2)
    env = TurnAfterTurn(
        grown.config.world,
        [grown.problem.model],
        [grown.graph.grasps],
        num_envs=3,
        seed=0,
        style="fast",
        threads=1,
    )
    env.ask(goals)
    env.begun[0, :3] += 1.0  # as if the first object were a metre away
    asked = env.goal.copy()
    _, _, done, said = env.step(env.joint_target * 0.0)
    assert done.tolist() == said["dropped"].tolist() == [True, False, False]
    assert env.started.tolist() == [True, False, False]
    for _ in range(5):
        env.step(env.joint_target * 0.0)
    assert not np.array_equal(env.goal[1], asked[1])  # its time was up, it has another turn to do
    ends = [env.step(env.joint_target * 0.0)[2].tolist() for _ in range(4)]
    assert ends[-1] == [False, True, True]
    env.close()
