"""Asks the network itself, as a bundle's session is asked: before there is a bundle."""

import numpy as np
import torch

from models.assistance import Assistance
from models.session import INPUTS, Assisted


class ModuleSession:
    """An assistance as a module, behind the interface of models/session.py."""

    def __init__(self, assistance: Assistance) -> None:
        self.assistance = assistance.eval()

    @torch.no_grad()
    def assist(
        self,
        history: np.ndarray,
        motion: np.ndarray,
        command: np.ndarray,
        mode: np.ndarray,
        guidance: np.ndarray,
        caution: np.ndarray,
        remainder: np.ndarray,
        noise: np.ndarray,
    ) -> Assisted:
        """See models/session.py; inputs are trusted here."""
        given = (history, motion, command, mode, guidance, caution, remainder, noise)
        inputs = [
            torch.tensor(array, dtype=torch.int64 if name == "mode" else torch.float32)
            for name, array in zip(INPUTS, given, strict=True)
        ]
        found = self.assistance(*inputs)
        return Assisted(*(part.numpy() for part in found))
