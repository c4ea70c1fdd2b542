"""Random numbers by counter: what is drawn depends on who draws and when, on nothing else.

Each environment has a stream. A draw is a hash of (seed, stream, purpose, counter), so it does
not depend on what other environments drew before, on the thread count or on the device; there
is no generator state to save, and environments with equal stream numbers see equal disturbances,
which is what a paired comparison needs. The hash is splitmix64's output function (Steele, Lea,
Flood 2014), applied in a chain as counter-based generators do (Salmon et al. 2011).
"""

import hashlib
import math

import torch

GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)  # 2^64 / golden ratio as a signed number
MULTIPLIERS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
BITS = 24  # a float32's mantissa: every value is exact


class Streams:
    """Draws for N environments; equal `numbers` are equal streams."""

    def __init__(self, seed: int, numbers: torch.Tensor) -> None:
        seeded = mix(torch.tensor(signed(seed), device=numbers.device))
        self.keys = mix(seeded + GOLDEN * (numbers.to(torch.int64) + 1))  # [N]

    def uniform(
        self,
        purpose: int,
        counter: torch.Tensor | int,
        count: int,
        rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return [N, count] numbers in (0, 1), or [M, count] of the environments `rows` [M].

        `counter` is a number or one for each returned row; equal arguments, equal numbers.
        """
        return _unit(self._bits(purpose, counter, count, rows), 64 - BITS)

    def normal(
        self,
        purpose: int,
        counter: torch.Tensor | int,
        count: int,
        rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return [N, count] (or [M, count]) standard normal numbers (Box-Muller)."""
        bits = self._bits(purpose, counter, (count + 1) // 2, rows)
        radius = torch.sqrt(-2.0 * torch.log(_unit(bits, 64 - BITS)))
        turn = (2.0 * math.pi) * _unit(bits, 0)
        both = torch.cat((radius * torch.cos(turn), radius * torch.sin(turn)), dim=-1)
        return both[:, :count]

    def _bits(self, purpose: int, counter, count: int, rows: torch.Tensor | None) -> torch.Tensor:
        keys = self.keys if rows is None else self.keys[rows]
        count_bits = signed(GOLDEN * counter) if isinstance(counter, int) else GOLDEN * counter
        row = mix(mix(keys + signed(GOLDEN * purpose)) + count_bits)  # [M]
        lanes = GOLDEN * torch.arange(1, count + 1, device=keys.device)
        return mix(row[:, None] + lanes)  # [M, count]


def mix(x: torch.Tensor) -> torch.Tensor:
    """Return splitmix64's output function of int64 values; products wrap around."""
    x = (x ^ _shift(x, 30)) * MULTIPLIERS[0]
    x = (x ^ _shift(x, 27)) * MULTIPLIERS[1]
    return x ^ _shift(x, 31)


def signed(value: int) -> int:
    """Return an integer's last 64 bits as an int64."""
    value %= 1 << 64
    return value - (1 << 64) if value >= 1 << 63 else value


def _shift(x: torch.Tensor, places: int) -> torch.Tensor:
    """Shift right with zeros coming in; torch's own shift copies the sign."""
    return (x >> places) & ((1 << (64 - places)) - 1)


def _unit(bits: torch.Tensor, low: int) -> torch.Tensor:
    """Return BITS bits, from bit `low` on, as float32 in (0, 1), both ends left out."""
    whole = (bits >> low) & ((1 << BITS) - 1)
    # 23 of the bits and a half: (k + 1/2) / 2^23 is exact in float32, so it never rounds to 1
    return ((whole >> 1).to(torch.float32) + 0.5) * 2.0 ** (1 - BITS)


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed of its own (below 2^63) for a named purpose of a run's seed."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
