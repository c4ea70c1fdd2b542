"""How far the critic lets an action be followed, with risks that are known beforehand."""

import pytest
import torch

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from models.critic import Critic
from tests.models.small_networks import NETWORK, make_critic

GAINS = (1.0, 0.5, 0.25, 0.0)


class Known(Critic):
    """The real critic with a risk of our choosing in place of the network's log odds."""

    def __init__(self, layout, of_sum):
        super().__init__(layout, NETWORK)
        self.of_sum = of_sum
        self.normalizer.fit(
            torch.randn(9, layout.history, layout.step_size),
            torch.randn(9, *layout.motion_shape),
            1e-4,
        )

    def logit(self, state, action):
        return torch.logit(self.of_sum(action[..., 0]))


@pytest.fixture
def history(body):
    torch.manual_seed(3)
    return torch.randn(4, body.layout.history, body.layout.step_size)


def command(layout, *first: float) -> torch.Tensor:
    """Return actions whose first joint moves; `Known` reads no other."""
    action = torch.zeros(len(first), layout.num_joints)
    action[:, 0] = torch.tensor(first)
    return action


def test_the_greatest_gain_within_caution_is_taken(body, history):
    """The risk is 0.1 + 0.4 a: for a = 1 it exceeds a still hand's by 0.4, 0.2, 0.1, 0."""
    critic = Known(body.layout, lambda a: 0.1 + 0.4 * a)
    action = command(body.layout, 1.0, 1.0, 1.0, 0.5)
    caution = torch.tensor([0.45, 0.25, 0.05, 0.25])
    # 0.5 is half as risky: 0.2, which is within 0.25
    assert critic.gain(history, action, caution).tolist() == [1.0, 0.5, 0.0, 1.0]
    found = critic.risks(history, action)[0].tolist()
    assert found == pytest.approx([0.5, 0.3, 0.2, 0.1])


def test_caution_one_follows_everything(body, history):
    critic = Known(body.layout, lambda a: 0.001 + 0.998 * a)
    whole = critic.gain(history, command(body.layout, *[1.0] * 4), torch.ones(4))
    assert whole.tolist() == [1.0] * 4


def test_a_risk_that_jumps_with_any_motion_gives_no_gain(body, history):
    critic = Known(body.layout, lambda a: torch.where(a > 0, 0.9, 0.1))
    caution = torch.tensor([0.0, 0.1, 0.5, 0.79])
    assert critic.gain(history, command(body.layout, *[1.0] * 4), caution).tolist() == [0.0] * 4


def test_a_command_that_lowers_the_risk_is_followed_whatever_the_risk(body, history):
    """Holding still is all but a drop already: what is judged is the risk beyond that."""
    critic = Known(body.layout, lambda a: 0.95 - 0.5 * a)
    none = torch.zeros(4)
    assert critic.gain(history, command(body.layout, *[1.0] * 4), none).tolist() == [1.0] * 4


def test_a_greater_gain_may_be_safer_than_a_smaller_one(body, history):
    """Half a step is what drops the object here; the whole one is asked about first."""
    critic = Known(body.layout, lambda a: torch.where((a - 0.5).abs() < 0.01, 0.9, 0.1))
    caution = torch.full((4,), 0.05)
    action = command(body.layout, 1.0, 0.5, 2.0, 1.0)
    # 0.5 whole is at the bad place, half of it is not; of 2.0 a quarter would be
    assert critic.gain(history, action, caution).tolist() == [1.0, 0.5, 1.0, 1.0]


def test_more_caution_given_never_means_less_followed(body, history):
    critic = make_critic(body.layout)
    torch.nn.init.normal_(critic.output.weight, std=3.0)
    action = 2 * torch.rand(4, body.layout.num_joints) - 1
    found = torch.stack(
        [critic.gain(history, action, torch.full((4,), c)) for c in (0.0, 0.01, 0.1, 0.5, 1.0)]
    )
    assert (found.diff(dim=0) >= 0).all()
    assert set(found.flatten().tolist()) <= set(GAINS)
    assert found[-1].tolist() == [1.0] * 4


def test_loss_is_the_cross_entropy_and_jitter_is_standardised(body, history):
    """Where the risk is 0.2: -ln 0.2 for a drop, -ln 0.8 for none."""
    critic = Known(body.layout, lambda a: 0.2 + 0 * a)
    action, none = command(body.layout, *[0.0] * 4), torch.zeros(1)
    soon = torch.tensor([1.0, 0.0, 0.0, 0.0])
    expected = torch.log(torch.tensor([5.0, 1.25, 1.25, 1.25])).mean()
    torch.testing.assert_close(critic.loss(history, action, soon, none), expected)
    real, other = make_critic(body.layout), history + 1.0
    jitter = real.normalizer.history(other) - real.normalizer.history(history)
    moved, wanted = real.loss(history, action, soon, jitter), real.loss(other, action, soon, none)
    torch.testing.assert_close(moved, wanted)
    assert abs(float(real.loss(history, action, soon, none) - wanted)) > 1e-4


@pytest.mark.parametrize("gains", ["[1.0, 0.5]", "[0.8, 0.0]", "[1.0, 0.2, 0.5, 0.0]", "[1.0]"])
def test_gains_descend_from_one_to_nothing(gains):
    with pytest.raises(ConfigError, match="gains") as caught:
        load(Config, [f"critic.network.gains={gains}"])
    assert "\n" not in str(caught.value)
