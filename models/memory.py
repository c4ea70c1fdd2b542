"""What is remembered of a command: running averages, as explicit state of fixed size.

A hand's memory is one row of numbers, all zero when an episode begins. Each control step takes
the row in and gives the next one back, so that a graph without state of its own computes the same
wherever it runs:

    memory, command, target, position -> next memory -> features, activity

The averages are exponential and corrected for their start: after one step each is that step's
value, whatever its time constant.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.student import MemoryConfig

FORGET = -100.0  # log of a decay that keeps nothing: exp(-100) is lost beside any number in use
SATURATED = 0.99  # [action] a command beyond it asks for all there is


class Now(NamedTuple):
    """One control step of B hands with n joints; lengths in steps of action 1."""

    command: Tensor  # [B, n] in [-1, 1]
    target: Tensor  # [B, n] joint target before the command
    error: Tensor  # [B, n] joint target minus reading


class CommandMemory(nn.Module):
    """Averages of commands, targets and tracking errors.

    Attributes:
        size: numbers that a hand remembers. width: features made of them.
    """

    log_keep: Tensor  # [size - 1] log of each average's decay in a control step
    rate: Tensor  # [size - 1] 1 - decay: how much of a step's value is taken in
    middle: Tensor  # [n] [rad] of a joint's range
    half_range: Tensor  # [n] [rad] half of it

    def __init__(self, layout: Layout, config: MemoryConfig):
        super().__init__()
        self.scale, n = layout.action_scale, layout.num_joints
        self.spans = {
            "command": (config.command_s, n),
            "target": (config.target_s, n),
            "error": (config.error_s, n),
            "power": (config.power_s, n),
            "persistence": (config.power_s, n),
            "saturation": (config.power_s, 1),
            "activity": ((config.activity_s,), 1),
        }
        decays = [
            -1.0 / (layout.control_hz * time)
            for times, width in self.spans.values()
            for time in times
            for _ in range(width)
        ]
        averages = {name: len(times) for name, (times, width) in self.spans.items() if width == n}
        powers = len(config.power_s)
        self.size = 1 + n + len(decays)  # first the count of steps and the last command
        self.width = n * (3 + sum(averages.values())) + 3 * powers + 2
        log_keep = torch.tensor([FORGET] * n + decays, dtype=torch.float64)
        self.register_buffer("log_keep", log_keep.float(), persistent=False)
        self.register_buffer("rate", -log_keep.expm1().float(), persistent=False)
        lower, upper = torch.tensor(layout.joint_lower), torch.tensor(layout.joint_upper)
        self.register_buffer("middle", (lower + upper) / 2, persistent=False)
        self.register_buffer("half_range", (upper - lower) / 2, persistent=False)

    def empty(self, batch: int) -> Tensor:
        """Return the memory [B, size] of hands whose episodes begin."""
        return torch.zeros(batch, self.size, device=self.log_keep.device)

    def now(self, command: Tensor, target: Tensor, position: Tensor) -> Now:
        """Return a step from a command [B, n] and joint targets and readings [B, n] [rad]."""
        return Now(command, target / self.scale, (target - position) / self.scale)

    def step(self, memory: Tensor, now: Now) -> Tensor:
        """Return the memory [B, size] with this step taken in."""
        n = now.command.shape[1]
        before = memory[:, 1 : 1 + n]
        saturated = (now.command.abs() > SATURATED).to(now.command.dtype).mean(1, keepdim=True)
        square = now.command.square()
        taken = {
            "command": now.command,
            "target": now.target,
            "error": now.error,
            "power": square,
            "persistence": now.command * before,
            "saturation": saturated,
            "activity": square.mean(1, keepdim=True),
        }
        columns = [taken[name] for name, (times, _) in self.spans.items() for _ in times]
        value = torch.cat([now.command, *columns], dim=1)
        averages = memory[:, 1:]
        moved = averages + self.rate * (value - averages)
        return torch.cat([memory[:, :1] + 1.0, moved], dim=1)

    def features(self, memory: Tensor, now: Now) -> Tensor:
        """Return what the student sees [B, width] of a memory that holds `now` already.

        Averages of targets are the way back to them from the present one. Ways and errors, which
        have heavy tails, go through sign(x) log(1 + |x|).
        """
        averages = self._averages(memory)
        power, persistence = averages["power"], averages["persistence"]
        middle = averages["command"][:, averages["command"].shape[1] // 2]
        per_hand = [
            power.mean(2),
            persistence.mean(2) / (power.mean(2) + 1e-3),
            averages["saturation"][:, :, 0],
            middle.abs().amax(1, keepdim=True),
            torch.log1p(memory[:, :1]) / 10.0,
        ]
        per_joint = [
            now.command[:, None],
            averages["command"],
            compress(averages["target"] - now.target[:, None]),
            compress(now.error[:, None]),
            compress(averages["error"]),
            power,
            persistence,
            ((now.target * self.scale - self.middle) / self.half_range)[:, None],
        ]
        return torch.cat([*(part.flatten(1) for part in per_joint), *per_hand], dim=1)

    def command(self, features: Tensor) -> Tensor:
        """Return the command [B, n] of the present step, which features [B, width] begin with."""
        return features[:, : len(self.middle)]

    def activity(self, memory: Tensor, busy: float) -> Tensor:
        """Return how busy the command has been [B]: the average of its mean square.

        An episode begins as `busy`: nobody is trusted before the first rest.
        """
        begun = torch.exp(memory[:, 0] * self.log_keep[-1])
        return memory[:, -1] + begun * busy

    def _averages(self, memory: Tensor) -> dict[str, Tensor]:
        """Return every span's averages [B, times, joints], corrected for the episode's start.

        They are divided by 1 - exp(-x), written as 2 tanh(x / 2) / (1 + tanh(x / 2)): a difference
        of nearly equal numbers would be another one in the exported graph.
        """
        half = torch.tanh(-0.5 * memory[:, :1] * self.log_keep)
        corrected = memory[:, 1:] * (1.0 + half) / (2.0 * half)
        last = len(self.middle)
        found = {}
        for name, (times, width) in self.spans.items():
            first, last = last, last + len(times) * width
            found[name] = corrected[:, first:last].unflatten(1, (len(times), width))
        return found


def compress(x: Tensor) -> Tensor:
    """Return sign(x) log(1 + |x|)."""
    return x.sign() * torch.log1p(x.abs())
