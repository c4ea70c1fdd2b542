"""Asks the network itself, as a bundle's session is asked: before there is a bundle."""

import torch

from models.assistance import Assistance
from models.session import INPUTS, Assisted, Question


class ModuleSession:
    """An assistance as a module, behind the interface of models/session.py."""

    def __init__(self, assistance: Assistance) -> None:
        self.assistance = assistance.eval()
        self.memory_size = assistance.student.memory.size

    @torch.no_grad()
    def assist(self, question: Question) -> Assisted:
        """See models/session.py; inputs are trusted here."""
        inputs = [
            torch.tensor(
                getattr(question, name), dtype=torch.int64 if name == "mode" else torch.float32
            )
            for name in INPUTS
        ]
        return Assisted(*(part.numpy() for part in self.assistance(*inputs)))
