"""Two levels of a manifest: what it says without its shards, and every way in which it can lie."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from configs.layout import Layout
from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.episodes import (
    EpisodesError,
    EpisodeWriter,
    Manifest,
    manifest_files,
    measure_fields,
    merge_manifests,
    open_shard,
    read_manifest,
)
from tests.tiny_episodes import make_episode

SHARD_BYTES = 20_000


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load(Config, ["hand=trident"]).embodiment.make_layout()


def write(folder: Path, layout: Layout, numbers: range, **counts: int) -> Manifest:
    """Write episodes of one writer; object, style and mode follow from an episode's number."""
    writer = EpisodeWriter(folder, layout, SHARD_BYTES)
    for number in numbers:
        episode = make_episode(layout, number, 30)
        episode["object"][:] = number % 3
        episode["mode"][:] = number % 2
        writer.append(episode)
    return writer.close(counts)


def publish(manifest: Manifest, sources: list[Path], folder: Path) -> Manifest:
    """Put a merged manifest and the files that it names into a folder, as a store does."""
    for source in sources:
        for name, path in manifest_files(source).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(path.read_bytes())
    manifest.write(folder)
    return read_manifest(folder)


def merged(tmp_path: Path, layout: Layout) -> tuple[Manifest, Path]:
    sources = [tmp_path / "a", tmp_path / "b"]
    parts = [write(sources[0], layout, range(6)), write(sources[1], layout, range(100, 103))]
    folder = tmp_path / "merged"
    return publish(merge_manifests(parts), sources, folder), folder


def test_a_merged_dataset_lists_runs_and_reads_back(tmp_path: Path, layout: Layout) -> None:
    manifest, folder = merged(tmp_path, layout)
    parts = [read_manifest(tmp_path / name) for name in "ab"]
    assert [run.name for run in manifest.runs] == sorted(p.runs[0].name for p in parts)
    assert manifest.rows == 9 * 30
    assert manifest.episodes == 9
    names = list(manifest.shards)
    assert names == sorted({*parts[0].shards, *parts[1].shards})
    assert len(names) > 3
    content = json.loads((folder / "manifest.json").read_text())
    assert not any(name in json.dumps(content) for name in names)  # only the runs list shards
    for name, shard in manifest.shards.items():
        arrays = open_shard(folder / name, layout)
        assert (shard.rows, shard.bytes) == (len(arrays["step"]), (folder / name).stat().st_size)
        measured = measure_fields(arrays, layout)
        assert set(shard.statistics) == set(measured)
        for field, statistics in shard.statistics.items():
            for value, expected in zip(
                vars(statistics).values(), vars(measured[field]).values(), strict=True
            ):
                np.testing.assert_array_equal(value, expected)


def test_the_manifest_alone_says_everything_but_the_shards(tmp_path: Path, layout: Layout) -> None:
    whole, folder = merged(tmp_path, layout)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    manifest = read_manifest(alone, layout)
    assert manifest.hash() == whole.hash()
    assert (manifest.rows, manifest.episodes, manifest.counts) == (270, 9, whole.counts)
    np.testing.assert_array_equal(
        manifest.statistics()["action"].mean, whole.statistics()["action"].mean
    )
    with pytest.raises(EpisodesError, match=r"runs/[0-9a-f]{64}\.safetensors: missing run") as said:
        list(manifest.shards)
    assert "\n" not in str(said.value)


def test_rows_are_counted_by_object_style_and_mode(tmp_path: Path, layout: Layout) -> None:
    manifest, folder = merged(tmp_path, layout)
    found = {
        label: np.concatenate([open_shard(folder / name)[label] for name in manifest.shards])
        for label in ("object", "style", "mode")
    }
    for label, values in found.items():
        counted = zip(*np.unique(values, return_counts=True), strict=True)
        assert manifest.rows_by[label] == {str(value): number for value, number in counted}
    assert manifest.rows_by["style"] == {"0": 270}


def test_order_of_merging_does_not_matter(tmp_path: Path, layout: Layout) -> None:
    a, b, c = (write(tmp_path / str(i), layout, range(9 * i, 9 * i + 4), x=i) for i in range(3))
    one = merge_manifests([a, b, c])
    assert one.counts == {"x": 3}
    assert merge_manifests([c, merge_manifests([b, a])]).to_bytes() == one.to_bytes()
    assert merge_manifests([a, b]).hash() != one.hash()


def test_counts_of_writers_that_kept_nothing_stay(tmp_path: Path, layout: Layout) -> None:
    full = write(tmp_path / "full", layout, range(2), too_short=1)
    empty = [write(tmp_path / str(i), layout, range(0), too_short=5, drops=2) for i in range(2)]
    assert empty[0].runs == ()
    together = merge_manifests([empty[0], full, empty[1]])
    assert together.counts == {"drops": 4, "too_short": 11}
    together.write(tmp_path)
    assert read_manifest(tmp_path).counts == together.counts
    assert together.hash() != full.hash()


def test_the_same_shard_in_two_runs_is_an_error(tmp_path: Path, layout: Layout) -> None:
    one, two = (write(tmp_path / str(i), layout, range(3), attempt=i) for i in range(2))
    assert one.runs[0].name != two.runs[0].name  # counts are part of a run
    with pytest.raises(EpisodesError, match=r"shards/.* would be in the dataset twice"):
        merge_manifests([one, two])


def damage(path: Path, how: str, rng: np.random.Generator) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[: rng.integers(len(content))])
    elif how == "flipped":
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(content)
    else:
        path.unlink()


@pytest.mark.parametrize(
    ("how", "word"),
    [("cut", "cut off or changed"), ("flipped", "cut off or changed"), ("missing", "missing run")],
)
def test_a_damaged_run_is_named(tmp_path: Path, layout: Layout, how: str, word: str) -> None:
    written = write(tmp_path, layout, range(4))
    path = tmp_path / written.runs[0].name
    content, rng = path.read_bytes(), np.random.default_rng(3)
    for _ in range(40):
        damage(path, how, rng)
        manifest = read_manifest(tmp_path, layout)
        for use in (lambda m: list(m.shards), manifest_files, lambda m: merge_manifests([m, m])):
            with pytest.raises(EpisodesError, match=f"{path.name}: {word}") as caught:
                use(tmp_path if use is manifest_files else manifest)  # type: ignore[arg-type]
            assert "\n" not in str(caught.value)
        path.write_bytes(content)
    assert list(read_manifest(tmp_path).shards) == list(written.shards)


Change = Callable[[dict], None]


def more(name: str) -> Change:
    def change(content: dict) -> None:
        next(iter(content["runs"].values()))[name] += 1

    return change


def run_counts(content: dict) -> None:
    next(iter(content["runs"].values()))["counts"]["too_short"] = 7


def shifted_labels(content: dict) -> None:
    rows = next(iter(content["runs"].values()))["rows_by"]["mode"]
    rows["0"], rows["1"] = rows["0"] - 1, rows["1"] + 1


def no_run(content: dict) -> None:
    content["runs"] = {"shards/x": next(iter(content["runs"].values()))}


LIES: dict[str, tuple[Change, str]] = {
    "rows of a run": (more("dropped"), r"runs/.*: dropped: 0 in the run, 1 in the man"),
    "bytes of a run": (more("bytes"), r"runs/.*: bytes: "),
    "number of shards": (more("shards"), r"runs/.*: shards: "),
    "counts of a run": (run_counts, r"runs/.*: counts: \{'too_short': 2\} in the run"),
    "rows by another mode": (shifted_labels, r"runs/.*: rows_by: "),
    "a run of another name": (no_run, r"manifest\.json: not a manifest"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_is_not_its_runs_is_refused(
    tmp_path: Path, layout: Layout, lie: str
) -> None:
    change, words = LIES[lie]
    write(tmp_path, layout, range(4), too_short=2)
    content = json.loads((tmp_path / "manifest.json").read_text())
    change(content)
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(EpisodesError, match=words) as caught:
        list(read_manifest(tmp_path, layout).shards)
    assert "\n" not in str(caught.value)


def test_the_first_format_is_refused_with_the_remedy(tmp_path: Path) -> None:
    old = {"format": 1, "layout": "", "source": "simulation", "fields": [], "shards": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(old | {"counts": {}}))
    with pytest.raises(EpisodesError, match=r"format 1, .* reads 2; .*dexgen run") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)
