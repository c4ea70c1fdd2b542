"""Three-way merging, and parents, by hand."""

import pytest

from tasks.store.history import merge_trees
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


def test_parents_are_read_without_the_tree() -> None:
    tricky = {"tree": {"parents": ["not these"]}, "text": '"parents":["nor these"],"tree":{'}
    commit = Commit.make({"a": A}, ("p", "q"), '{"parents":[]}', tricky)
    content = commit.to_bytes()
    assert Commit.parents_in(content) == ("p", "q")
    assert Commit.parents_in(content[: content.rindex(b'"tree":')] + b"...") == ("p", "q")
