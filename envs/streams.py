"""Random numbers by counter: what is drawn depends on who draws and when, on nothing else.

Each environment has a stream. A draw is a hash of (seed, stream, purpose, counter), so it does
not depend on what other environments drew before, on the thread count or on the device; there
is no generator state to save, and environments with equal stream numbers see equal disturbances,
which is what a paired comparison needs. The hash is splitmix64's output function (Steele, Lea,
Flood 2014), applied in a chain as counter-based generators do (Salmon et al. 2011).
"""

import hashlib
import math

import numpy as np
import torch

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
SHIFTS = tuple(np.uint64(places) for places in (30, 27, 31))
BITS = 24  # a float32's mantissa: every value is exact


class Streams:
    """Draws for N environments; equal `numbers` are equal streams."""

    def __init__(self, seed: int, numbers: torch.Tensor) -> None:
        seeded = mix(word(seed))
        keys = mix(seeded + word(GOLDEN) * (numbers.numpy().astype(np.uint64) + word(1)))
        self.keys = torch.from_numpy(keys.view(np.int64))  # [N]

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
        return torch.from_numpy(_unit(self._bits(purpose, counter, count, rows), 64 - BITS))

    def normal(
        self,
        purpose: int,
        counter: torch.Tensor | int,
        count: int,
        rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return [N, count] (or [M, count]) standard normal numbers (Box-Muller)."""
        bits = self._bits(purpose, counter, (count + 1) // 2, rows)
        radius = torch.sqrt(-2.0 * torch.log(torch.from_numpy(_unit(bits, 64 - BITS))))
        turn = (2.0 * math.pi) * torch.from_numpy(_unit(bits, 0))
        both = torch.cat((radius * torch.cos(turn), radius * torch.sin(turn)), dim=-1)
        return both[:, :count]

    def _bits(self, purpose: int, counter, count: int, rows: torch.Tensor | None) -> np.ndarray:
        """Return [M, count] words; numpy, since these many small steps cost torch five times."""
        keys = (self.keys if rows is None else self.keys[rows]).numpy().view(np.uint64)
        if isinstance(counter, int):
            moment = word(GOLDEN * counter)
        else:
            moment = word(GOLDEN) * counter.numpy().view(np.uint64)
        row = mix(mix(keys + word(GOLDEN * purpose)) + moment)  # [M]
        lanes = word(GOLDEN) * np.arange(1, count + 1, dtype=np.uint64)
        return mix(row[:, None] + lanes)  # [M, count]


def mix(x: np.ndarray) -> np.ndarray:
    """Return splitmix64's output function of uint64 arrays; products wrap around."""
    x = (x ^ (x >> SHIFTS[0])) * MULTIPLIERS[0]
    x = (x ^ (x >> SHIFTS[1])) * MULTIPLIERS[1]
    return x ^ (x >> SHIFTS[2])


def word(value: int) -> np.ndarray:
    """Return an integer's last 64 bits, as an array: numpy warns when a scalar wraps around."""
    return np.array([value % (1 << 64)], dtype=np.uint64)


def _unit(bits: np.ndarray, low: int) -> np.ndarray:
    """Return BITS bits, from bit `low` on, as float32 in (0, 1), both ends left out."""
    # 23 of the bits and a half: (k + 1/2) / 2^23 is exact in float32, so it never rounds to 1
    whole = (bits >> np.uint64(low + 1)) & np.uint64((1 << (BITS - 1)) - 1)
    return (whole.astype(np.float32) + np.float32(0.5)) * np.float32(2.0 ** (1 - BITS))


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed of its own (below 2^63) for a named purpose of a run's seed."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
