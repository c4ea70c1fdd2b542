"""`dexgen data` as a person calls it, on a small real store of each kind."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from envs.episodes.statistics import Statistics
from flows.cli import main
from flows.commands.data_words import statistics_lines
from tasks.data.difference import Columns
from tasks.data.merging import merge
from tasks.store.local import LocalStore
from tests.lakefs_server.server import LakeFSServer
from tests.tasks.data.workshop import commit_dataset, fill
from tests.tasks.store.places import local, repository

Answer = tuple[int, str, str]  # exit code, output, error
Data = Callable[..., Answer]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    home = tmp_path_factory.mktemp("filled")
    versions = fill(LocalStore(home / "store"), tmp_path_factory.mktemp("scratch"))
    return home, versions


@pytest.fixture(params=["local", "lakefs"])
def data(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Data]:
    """Return a function that runs `dexgen data ...` on a filled store of each kind."""
    monkeypatch.setenv("DEXGEN_HOME", str(tmp_path / "home"))
    if request.param == "local":
        filled, _ = request.getfixturevalue("filled")
        shutil.copytree(filled, tmp_path / "home")
        yield caller(capsys)
        return
    server: LakeFSServer = request.getfixturevalue("server")
    with repository(tmp_path / "home", server, presign=False) as place:
        fill(place.open(), tmp_path / "scratch")
        yield caller(capsys, place.words)


def caller(capsys: pytest.CaptureFixture[str], where: list[str] | None = None) -> Data:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["data", *arguments, *(where or [])])
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def versions(filled: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """Ids are equal in both stores."""
    return filled[1]


def refused(answer: Answer) -> str:
    code, _, error = answer
    assert code == 2
    assert len(error.splitlines()) == 1
    return error


def test_log_names_version_verdict_and_names(data: Data, versions: dict[str, str]) -> None:
    code, out, _ = data("log")
    assert code == 0
    line = out.splitlines()[0]
    assert line.startswith(versions["good"][:12])
    assert "check (passed)" in line
    assert "[main, runs/good, datasets/good]" in line


def test_log_takes_no_negative_count(data: Data) -> None:
    code, _, error = data("log", "-n", "-1")
    assert code == 2
    assert "-n" in error


def test_log_lists_branches_and_tags(data: Data, versions: dict[str, str]) -> None:
    _, out, _ = data("log", "--refs")
    rows = [line.split() for line in out.splitlines()]
    assert ["branch", "main", versions["good"][:12]] in rows
    assert ["tag", "datasets/good", versions["good"][:12]] in rows
    assert "steps/" not in out
    assert "steps/" + "ab" * 32 in data("log", "--refs", "--all")[1]


def test_show_says_what_a_dataset_holds(data: Data, versions: dict[str, str]) -> None:
    _, out, _ = data("show", "main")
    assert versions["good"] in out
    assert re.search(r"rows +800", out)
    assert re.search(r"verdict +passed", out)
    assert data("show", "main:runs/good")[1] == out
    assert "'runs/x'" in refused(data("show", "main:runs/x"))
    bad = data("show", "runs/bad")[1]
    assert re.search(r"verdict +failed", bad)
    assert re.search(
        r"FAILED action\[3\], shard \w+, rows 4, 5, 6, 7, 8 and 4 more: 1.5 is above 1.0", bad
    )
    assert "step.txt" in data("show", versions["step"][:12])[1]


def test_diff_counts_rows_and_sorts_columns_by_shift(data: Data) -> None:
    code, out, _ = data("diff", "main", "runs/bad")
    assert code == 0
    assert "800 rows" in out
    assert "1,200 rows" in out
    at = out.splitlines().index(next(line for line in out.splitlines() if "mean A" in line))
    shifts = [float(line.split()[1]) for line in out.splitlines()[at + 1 : at + 6]]
    assert shifts == sorted(shifts, reverse=True)
    assert shifts[0] > 0
    assert "equal in all" in data("diff", "main", "datasets/good")[1]


def test_diff_of_two_hands_names_the_columns_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEXGEN_HOME", str(tmp_path / "home"))
    local(tmp_path / "home")
    store, data = LocalStore(tmp_path / "home/store"), caller(capsys)
    commit_dataset(store, tmp_path / "one", "one", 4)
    commit_dataset(store, tmp_path / "two", "two", 4, hand="trident")
    for words in (("runs/one", "runs/two"), ("runs/two", "runs/one")):
        for hand in ("allegro", "trident"):
            code, out, _ = data("diff", *words, f"hand={hand}", "--all")
            assert code == 0
            assert "layout differs" in out
            assert "[" not in out, "a column without a name"
            for name in (r"n\.thumb_base ", r"\w\.index_", r"\w\.left_"):
                assert re.search(name, out)  # of either hand
            assert "columns only in A: " in out
            assert "columns only in B: " in out


def test_diff_lists_names_of_things_last_and_says_what_was_constant() -> None:
    def columns(name: str, mean: float, std: float) -> Columns:
        ends, none = (np.array([mean - std]), np.array([mean + std])), np.zeros(1, dtype=int)
        pooled = Statistics(10, *ends, np.array([mean]), np.array([std]), none)
        return {name: (pooled, 0)}

    before = columns("episode", 0, 1) | columns("gravity.x", 0, 0) | columns("action", 0, 1)
    after = columns("episode", 99, 1) | columns("gravity.x", 1, 0) | columns("action", 0.5, 1)
    lines = statistics_lines(before, after, whole=True).splitlines()[2:]
    assert [line.split()[:2] for line in lines] == [
        ["gravity.x", "constant"],
        ["action", "0.500"],
        ["episode", "99.000"],
    ]


def test_tag_is_for_good(data: Data, versions: dict[str, str]) -> None:
    assert data("tag", "v/1", "main")[0] == 0
    assert versions["good"][:12] in data("log", "--refs")[1]
    assert "for good" in refused(data("tag", "v/1", "runs/bad"))


def test_merge_into_main_takes_what_passed_and_nothing_else(
    data: Data, versions: dict[str, str]
) -> None:
    assert "failed its checks" in refused(data("merge", "runs/bad"))
    assert "holds no dataset" in refused(data("merge", versions["step"]))
    assert versions["good"][:12] in data("log")[1].splitlines()[0]
    assert "had it already" in data("merge", "runs/good")[1]
    code, out, error = data("merge", "runs/bad", "--into", "trials")
    assert (code, error) == (0, "")
    assert out.startswith("trials is now at")


def test_verify_finds_a_sound_store_sound(data: Data) -> None:
    code, out, _ = data("verify")
    assert code == 0
    assert "sound: " in out
    assert data("verify", "main")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("show", "nothing"), "nothing"),
        (("diff", "main"), "2 name(s) wanted"),
        (("diff", "main", "nothing"), "nothing"),
        (("verify", "nothing"), "nothing"),
        (("tag", "v/1", "nothing"), "nothing"),
        (("show", "main", "no_such_key=1"), "no_such_key"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], named: str, data: Data) -> None:
    assert named in refused(data(*arguments))


def test_verify_names_damage_and_mends_it_when_told(
    filled: tuple[Path, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home, versions = filled
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("DEXGEN_HOME", str(tmp_path / "home"))
    local(tmp_path / "home")
    store, data = LocalStore(tmp_path / "home/store"), caller(capsys)
    (made,) = store.read(versions["step"]).tree.values()
    path, lost = next(
        (p, b) for p, b in store.read(versions["good"]).tree.items() if p.endswith(".safetensors")
    )
    kept = store.objects.path(lost).rename(tmp_path / "kept")
    file = store.objects.path(made)
    file.chmod(0o644)
    file.write_bytes(bytes(made.size))
    for _ in range(2):  # the first one changes nothing
        code, out, _ = data("verify")
        assert code == 1
        assert f"DAMAGED object {lost.sha256} is missing; needed by" in out
        assert f":{path}" in out
        assert f"DAMAGED object {made.sha256} has changed bytes; needed by" in out
        assert "`dexgen data verify --set-aside`, and then the command that ran a step" in out
        assert "put the rest back from a copy" in out
    assert "set aside: the command that ran a step makes anew" in data("verify", "--set-aside")[1]
    assert not file.exists()
    assert store.index_get("ab" * 32) is None
    step = tmp_path / "step.txt"
    step.write_text("what a step made")
    store.publish({"step.txt": step}, "a step", {"identity": "ab" * 32, "step": "objects"})
    assert data("verify", versions["step"])[0] == 0  # it does not need what is missing
    kept.rename(store.objects.path(lost))
    assert data("verify")[0] == 0


def test_merge_into_main_takes_no_file_that_a_manifest_does_not_name(tmp_path):
    store = LocalStore(tmp_path / "store")
    commit_dataset(store, tmp_path / "good", "good", 4)
    for name in ("notes", f"shards/{'0' * 64}.safetensors"):
        branch = f"runs/good-{len(name)}"
        store.branch(branch, "runs/good")
        file = tmp_path / "extra"
        file.write_text("not judged")
        store.put(branch, f"runs/good/{name}", file)
        store.commit(branch, "more", {})
        with pytest.raises(UserError, match=f"{name} is not in the manifest"):
            merge(store, branch, "main")
    assert merge(store, "runs/good", "main") == store.resolve("runs/good")
