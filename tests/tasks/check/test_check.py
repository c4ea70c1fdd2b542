"""The check step on real episodes: what is sound reaches main, what is not is named exactly."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from configs.layout import Layout, LayoutMismatch
from configs.load import load
from configs.refs import Ref
from configs.schema.check import CheckStep
from configs.schema.pipeline import Config
from envs.episodes.episodes import (
    EpisodesError,
    EpisodeWriter,
    Manifest,
    manifest_files,
    open_shard,
    read_manifest,
)
from envs.episodes.manifest import make_manifest
from envs.episodes.runs import write_run
from tasks.check.check import check, write_docs
from tasks.check.expectations import EARLY
from tasks.data.verdict import require_checked
from tasks.running.context import Context
from tasks.store.local import LocalStore
from tasks.store.protocol import Corrupt, MissingRef
from tests.contexts import make_context
from tests.tiny_episodes import Episode, make_episode

EPISODES, LENGTH = 6, 40
Bend = Callable[[list[Episode]], None]


def step(hand: str = "trident", *overrides: str) -> CheckStep:
    limits = ["check.min_rows=100", "check.sample_rows=60"]
    config = load(Config, [f"hand={hand}", *limits, *overrides])
    return CheckStep(
        embodiment=config.embodiment,
        check=config.check,
        objects=("ball", "box"),
        styles=("fast", "slow"),
        seed=config.seed,
    )


def context(home: Path, identity: str = "1234567890abcdef") -> Context:
    return make_context(home, identity, "check")


def labelled(layout: Layout, number: int) -> Episode:
    """Return an episode of one of two objects, with one of two styles, in one of two modes."""
    episode = make_episode(layout, number, LENGTH)
    for name, value in (("object", number), ("style", number // 2), ("mode", number // 3)):
        episode[name][:] = value % 2
    return episode


def write(
    folder: Path, layout: Layout, made: Iterable[Episode], size: int = 50_000, **counts: int
) -> Manifest:
    """Write episodes in shards of at most `size` bytes."""
    writer = EpisodeWriter(folder, layout, size)
    for episode in made:
        writer.append(episode)
    return writer.close(counts)


def put(home: Path, folder: Path) -> Ref:
    """Publish what was written."""
    return LocalStore(home / "store").publish(manifest_files(folder), folder.name, {})


def publish(
    home: Path, layout: Layout, first: int = 0, bend: Bend | None = None, size: int = 50_000
) -> Ref:
    """Publish rollouts of a few episodes, bent out of shape by `bend`."""
    episodes = [labelled(layout, first + i) for i in range(EPISODES)]
    if bend is not None:
        bend(episodes)
    write(home / f"rollouts-{first}", layout, episodes, size)
    return put(home, home / f"rollouts-{first}")


@pytest.mark.parametrize("hand", ["allegro", "trident"])
def test_sound_rollouts_reach_main(tmp_path: Path, hand: str) -> None:
    config = step(hand)
    layout = config.embodiment.make_layout()
    refs = {f"rollouts/{i}": publish(tmp_path, layout, 100 * i) for i in range(2)}
    store = LocalStore(tmp_path / "store")
    ref = check(config, refs, context(tmp_path))
    folder = store.open(ref)
    manifest = require_checked(folder, layout)
    assert manifest.rows == 2 * EPISODES * LENGTH
    assert store.resolve("main") == ref.version == store.resolve("datasets/1234567890ab")
    rows = sum(len(open_shard(folder / name, layout)["step"]) for name in manifest.shards)
    assert rows == manifest.rows
    tree = store.read(ref.version).tree
    for source in refs.values():  # merged by hash: the very objects of the rollouts
        for name, blob in store.read(source.version).tree.items():
            assert name == "manifest.json" or tree[f"{ref.path}/{name}"] == blob
    assert {r.version for r in refs.values()} <= {c.id for c in store.log("main")}
    assert {name.split("/")[0] for name in tree if name.startswith(ref.path)} == {"runs"}
    assert not [name for name in tree if name.endswith(".html")]  # pages are for who asks


def test_data_docs_are_written_for_who_asks(tmp_path: Path) -> None:
    """Of the second version: what it is compared with is in its verdict."""
    config = step()
    store, layout = LocalStore(tmp_path / "store"), config.embodiment.make_layout()
    for first in (100, 200):
        refs = {"rollouts/fast": publish(tmp_path, layout, first)}
        ref = check(config, refs, context(tmp_path, f"{first:064d}"[::-1]))
    page = write_docs(config, store, ref, tmp_path / "docs")
    assert page.is_file()
    (result,) = (tmp_path / "docs/validations").rglob("*.html")
    assert "value" in result.read_text()


PROGRAM = """
import os, signal, sys
from pathlib import Path
import tests.tasks.check.test_check as t
from tasks.store.names import Names

config, home, fatal = t.step(), Path(sys.argv[1]), int(sys.argv[2])
ref = t.publish(home, config.embodiment.make_layout())
move, moves = Names.move, []

def mortal_move(*arguments):
    moves.append(arguments)
    if len(moves) == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return move(*arguments)

Names.move = mortal_move
print(t.check(config, {"rollouts/fast": ref}, t.context(home)))
"""


def start_check(home: Path, fatal: int, seed: str) -> subprocess.Popen[bytes]:
    """Run a check in a process that kills itself before its `fatal`th move of a branch or tag."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home), str(fatal)],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_same_version_in_any_home_and_process_killed_or_not(tmp_path: Path) -> None:
    undisturbed = start_check(tmp_path / "one", 0, "1")
    store = LocalStore(tmp_path / "two/store")
    for fatal in (2, 3):  # before the dataset's commit and, in the rerun, before the merge
        process = start_check(tmp_path / "two", fatal, "2")
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert "main" not in store.branches()
    said = undisturbed.communicate()
    assert said[0].startswith(b"Ref(")
    assert said[1] == b""  # no progress bars, no log lines
    assert start_check(tmp_path / "two", 0, "2").communicate() == said


def set_value(name: str, index: tuple[int, ...], value: float, row: int = 7) -> Bend:
    def bend(episodes: list[Episode]) -> None:
        episodes[3][name][(row, *index)] = value

    return bend


def scale_quaternion(episodes: list[Episode]) -> None:
    episodes[3]["object_pose"][7, 3:] *= 0.9


def repeat_step(episodes: list[Episode]) -> None:
    episodes[3]["step"][7] = 6


def all_dropped(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode["drop"][-1] = 1


def early_drop(episodes: list[Episode]) -> None:
    episodes[3]["drop"][[7, -1]] = 1  # marked, and the episode goes on to its end, which may be


FAULTS: dict[str, tuple[Bend, str]] = {
    "nan": (set_value("joint_observation", (1,), np.nan), "joint_observation.left_proximal"),
    "infinite": (set_value("command", (0,), np.inf), "command.left_base"),
    "joint beyond its limit": (
        set_value("joint_position", (2,), 9.0),
        "joint_position.left_medial",
    ),
    "target beyond its limit": (set_value("joint_target", (2,), -9.0), "joint_target.left_medial"),
    "action beyond 1": (set_value("action", (3,), 1.5), "action.left_distal"),
    "keypoint far away": (set_value("keypoints", (0, 2), 3.0), "keypoints.left_pip.z"),
    "quaternion not unit": (scale_quaternion, "object_pose.norm"),
    "step repeated": (repeat_step, "step.jump"),
    "quaternion not unit, and a number of it beyond 1": (
        set_value("goal_pose", (slice(3, None),), 1.5),
        "goal_pose.norm",
    ),
    "quaternion not finite": (set_value("object_pose", (4,), np.nan), "object_pose.qx"),
    "drop within an episode": (early_drop, "drop.early"),
    "unknown mode": (set_value("mode", (), 2), "mode"),
    "flag of 2": (set_value("clean", (), 2), "clean"),
    "negative object": (set_value("object", (), -2), "object"),
    "unknown object": (set_value("object", (), 2), "object"),
    "unknown style": (set_value("style", (), 2), "style"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_main_is_untouched(tmp_path: Path, fault: str) -> None:
    bend, column = FAULTS[fault]
    config = step()
    layout = config.embodiment.make_layout()
    store = LocalStore(tmp_path / "store")
    store.merge(publish(tmp_path, layout, 50).version, "main")
    before = store.resolve("main")
    ref = publish(tmp_path, layout, 100, bend)
    with pytest.raises(UserError) as caught:
        check(config, {"rollouts/fast": ref}, context(tmp_path))
    message = str(caught.value)
    manifest = read_manifest(store.open(ref), layout)
    shard, row = next(
        (name, int(np.flatnonzero(arrays["episode"] == 103)[0]) + 7)
        for name in manifest.shards
        if 103 in (arrays := open_shard(store.open(ref) / name))["episode"]
    )
    assert message.startswith(f"{column}, shard {Path(shard).stem[:12]}, rows {row}")
    assert "\n" not in message
    assert store.resolve("main") == before
    kept = store.open(Ref("local", store.resolve("runs/1234567890ab"), "runs/1234567890ab"))
    verdict = json.loads((kept / "verdict.json").read_text())
    assert verdict["manifest"] == read_manifest(kept).hash()
    assert verdict["failures"][0]["rows"][0] == row
    assert len(verdict["failures"]) == 1, "one fault is said once"
    with pytest.raises(UserError, match="failed"):
        require_checked(kept, layout)


def test_too_many_drops_and_too_few_rows(tmp_path: Path) -> None:
    layout = step().embodiment.make_layout()
    refs = {"rollouts/fast": publish(tmp_path, layout, bend=all_dropped)}
    with pytest.raises(UserError, match="6 of 6 episodes end in a drop"):
        check(step("trident", "check.max_drop_share=0.5"), refs, context(tmp_path))
    few = step("trident", "check.min_rows=241", "check.max_drop_share=1.0")
    with pytest.raises(UserError, match=r"rows: 240 rows, check.min_rows asks for 241"):
        check(few, refs, context(tmp_path, "b" * 64))
    with pytest.raises(MissingRef):
        LocalStore(tmp_path / "store").resolve("main")


def test_drops_that_were_too_short_to_keep_count(tmp_path: Path) -> None:
    """6 episodes kept, none with a drop; 14 more dropped at once and left nothing to keep."""
    layout = step().embodiment.make_layout()
    kept = [labelled(layout, number) for number in range(EPISODES)]
    write(tmp_path / "made", layout, kept, episodes=EPISODES + 14, drops=14)
    ref = put(tmp_path, tmp_path / "made")
    one = context(tmp_path)
    with pytest.raises(UserError, match="14 of 20 episodes end in a drop"):
        check(step("trident", "check.max_drop_share=0.69"), {"rollouts/fast": ref}, one)
    rows = [json.loads(line) for line in one.metrics_file.read_text().splitlines()]
    assert [row["value"] for row in rows if row["name"] == "drop_share"] == [0.7]
    two = context(tmp_path, "b" * 64)
    check(step("trident", "check.max_drop_share=0.71"), {"rollouts/fast": ref}, two)


def test_a_run_of_a_writer_that_did_not_measure_a_column_is_refused(tmp_path: Path) -> None:
    config = step()
    layout = config.embodiment.make_layout()
    ref = publish(tmp_path, layout)
    manifest = read_manifest(tmp_path / "rollouts-0")
    old = {
        name: replace(shard, statistics={k: v for k, v in shard.statistics.items() if k != EARLY})
        for name, shard in manifest.shards.items()
    }
    folder = tmp_path / "rollouts-0"
    run = write_run(folder, old, manifest.rows_by, {}, layout.fingerprint(), "simulation")
    make_manifest(manifest.layout, "simulation", manifest.fields, [run], {}).write(folder)
    earlier = put(tmp_path, folder)
    with pytest.raises(EpisodesError, match=r"no statistics of drop.early: an earlier version"):
        check(config, {"rollouts/fast": earlier}, context(tmp_path))
    check(config, {"rollouts/fast": ref}, context(tmp_path, "b" * 64))


def test_a_manifest_that_lies_is_found_by_the_sample(tmp_path: Path) -> None:
    config = step("trident", "check.sample_rows=10000")
    layout = config.embodiment.make_layout()
    folder = tmp_path / "lying"
    honest = [labelled(layout, number) for number in range(EPISODES)]
    sound = write(tmp_path / "honest", layout, honest)
    for episode in honest:
        episode["joint_position"][0, 0] = 9.0
    bent = write(folder, layout, honest)
    shards = {
        mine: sound.shards[other] for mine, other in zip(bent.shards, sound.shards, strict=True)
    }
    run = write_run(folder, shards, sound.rows_by, {}, bent.layout, bent.source)
    make_manifest(bent.layout, bent.source, bent.fields, [run], {}).write(folder)
    ref = put(tmp_path, folder)
    with pytest.raises(UserError, match=r"joint_position\.left_base, shard .* rows 0"):
        check(config, {"rollouts/fast": ref}, context(tmp_path))


def test_corrupted_shard_is_one_line(tmp_path: Path) -> None:
    config = step()
    ref = publish(tmp_path, config.embodiment.make_layout())
    store = LocalStore(tmp_path / "store")
    tree = store.read(ref.version).tree
    name = next(path for path in tree if path.startswith("shards/"))
    path = store.root / "objects" / tree[name].sha256[:2] / tree[name].sha256
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(Corrupt, match=name) as caught:
        check(config, {"rollouts/fast": ref}, context(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_shard_that_changed_before_it_came_to_the_store_is_found(tmp_path: Path) -> None:
    config = step("trident", "check.sample_rows=1")
    folder, layout = tmp_path / "rotten", config.embodiment.make_layout()
    write(folder, layout, (labelled(layout, number) for number in range(EPISODES)))
    shard = sorted((folder / "shards").iterdir())[1]
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(content)
    ref = put(tmp_path, folder)
    with pytest.raises(EpisodesError, match=f"{shard.name} is not the file that the manifest"):
        check(config, {"rollouts/fast": ref}, context(tmp_path))
    assert LocalStore(tmp_path / "store").branches() == [f"loose/{ref.version}"]


def test_dataset_of_another_layout_is_refused(tmp_path: Path) -> None:
    ref = publish(tmp_path, step("allegro").embodiment.make_layout())
    with pytest.raises(LayoutMismatch, match="trident"):
        check(step("trident"), {"rollouts/fast": ref}, context(tmp_path))


def test_verdict_binds_to_the_manifest(tmp_path: Path) -> None:
    config = step()
    layout = config.embodiment.make_layout()
    ref = check(config, {"rollouts/fast": publish(tmp_path, layout)}, context(tmp_path))
    source = LocalStore(tmp_path / "store").open(ref)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("verdict.json", "manifest.json"):
        (copy / name).write_bytes((source / name).read_bytes())
    require_checked(copy, layout)
    changed = json.loads((copy / "manifest.json").read_text())
    changed |= {name: {"too_short": 9} for name in ("counts", "kept_nothing")}
    (copy / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(UserError, match="judged manifest"):
        require_checked(copy, layout)
    (copy / "verdict.json").unlink()
    with pytest.raises(UserError, match="no verdict"):
        require_checked(copy, layout)
