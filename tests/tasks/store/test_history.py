"""Three-way merging and ancestors, by hand."""

import pytest

from tasks.store.history import ancestors, common_ancestor, merge_trees
from tasks.store.protocol import Blob, Commit, Conflict

A, B, C = (Blob(letter * 64, 1) for letter in "abc")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({"x": A}, {"x": A}, {"x": B}, {"x": B}),  # they changed it
        ({"x": A}, {"x": B}, {"x": A}, {"x": B}),  # we did
        ({"x": A}, {"x": B}, {"x": B}, {"x": B}),  # both, alike
        ({"x": A}, {}, {"x": A}, {}),  # we removed it
        ({"x": A}, {"x": A}, {}, {}),  # they did
        ({}, {"x": A}, {"y": B}, {"x": A, "y": B}),  # both added
    ],
)
def test_the_side_that_changed_a_path_wins(base, ours, theirs, expected) -> None:
    assert merge_trees(base, ours, theirs, "merge") == expected


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [({"x": A}, {"x": B}, {"x": C}), ({}, {"x": A}, {"x": B}), ({"x": A}, {}, {"x": B})],
)
def test_different_changes_of_one_path_conflict(base, ours, theirs) -> None:
    with pytest.raises(Conflict, match="merge: x"):
        merge_trees(base, ours, theirs, "merge")


def test_common_ancestor_is_the_nearest() -> None:
    root = Commit.make({"x": A}, (), "root", {})
    fork = Commit.make({"x": B}, (root.id,), "fork", {})
    left = Commit.make({"x": C}, (fork.id,), "left", {})
    right = Commit.make({"x": B, "y": A}, (fork.id,), "right", {})
    alone = Commit.make({"z": A}, (), "alone", {})
    read = {commit.id: commit for commit in (root, fork, left, right, alone)}.__getitem__

    def parents(version: str) -> tuple[str, ...]:
        return Commit.parents_in(read(version).to_bytes())

    assert common_ancestor(left.id, right.id, parents) == fork.id
    assert common_ancestor(left.id, alone.id, parents) is None
    assert [c.message for c in ancestors(left.id, read)] == ["left", "fork", "root"]


def test_commit_reads_back_under_its_own_id() -> None:
    commit = Commit.make({"b": B, "a": A}, ("p",), "message", {"n": 1.5, "list": [1]})
    again = Commit.from_bytes(commit.to_bytes())
    assert again == commit
    assert again.id == commit.id


def test_parents_are_read_without_the_tree() -> None:
    tricky = {"tree": {"parents": ["not these"]}, "text": '"parents":["nor these"],"tree":{'}
    commit = Commit.make({"a": A}, ("p", "q"), '{"parents":[]}', tricky)
    content = commit.to_bytes()
    assert Commit.parents_in(content) == ("p", "q")
    assert Commit.parents_in(content[: content.rindex(b'"tree":')] + b"...") == ("p", "q")
