"""A hand's poses fit its joints, or its description is refused."""

import pytest

from configs.load import ConfigError, load, plain, validate
from configs.schema.hand import Hand
from configs.schema.pipeline import Config


@pytest.mark.parametrize("hand", ["allegro", "trident"])
def test_every_hand_has_the_poses_that_commands_lead_to(hand):
    assert {"open", "closed", "spread"} <= set(load(Config, [f"hand={hand}"]).hand.poses)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"poses": {}}, "has no pose `open`"),
        ({"poses": {"open": [0.0] * 3}}, "'open' has 3 angles for 16 joints"),
        ({"poses": {"open": [9.0] + [0.4] * 15}}, "'open' is outside the joint limits"),
        ({"rest": [0.4] * 15}, "'rest' has 15 angles for 16 joints"),
    ],
)
def test_poses_that_do_not_fit_the_hand_are_refused_in_one_line(changes, named):
    values = plain(load(Config, ["hand=allegro"]).hand) | changes
    with pytest.raises(ConfigError, match=named) as caught:
        validate(Hand, values, "hand/allegro.yaml")
    assert "\n" not in str(caught.value)
