"""The grasps of one object: where hand and object are, what touches, where one can go next.

Numpy and safetensors only: the robot and its twin read it too.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from configs.errors import UserError
from configs.files import replacing
from configs.layout import Layout

FORMAT = 2


@dataclass(frozen=True)
class Contacts:
    """What touches in each grasp; C is the number of fingers, unused places are at the end.

    Points and normals are in the object's frame at scale 1, so they hold wherever the object is.
    """

    finger: np.ndarray  # [G, C] int8, index in the hand's finger order, -1: no contact
    link: np.ndarray  # [G, C] int8, index in the order of all links that move, -1: no contact
    point: np.ndarray  # [G, C, 3] float32 [m] on the object's surface
    normal: np.ndarray  # [G, C, 3] float32, outward from the object
    force: np.ndarray  # [G, C] float32 [N], along -normal, that the squeeze asks for


@dataclass(frozen=True)
class GraspSet:
    """G grasps of one object, each held in physics before it counted.

    Holding `joint_target` as position targets squeezes the object at `object_pose`; the
    object's pose is that of its frame in the hand frame: position [m], quaternion (w, x, y, z).
    """

    object: str
    joint_position: np.ndarray  # [G, n] float32 [rad]
    joint_target: np.ndarray  # [G, n] float32 [rad]
    object_pose: np.ndarray  # [G, 7] float32
    contacts: Contacts
    quality: np.ndarray  # [G] float32, net force residual ||sum f_i n_i||^2, lower is better
    parent: np.ndarray  # [G] int32, the grasp that it was expanded from, -1: sampled or not kept
    neighbours: np.ndarray  # [G, k] int32, goals within reach, nearest first, -1 pads

    def __len__(self) -> int:
        return len(self.joint_position)

    def save(self, path: Path, layout: Layout) -> None:
        """Write one safetensors file, equal bytes for equal grasps, whole or not at all."""
        # One metadata key: safetensors writes several in random order, which changes the hash.
        header = {"format": FORMAT, "object": self.object, "layout": layout.fingerprint()}
        with replacing(path) as temporary:
            save_file(_arrays(self), temporary, {"grasps": json.dumps(header, sort_keys=True)})

    @staticmethod
    def load(path: Path, layout: Layout) -> "GraspSet":
        """Read a file that `save` wrote.

        Raises:
            UserError: missing or not such a file. LayoutMismatch: made for another layout.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _refusal(str(path), error) from None
        return GraspSet.loads(content, str(path), layout)

    @staticmethod
    def loads(content: bytes, holder: str, layout: Layout) -> "GraspSet":
        """Read the bytes of a file that `save` wrote; `holder` names them in errors.

        Raises:
            UserError: not such a file. LayoutMismatch: made for another layout.
        """
        try:
            arrays = load_arrays(content)
            header = header_of(content, "grasps")
            if header["format"] != FORMAT:
                raise UserError(f"{holder}: grasp format {header['format']}, expected {FORMAT}")
            layout.require(header["layout"], holder)
            names = [f.name for f in fields(Contacts)]
            contacts = Contacts(**{name: arrays.pop(f"contact_{name}") for name in names})
            return GraspSet(object=header["object"], contacts=contacts, **arrays)
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise _refusal(holder, error) from None

    def select(self, indices: np.ndarray) -> "GraspSet":
        """Return the grasps at `indices` [M]; links to grasps left out become -1, pads last."""
        renumbered = np.full(len(self) + 1, -1, dtype=np.int32)  # the last entry maps -1 to -1
        renumbered[indices] = np.arange(len(indices), dtype=np.int32)
        neighbours = renumbered[self.neighbours[indices]]
        order = np.argsort(neighbours < 0, axis=1, kind="stable")
        contacts = {f.name: getattr(self.contacts, f.name)[indices] for f in fields(Contacts)}
        return GraspSet(
            object=self.object,
            joint_position=self.joint_position[indices],
            joint_target=self.joint_target[indices],
            object_pose=self.object_pose[indices],
            contacts=Contacts(**contacts),
            quality=self.quality[indices],
            parent=renumbered[self.parent[indices]],
            neighbours=np.take_along_axis(neighbours, order, axis=1),
        )


def _arrays(grasps: GraspSet) -> dict[str, np.ndarray]:
    names = [f.name for f in fields(GraspSet) if f.name not in ("object", "contacts")]
    arrays = {name: getattr(grasps, name) for name in names}
    arrays |= {f"contact_{f.name}": getattr(grasps.contacts, f.name) for f in fields(Contacts)}
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def header_of(content: bytes, key: str) -> dict:
    """Return our metadata; safetensors: 8 bytes of length, little endian, then JSON."""
    size = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + size])["__metadata__"][key])


def _refusal(holder: str, error: Exception) -> UserError:
    reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
    return UserError(f"{holder}: not a grasp file ({reason}); run the grasps step")
