"""Runs a bundle's exported graph by onnxruntime: the controller without torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.bundle import GRAPH, Bundle, BundleError

INPUTS = ("history", "motion", "command", "mode", "guidance", "caution", "remainder", "noise")
NUM_OUTPUTS = 4  # target, action, motion, gain, in this order


class SessionError(ValueError):
    """Inputs or results that must not reach a robot; one line that names the array."""


@dataclass(frozen=True)
class Assisted:
    """What the controller answers to a command; B is the batch."""

    target: np.ndarray  # [B, n] float32 [rad] joint targets
    action: np.ndarray  # [B, n] float32 in [-1, 1]
    motion: np.ndarray  # [B, T, K, 3] float32 [m] planned keypoint offsets, hand frame
    gain: np.ndarray  # [B] float32 in [0, 1], how far the command was followed


class Session:
    """A loaded controller; `threads` work on one call (more than one is fragile when busy)."""

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
        self._check_graph(str(bundle.folder / GRAPH))

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
        """Return joint targets that follow a commanded motion safely.

        Args:
            history: [B, H, S] state (models/state.py), oldest step first.
            motion: [B, T, K, 3] commanded keypoint motion [m] (models/motion.py).
            command: [B, n] the same as an action in [-1, 1], which the risk critic judges.
            mode: [B] integer, index in the layout's modes.
            guidance: [B] how strongly the motion is followed, >= 0.
            caution: [B] greatest risk of a drop that is taken beyond that of holding still, >= 0;
                1: every command is followed.
            remainder: [B] in [0, 1], how much of what inverse dynamics loses is given back.
            noise: [B, T, K, 3] standard normal; the sampler's only randomness.

        Raises:
            SessionError: a shape, a value that is not finite, a mode out of range, or the graph
            fails on these inputs.
        """
        layout = self.layout
        modes = _modes(mode, layout.modes)
        batch = len(modes)
        plan = (batch, *layout.motion_shape)
        state = (batch, layout.history, layout.step_size)
        joints = (batch, layout.num_joints)
        feeds = {
            "history": _floats("history", history, state),
            "motion": _floats("motion", motion, plan),
            "command": _floats("command", command, joints),
            "mode": modes,
            "guidance": _floats("guidance", guidance, (batch,)),
            "caution": _floats("caution", caution, (batch,)),
            "remainder": _floats("remainder", remainder, (batch,)),
            "noise": _floats("noise", noise, plan),
        }
        for name in ("guidance", "caution", "remainder"):
            if (feeds[name] < 0).any():
                raise SessionError(f"{name}: {feeds[name].min():g} is negative")
        try:
            target, action, planned, gain = self._graph.run(None, feeds)
        except Exception as error:  # onnxruntime raises its own types, derived from Exception
            reason = " ".join(str(error).split())
            raise SessionError(f"graph: fails on these inputs: {reason:.200}") from None
        return Assisted(
            target=_floats("target (result)", target, joints),
            action=_floats("action (result)", action, joints),
            motion=_floats("motion (result)", planned, plan),
            gain=_floats("gain (result)", gain, (batch,)),
        )

    def _check_graph(self, holder: str) -> None:
        """Compare the graph's inputs with the layout; a named dimension takes any size."""
        layout = self.layout
        expected = {
            "history": [None, layout.history, layout.step_size],
            "motion": [None, *layout.motion_shape],
            "command": [None, layout.num_joints],
            "mode": [None],
            "guidance": [None],
            "caution": [None],
            "remainder": [None],
            "noise": [None, *layout.motion_shape],
        }
        found = {node.name: node.shape for node in self._graph.get_inputs()}
        if set(found) != set(INPUTS) or len(self._graph.get_outputs()) != NUM_OUTPUTS:
            raise BundleError(f"{holder}: takes {sorted(found)}, expected {sorted(INPUTS)}")
        for name, shape in expected.items():
            sizes = [size if isinstance(size, int) else None for size in found[name]]
            if sizes != shape:
                raise BundleError(f"{holder}: input {name} is {found[name]}, expected {shape}")


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
