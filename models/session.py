"""Runs a bundle's exported graph by onnxruntime: the controller without torch."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol

import numpy as np

from configs.errors import UserError
from configs.layout import Layout
from models.arrays import Array
from models.bundle import GRAPH, Bundle, BundleError
from models.strength import KEYS


class SessionError(UserError):
    """Inputs or results that must not reach a robot; one line that names the array."""


@dataclass(frozen=True)
class Question:
    """What the controller is asked in one control step of B hands; float32, mode int64."""

    history: np.ndarray  # [B, H, S] state (models/state.py), oldest step first
    motion: np.ndarray  # [B, T, K, 3] [m] commanded keypoint motion (models/motion.py)
    command: np.ndarray  # [B, n] the same as an action in [-1, 1]
    memory: np.ndarray  # [B, M] the last answer's; zeros where an episode begins
    mode: np.ndarray  # [B] index in the layout's modes
    strength: np.ndarray  # [B, 6] settings >= 0 (models/strength.py)
    noise: np.ndarray  # [B, T, K, 3] standard normal; the sampler's only randomness


class Answer(NamedTuple):
    """What the controller answers; float32, tensors where the network itself does."""

    target: Array  # [B, n] [rad] joint targets
    action: Array  # [B, n] in [-1, 1]
    motion: Array  # [B, T, K, 3] [m] planned keypoint offsets, hand frame
    meant: Array  # [B, n] in [-1, 1], the action that the command was taken for
    trust: Array  # [B] in [0, 1], how far the student was believed
    gain: Array  # [B] in [0, 1], how far the critic let it be followed
    memory: Array  # [B, M] of the command, for the next question


INPUTS = tuple(field.name for field in fields(Question))
OUTPUTS = Answer._fields


class Assisting(Protocol):
    """A controller that can be asked: a bundle's session, or the network itself."""

    memory_size: int

    def assist(self, question: Question) -> Answer: ...


def input_shapes(layout: Layout, memory: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input beside the batch."""
    motion = layout.motion_shape
    return {
        "history": (layout.history, layout.step_size),
        "motion": motion,
        "command": (layout.num_joints,),
        "memory": (memory,),
        "mode": (),
        "strength": (len(KEYS),),
        "noise": motion,
    }


def output_shapes(layout: Layout, memory: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each output beside the batch."""
    joints = (layout.num_joints,)
    return {
        "target": joints,
        "action": joints,
        "motion": layout.motion_shape,
        "meant": joints,
        "trust": (),
        "gain": (),
        "memory": (memory,),
    }


class Session:
    """A loaded controller; `threads` work on one call (more than one is fragile when busy).

    Attributes:
        memory_size: numbers that it remembers of a hand's commands.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Load the graph of a verified bundle.

        Raises:
            BundleError: onnxruntime cannot load it, or it takes other inputs.
        """
        import onnxruntime  # slow import

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning thread would take the processor from the control loop between two ticks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only
        self.layout = bundle.layout
        try:
            self._graph = onnxruntime.InferenceSession(
                bundle.read(GRAPH), options, providers=["CPUExecutionProvider"]
            )
        except BundleError:
            raise
        except Exception as error:  # onnxruntime raises its own types, derived from Exception
            reason = " ".join(str(error).split())
            raise BundleError(f"{bundle.folder / GRAPH}: not a usable graph: {reason}") from None
        self.memory_size = self._check_graph(str(bundle.folder / GRAPH))

    def assist(self, question: Question) -> Answer:
        """Return joint targets that follow a command safely.

        Raises:
            SessionError: a shape, a value that is not finite, a mode out of range, or the graph
            fails on these inputs.
        """
        modes = _modes(question.mode, self.layout.modes)
        feeds = {
            name: _floats(name, getattr(question, name), (len(modes), *shape))
            for name, shape in input_shapes(self.layout, self.memory_size).items()
            if name != "mode"
        } | {"mode": modes}
        if (feeds["strength"] < 0).any():
            raise SessionError(f"strength: {feeds['strength'].min():g} is negative")
        try:
            found = self._graph.run(None, feeds)
        except Exception as error:  # onnxruntime raises its own types, derived from Exception
            reason = " ".join(str(error).split())
            raise SessionError(f"graph: fails on these inputs: {reason:.200}") from None
        wanted = output_shapes(self.layout, self.memory_size)
        return Answer(
            *(
                _floats(f"{name} (result)", array, (len(modes), *wanted[name]))
                for name, array in zip(OUTPUTS, found, strict=True)
            )
        )

    def _check_graph(self, holder: str) -> int:
        """Compare the graph's inputs with the layout and return the memory's size.

        A named dimension takes any size.
        """
        found = {node.name: node.shape for node in self._graph.get_inputs()}
        if set(found) != set(INPUTS) or len(self._graph.get_outputs()) != len(OUTPUTS):
            raise BundleError(f"{holder}: takes {sorted(found)}, expected {sorted(INPUTS)}")
        memory = found["memory"][-1]
        memory = memory if isinstance(memory, int) else 0
        for name, shape in input_shapes(self.layout, memory).items():
            sizes = [size if isinstance(size, int) else None for size in found[name]]
            if sizes != [None, *shape]:
                expected = [None, *shape]
                raise BundleError(f"{holder}: input {name} is {found[name]}, expected {expected}")
        return memory


def _modes(values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    array = np.asarray(values)
    known = array.dtype.kind in "iu" and array.ndim == 1
    if not known or ((array < 0) | (array >= len(names))).any():
        raise SessionError(f"mode: {array.tolist()!s:.40}, expected [B] indices of {names}")
    return array.astype(np.int64)


def _floats(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise SessionError(f"{name}: is not an array of numbers") from None
    if array.shape != shape:
        raise SessionError(f"{name}: shape {list(array.shape)}, expected {list(shape)}")
    if not np.isfinite(array).all():
        raise SessionError(f"{name}: holds values that are not finite")
    return array
