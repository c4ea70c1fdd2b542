"""The statistics against the version before: which one that is, and what is too far."""

import json
from pathlib import Path

import pytest

from configs.errors import UserError
from configs.refs import Ref
from tasks.check.check import check
from tasks.data.verdict import require_checked
from tasks.store.local import LocalStore
from tests.tasks.check.test_check import Bend, context, publish, step
from tests.tiny_episodes import Episode


def run(
    home: Path, first: int, *overrides: str, hand: str = "trident", bend: Bend | None = None
) -> Ref:
    """Check rollouts of episodes from `first` on, under an identity of their own."""
    config = step(hand, *overrides)
    ref = publish(home, config.embodiment.make_layout(), first, bend)
    return check(config, {"rollouts/fast": ref}, context(home, f"{first:064d}"[::-1]))


def verdict(home: Path, ref: Ref) -> dict:
    return json.loads((LocalStore(home / "store").open(ref) / "verdict.json").read_text())


def lighter(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode["gravity"][:, 2] = -5.0


def timid(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode["command"] *= 0.01


def test_each_version_is_compared_with_the_newest_before_it(tmp_path: Path) -> None:
    refs = [run(tmp_path, first) for first in (100, 200, 300)]
    said = [verdict(tmp_path, ref)["previous"] for ref in refs]
    assert said == [None, refs[0].version, refs[1].version]
    store, layout = LocalStore(tmp_path / "store"), step().embodiment.make_layout()
    main = store.open(Ref("local", store.resolve("main"), ""))
    for ref in refs:
        require_checked(main / ref.path, layout)


def test_a_check_that_runs_again_is_compared_with_what_was_there(tmp_path: Path) -> None:
    refs = [run(tmp_path, first) for first in (100, 200, 300)]
    store = LocalStore(tmp_path / "store")
    head = store.resolve("main")
    assert [run(tmp_path, first) for first in (100, 200, 300)] == refs
    assert store.resolve("main") == head


def test_a_mean_that_moved_fails_and_leaves_main(tmp_path: Path) -> None:
    first = run(tmp_path, 100)
    store = LocalStore(tmp_path / "store")
    with pytest.raises(UserError) as caught:
        run(tmp_path, 200, bend=lighter)
    message = str(caught.value)
    assert message.startswith(
        f"gravity.z: mean -5, -9.81 in the version before {first.version[:12]}: 12 of its"
    )
    assert "\n" not in message
    assert store.resolve("main") == first.version
    (branch,) = [name for name in store.branches() if name.startswith("runs/002")]
    kept = Ref("local", store.resolve(branch), branch)
    said = verdict(tmp_path, kept)
    assert said["previous"] == first.version
    assert [row["column"] for row in said["failures"]] == ["gravity.z"]


def test_limits_can_be_wider_or_off(tmp_path: Path) -> None:
    first = run(tmp_path, 100)
    wide = run(tmp_path, 200, "check.previous.max_shift=13", bend=lighter)
    assert verdict(tmp_path, wide)["previous"] == first.version
    off = run(tmp_path, 300, "check.previous=null")
    assert verdict(tmp_path, off)["previous"] is None


def test_a_spread_that_collapsed_fails(tmp_path: Path) -> None:
    run(tmp_path, 100)
    with pytest.raises(UserError, match=r"command\..*: standard deviation 0\.0\d+, 0\.5\d+ in"):
        run(tmp_path, 200, bend=timid)


def test_another_hand_is_passed_over(tmp_path: Path) -> None:
    first = run(tmp_path, 100)
    other = run(tmp_path, 200, hand="allegro")
    assert verdict(tmp_path, other)["previous"] is None
    assert verdict(tmp_path, run(tmp_path, 300))["previous"] == first.version


def test_a_version_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    first, second = run(tmp_path, 100), run(tmp_path, 200)
    store = LocalStore(tmp_path / "store")
    sha256 = store.read(second.version).tree[f"{second.path}/manifest.json"].sha256
    (store.root / "objects" / sha256[:2] / sha256).unlink()
    (store.root / "checkouts" / second.version / second.path / "manifest.json").unlink(True)
    assert verdict(tmp_path, run(tmp_path, 300))["previous"] == first.version
