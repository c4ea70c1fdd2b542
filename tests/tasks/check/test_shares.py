"""Shares by object, style and mode, and what is looked at when there are many shards."""

from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from envs.episodes.episodes import Manifest, merge_manifests, read_manifest
from tasks.check.check import check
from tasks.check.checked_table import Sample, checked_rows, draw_rows
from tasks.check.examination import violating_shards
from tasks.check.expectations import expected_columns
from tasks.store.local import LocalStore
from tasks.store.protocol import MissingRef
from tests.tasks.check.test_check import context, publish, set_value, step
from tests.tiny_episodes import Episode


def one_object(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode["object"][:] = 0


def rarely_slow(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode["style"][:] = 0
    episodes[2]["style"][:10] = 1


def merged(tmp_path: Path) -> Manifest:
    """Return the manifest of the two runs that were published."""
    return merge_manifests(read_manifest(tmp_path / f"rollouts-{first}") for first in (100, 200))


def test_an_object_without_rows_fails_by_name(tmp_path: Path) -> None:
    layout = step().embodiment.make_layout()
    refs = {"rollouts/fast": publish(tmp_path, layout, bend=one_object)}
    words = r"object\.box: 0 of 240 rows, a share of 0; check\.min_share\.object asks for 0\.05"
    with pytest.raises(UserError, match=words) as caught:
        check(step(), refs, context(tmp_path))
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingRef):
        LocalStore(tmp_path / "store").resolve("main")
    check(step("trident", "check.min_share.object=null"), refs, context(tmp_path, "b" * 64))


def test_a_share_is_measured_against_an_equal_one(tmp_path: Path) -> None:
    """10 of 240 rows are `slow`, a twelfth of the half that would be equal."""
    layout = step().embodiment.make_layout()
    refs = {"rollouts/fast": publish(tmp_path, layout, bend=rarely_slow)}
    with pytest.raises(UserError, match=r"style\.slow: 10 of 240 rows, a share of 0\.0417"):
        check(step("trident", "check.min_share.style=0.09"), refs, context(tmp_path))
    check(step("trident", "check.min_share.style=0.08"), refs, context(tmp_path, "b" * 64))


def test_a_column_that_fails_in_many_shards_names_the_first(tmp_path: Path) -> None:
    layout = step().embodiment.make_layout()

    def everywhere(episodes: list[Episode]) -> None:
        for episode in episodes:
            episode["action"][3, 0] = 1.5

    ref = publish(tmp_path, layout, 100, everywhere, 20_000)
    shards = list(read_manifest(tmp_path / "rollouts-100").shards)
    assert len(shards) > 3
    with pytest.raises(UserError) as caught:
        check(step(), {"rollouts/fast": ref}, context(tmp_path))
    first, count = Path(shards[0]).stem[:12], len(shards)
    message = str(caught.value)
    assert message.startswith(f"action.left_base, shard {first} (the first of {count}), rows 3")


def test_rows_that_are_not_finite_are_counted_over_all_shards(tmp_path: Path) -> None:
    config = step()
    layout = config.embodiment.make_layout()
    for first, value in ((100, np.nan), (200, np.inf)):
        publish(tmp_path, layout, first, set_value("command", (2,), value))
    manifest = merged(tmp_path)
    columns = expected_columns(layout, config.check.margins, manifest.fields)
    rows = list(checked_rows(manifest, columns, {}, config.check))
    wrong = violating_shards(manifest, columns)
    name = "command.left_medial"
    assert {key: len(shards) for key, shards in wrong.items() if shards} == {name: 2}
    assert {row[1]: row[3] for row in rows if row[2] == "non_finite" and row[3]} == {name: 2}
    ends = [row[3] for row in rows if row[1] == name and row[2] in ("minimum", "maximum")]
    assert np.isfinite(ends).tolist() == [True, True]


def test_the_sample_opens_few_shards_and_is_the_same_each_time(tmp_path: Path) -> None:
    layout = step().embodiment.make_layout()
    for first in (100, 200):
        publish(tmp_path, layout, first, set_value("action", (1,), first / 1000), 20_000)
    manifest = merged(tmp_path)
    assert len(manifest.shards) > 4

    def draw(seed: int, **size: int) -> list[tuple[str, list[int]]]:
        rng = np.random.default_rng(seed)
        return [(name, rows.tolist()) for name, rows in draw_rows(manifest, Sample(**size), rng)]

    few = draw(1, rows=20, shards=3)
    assert 1 <= len(few) <= 3
    assert few == draw(1, rows=20, shards=3) != draw(2, rows=20, shards=3)
    assert sum(len(rows) for _, rows in few) <= 20
    for name, rows in few:
        assert rows == sorted(set(rows))
        assert max(rows) < manifest.shards[name].rows
    every = draw(1, rows=10**6, shards=100)
    assert [name for name, _ in every] == list(manifest.shards)
    assert sum(len(rows) for _, rows in every) == manifest.rows
    chosen = {name for seed in range(60) for name, _ in draw(seed, rows=20, shards=3)}
    assert chosen == set(manifest.shards)
