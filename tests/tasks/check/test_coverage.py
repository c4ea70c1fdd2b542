"""What each style covers: counted, sampled, and held against the version before."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from configs.layout import NO_OBJECT, Layout
from configs.refs import Ref
from envs.episodes.episodes import read_manifest
from tasks.check.check import check
from tasks.check.coverage import cover
from tasks.data.dataset_commits import shard_opener
from tasks.data.verdict import Verdict
from tasks.store.local import LocalStore
from tests.tasks.check.test_check import context, put, step, write
from tests.tiny_episodes import Episode, make_episode

SHOWN = {"goals": 5, "regrasps": 4, "recoveries": 3, "fingers_2": 60, "fingers_3": 20}
TOUCHES = {"touches_0": 80, "touches_1": 80, "touches_2": 20}
LENGTH = 40


def episode(layout: Layout, number: int, style: int, turned: bool) -> Episode:
    made = make_episode(layout, number, LENGTH)
    made["style"][:], made["object"][:], made["mode"][:] = style, number % 2, number % 2
    if not turned:
        made["object_pose"][:] = [0.05, 0.0, 0.05, 1.0, 0.0, 0.0, 0.0]
    return made


def publish(home: Path, first: int, turned: Sequence[bool], empty: bool = False) -> dict[str, Ref]:
    """Publish rollouts of both styles, two episodes each; `turned` says whose objects turn."""
    layout, refs = step().embodiment.make_layout(), {}
    for style, turns in enumerate(turned):
        folder = home / f"made-{first}-{style}"
        numbers = range(first + 10 * style, first + 10 * style + 2)
        made = [episode(layout, number, style, turns) for number in numbers]
        if empty:
            more = episode(layout, first + 10 * style + 5, style, True)
            more["object"][:] = NO_OBJECT
            made.append(more)
        write(folder, layout, made, **SHOWN, **TOUCHES)
        refs[f"rollouts/{style}"] = put(home, folder)
    return refs


def verdict(home: Path, ref: Ref) -> Verdict:
    return Verdict.read(LocalStore(home / "store").open(ref) / "verdict.json")


def test_a_style_is_counted_apart_and_its_objects_are_looked_up(tmp_path: Path) -> None:
    refs = publish(tmp_path, 100, turned=(True, False))
    found = verdict(tmp_path, check(step(), refs, context(tmp_path))).coverage
    assert list(found) == ["fast", "slow"]
    fast, slow = found["fast"], found["slow"]
    assert fast["episodes"] == slow["episodes"] == 2
    assert fast["frames"] == slow["frames"] == 2 * LENGTH
    assert [slow[name] for name in ("goals", "regrasps", "recoveries")] == [5, 4, 3]
    assert slow["fingers"] == pytest.approx(2.25)  # 60 frames of 2, 20 of 3
    shares = [slow[f"touch.{name}"] for name in ("left", "right", "thumb")]
    assert shares == [1.0, 1.0, 0.25]
    assert slow["orientations"] == slow["positions"] == 1
    assert fast["orientations"] > 20
    assert fast["positions"] > 20


def test_an_empty_hand_covers_nothing(tmp_path: Path) -> None:
    refs = publish(tmp_path, 100, turned=(False, False), empty=True)
    slow = verdict(tmp_path, check(step(), refs, context(tmp_path))).coverage["slow"]
    assert slow["empty"] == LENGTH
    assert slow["frames"] == 3 * LENGTH
    assert slow["orientations"] == slow["positions"] == 1


def test_a_style_that_covers_far_less_than_before_fails_and_one_that_gains_does_not(
    tmp_path: Path,
) -> None:
    limits = "check.previous={max_shift: 1000, max_ratio: 1000, floor: 1, min_covered: 0.5}"
    config = step("trident", limits)
    first = check(config, publish(tmp_path, 100, (True, False)), context(tmp_path, "a" * 64))
    words = r"fast\.orientations: 1 of style fast, \d+ in the version before; check\.previous\.min"
    with pytest.raises(UserError, match=words):
        check(config, publish(tmp_path, 200, (False, False)), context(tmp_path, "b" * 64))
    third = check(config, publish(tmp_path, 300, (True, True)), context(tmp_path, "c" * 64))
    said = verdict(tmp_path, third)
    assert said.previous == first.version
    assert said.coverage_before == verdict(tmp_path, first).coverage
    assert said.coverage["slow"]["orientations"] > said.coverage_before["slow"]["orientations"]


def test_runs_of_several_styles_go_by_all_their_names(tmp_path: Path) -> None:
    layout = step().embodiment.make_layout()
    made = [episode(layout, number, number % 2, True) for number in range(4)]
    write(tmp_path / "made", layout, made)
    ref, store = put(tmp_path, tmp_path / "made"), LocalStore(tmp_path / "store")
    manifest = read_manifest(store.open(ref), layout)
    found = cover(manifest, shard_opener(store, ref, layout), step())
    assert list(found) == ["fast + slow"]
    assert found["fast + slow"]["frames"] == 4 * LENGTH
    assert "fingers" not in found["fast + slow"]  # nobody counted
    assert json.dumps(found)
    assert np.isfinite([*found["fast + slow"].values()]).all()
