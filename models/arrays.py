"""One piece of mathematics for numpy and torch arrays alike.

Torch takes numpy's argument names (`axis`, `keepdims`), so most formulas need only the module
that an array belongs to. Torch is never imported here: an array of it proves that it is loaded.
"""

import sys
from typing import Any

import numpy as np

Array = Any  # np.ndarray or torch.Tensor; a function returns the kind that it was given


def namespace(x: Array) -> Any:
    """Return the module that `x` belongs to: torch for a tensor, else numpy."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(x, torch.Tensor) else np


def constant(values: Any, like: Array) -> Array:
    """Return `values` as an array of the kind, dtype and device of `like` (a float array)."""
    xp = namespace(like)
    if xp is np:
        return np.asarray(values, dtype=like.dtype)
    return xp.as_tensor(values, dtype=like.dtype, device=like.device)
