"""Grasps in a browser, one after the other: hand, object and contacts as the physics has them."""

from pathlib import Path

import mujoco
import numpy as np
import trimesh
import viser

from configs.schema.grasps import GraspsStep
from configs.schema.physics import Physics
from envs.grasp_set import GraspSet
from envs.shapes.objects import load_objects
from models.rotations import rotate
from tasks.grasps.posing import Posing
from tasks.grasps.problem import Problem

HAND, ITEM, TOUCH = (120, 132, 145), (242, 125, 41), (200, 30, 60)  # colours
DOT = 0.003  # [m] radius of a contact's mark
EYE, LOOK_AT = (0.36, 0.22, 0.20), (0.04, 0.0, 0.005)  # [m]


class Stage:
    """A server that shows hand and object to everybody who looks."""

    def __init__(self, problem: Problem, physics: Physics, host: str, port: int) -> None:
        self.posing = Posing(problem, physics)
        self.server = viser.ViserServer(host=host, port=port, verbose=False)
        self.server.gui.configure_theme(control_layout="collapsible", show_logo=False)
        ours = enumerate(self.posing.is_object)
        self.shapes = {geom: self._add(geom, bool(item)) for geom, item in ours}

        @self.server.on_client_connect
        def _(client: viser.ClientHandle) -> None:
            client.camera.up_direction = (0.0, 0.0, 1.0)
            client.camera.position, client.camera.look_at = EYE, LOOK_AT

    @property
    def port(self) -> int:
        return self.server.get_port()

    def put(self, joints: np.ndarray, pose: np.ndarray) -> None:
        """Show joints [n] and object pose [7] to everybody."""
        data = self.posing.put(joints, pose)
        for geom, shape in self.shapes.items():
            shape.position = data.geom_xpos[geom]
            quaternion = np.empty(4)
            mujoco.mju_mat2Quat(quaternion, data.geom_xmat[geom])
            shape.wxyz = quaternion

    def close(self) -> None:
        self.server.stop()

    def _add(self, geom: int, item: bool) -> viser.MeshHandle:
        shape = mesh_of(self.posing.model, geom)
        return self.server.scene.add_mesh_simple(
            f"/geoms/{geom}", shape.vertices, shape.faces, color=ITEM if item else HAND
        )


class Viewer(Stage):
    """Shows one grasp at a time, and steps where people ask."""

    def __init__(
        self, problem: Problem, physics: Physics, grasps: GraspSet, host: str, port: int
    ) -> None:
        super().__init__(problem, physics, host, port)
        self.grasps, self.names = grasps, [finger.name for finger in problem.hand.fingers]
        fingers = grasps.contacts.finger.shape[1]
        self.dots = [
            self.server.scene.add_icosphere(f"/contacts/{i}", radius=DOT, color=TOUCH)
            for i in range(fingers)
        ]
        self._add_controls()
        self.show(0)

    def show(self, row: int) -> None:
        """Show a grasp to everybody."""
        grasps, contacts = self.grasps, self.grasps.contacts
        pose = grasps.object_pose[row].astype(float)
        self.put(grasps.joint_position[row], pose)
        for place, dot in enumerate(self.dots):
            dot.visible = bool(contacts.finger[row, place] >= 0)
            dot.position = pose[:3] + rotate(pose[3:], contacts.point[row, place].astype(float))
        touching = [self.names[finger] for finger in contacts.finger[row] if finger >= 0]
        goals = [int(goal) for goal in grasps.neighbours[row] if goal >= 0]
        self.about.content = (
            f"**{', '.join(touching)}**, {contacts.force[row].sum():.1f} N in all  \n"
            f"net force {grasps.quality[row]:.4f}  \n"
            f"{len(goals)} goals: {', '.join(map(str, goals[:6]))}{', ...' if goals[6:] else ''}"
        )

    def _add_controls(self) -> None:
        gui, last = self.server.gui, len(self.grasps) - 1
        slider = gui.add_slider("grasp", min=0, max=last, step=1, initial_value=0)
        before, after = gui.add_button("previous"), gui.add_button("next")
        goal = gui.add_button("nearest goal")
        self.about = gui.add_markdown("")
        slider.on_update(lambda _: self.show(int(slider.value)))

        def go(row: int) -> None:
            slider.value = min(max(row, 0), last)

        before.on_click(lambda _: go(int(slider.value) - 1))
        after.on_click(lambda _: go(int(slider.value) + 1))

        def follow() -> None:
            nearest = int(self.grasps.neighbours[int(slider.value), 0])
            if nearest >= 0:  # others may lead here, and none away
                go(nearest)

        goal.on_click(lambda _: follow())


def mesh_of(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """Return a geom's shape in its own frame."""
    kind, size = mujoco.mjtGeom(model.geom_type[geom]), model.geom_size[geom]
    match kind:
        case mujoco.mjtGeom.mjGEOM_BOX:
            return trimesh.creation.box(extents=2.0 * size)
        case mujoco.mjtGeom.mjGEOM_SPHERE:
            return trimesh.creation.icosphere(3, size[0])
        case mujoco.mjtGeom.mjGEOM_CYLINDER:
            return trimesh.creation.cylinder(size[0], 2.0 * size[1])
        case mujoco.mjtGeom.mjGEOM_CAPSULE:
            shape = trimesh.creation.capsule(2.0 * size[1], size[0])
            shape.apply_translation(-shape.bounds.mean(axis=0))
            return shape
        case mujoco.mjtGeom.mjGEOM_ELLIPSOID:
            shape = trimesh.creation.icosphere(3)
            shape.apply_scale(size)
            return shape
        case mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.mesh(model.geom_dataid[geom])
            first, corner = mesh.vertadr[0], mesh.faceadr[0]
            vertices = model.mesh_vert[first : first + mesh.vertnum[0]]
            faces = model.mesh_face[corner : corner + mesh.facenum[0]]
            return trimesh.Trimesh(vertices, faces, process=False)
        case _:
            raise TypeError(f"no shape for a geom of kind {kind.name}")


def view(config: GraspsStep, item: Path, made: Path, host: str, port: int) -> Viewer:
    """Serve the grasps of the artifacts `objects/<name>` and `grasps/<name>`."""
    problem = Problem.of(config.embodiment, load_objects(item)[config.object])
    grasps = GraspSet.load(made / "grasps.safetensors", problem.layout)
    return Viewer(problem, config.physics, grasps, host, port)
