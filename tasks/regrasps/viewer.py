"""A way over a grasp graph in a browser, moment by moment."""

from pathlib import Path

import numpy as np

from configs.errors import UserError
from configs.schema.regrasps import RegraspsStep
from envs.grasp_graph import GraspGraph
from envs.shapes.objects import load_objects
from tasks.grasps.problem import Problem
from tasks.grasps.viewer import Stage
from tasks.regrasps.measure import MET
from tasks.regrasps.paths import Picture, moments, way_by
from tasks.regrasps.routing import Router


def view(
    config: RegraspsStep, item: Path, made: Path, axis: str, degrees: float, host: str, port: int
) -> Stage:
    """Serve a way that turns the object by an angle about an axis of the hand.

    `item` and `made` are the artifacts `objects/<name>` and `regrasps/<name>`.

    Raises:
        UserError: the graph has no such way.
    """
    problem = Problem.of(config.embodiment, load_objects(item)[config.object])
    router = Router(problem, GraspGraph.load(made, problem.layout, config.grasps.metric))
    rng = np.random.default_rng(config.seed)
    nodes = way_by(router, axis, np.radians(degrees), MET, rng)
    if not nodes:
        raise UserError(
            f"turn: no grasp of {config.object} leads to {axis}={degrees:g}; ask for less, or "
            "raise regrasps.growth.edges"
        )
    stage = Stage(problem, config.physics, host, port)
    add_controls(stage, moments(problem, router, nodes))
    return stage


def add_controls(stage: Stage, seen: list[Picture]) -> None:
    """Let people step through the moments."""
    gui, last = stage.server.gui, len(seen) - 1
    slider = gui.add_slider("moment", min=0, max=max(last, 1), step=1, initial_value=0)
    before, after = gui.add_button("previous"), gui.add_button("next")
    about = gui.add_markdown("")

    def show() -> None:
        moment = seen[min(int(slider.value), last)]
        stage.put(moment.joints, moment.pose)
        about.content = moment.about

    def go(moment: int) -> None:
        slider.value = min(max(moment, 0), last)

    slider.on_update(lambda _: show())
    before.on_click(lambda _: go(int(slider.value) - 1))
    after.on_click(lambda _: go(int(slider.value) + 1))
    show()
