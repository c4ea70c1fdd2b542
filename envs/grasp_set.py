"""The grasps of one object: where hand and object are, what touches, where one can go next.

Numpy and safetensors only: the robot and its twin read it too.
"""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from configs.layout import Layout

FORMAT = 1


class GraspSetError(ValueError):
    """A grasp file that cannot be used; one line that names the file."""


@dataclass(frozen=True)
class Contacts:
    """What touches in each grasp; C is the number of fingers, unused places are at the end.

    Points and normals are in the object's frame at scale 1, so they hold wherever the object is.
    """

    finger: np.ndarray  # [G, C] int8, index in the hand's finger order, -1: no contact
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
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        save_file(_arrays(self), temporary, {"grasps": json.dumps(header, sort_keys=True)})
        os.replace(temporary, path)

    @staticmethod
    def load(path: Path, layout: Layout) -> "GraspSet":
        """Read a file that `save` wrote.

        Raises:
            GraspSetError: missing or not such a file. LayoutMismatch: made for another layout.
        """
        header = _header(path)
        if header.get("format") != FORMAT:
            raise GraspSetError(f"{path}: grasp format {header.get('format')}, expected {FORMAT}")
        layout.require(header["layout"], str(path))
        arrays = load_file(path)
        contacts = Contacts(**{f.name: arrays.pop(f"contact_{f.name}") for f in fields(Contacts)})
        return GraspSet(object=header["object"], contacts=contacts, **arrays)

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


def _header(path: Path) -> dict:
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {})["grasps"])
    except (FileNotFoundError, SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise GraspSetError(f"{path}: not a grasp file ({error}); run the grasps step") from None
