"""One window of a table of perturbations and variants, made from its configuration and a seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from configs.schema.evaluate import Evaluate, Pairs, Variant
from configs.schema.world import World
from envs.manipulation import ManipulationEnv
from envs.streams import derive_seed
from models.kinematics import Kinematics
from models.session import Assisting
from models.strength import Strength
from tasks.commanders.commanders import make_commander
from tasks.evaluation.inputs import Inputs, arrange, make_env
from tasks.evaluation.intention import IntentionMeter
from tasks.evaluation.recording import Recorder
from tasks.evaluation.variants import Answers
from tasks.evaluation.window import Arrangement, Window
from tasks.experts.policy import load_expert


@dataclass(frozen=True)
class TrialTable:
    """What is compared with what: every perturbation under every variant, in pairs."""

    perturbations: tuple[str, ...]
    variants: Mapping[str, Variant]
    strengths: Mapping[str, Strength | None]
    pairs: Pairs
    windows: int
    window_s: float  # [s]
    stream: int  # random stream

    def arrangement(self, inputs: Inputs) -> Arrangement:
        return arrange(
            len(self.perturbations),
            len(self.variants),
            self.pairs,
            inputs.specs,
            len(inputs.experts),
        )


@dataclass(frozen=True)
class Setup:
    """Where tables are measured, and by whom commands are answered."""

    world: World
    evaluate: Evaluate
    inputs: Inputs
    session: Assisting
    seed: int
    threads: int | None


def run_window(
    stage: Setup,
    table: TrialTable,
    index: int,
    progress: Callable[[int], None],
    recorder: Recorder | None = None,
) -> dict[str, np.ndarray]:
    """Run one window in environments of its own and return its counts [P, V, M].

    A window depends on the seed and on its number only: equal pairs of different tables see equal
    objects, grasps and disturbances.
    """
    arrangement = table.arrangement(stage.inputs)

    def seed(purpose: str) -> int:
        return derive_seed(stage.seed, "evaluate", table.stream, index, purpose)

    env = make_env(
        stage.world, stage.inputs, arrangement, table.window_s, seed("world"), stage.threads
    )
    try:
        window = make_window(stage, table, env, arrangement, seed, recorder)
        return window.run(round(table.window_s * stage.inputs.layout.control_hz), progress)
    finally:
        env.close()


def make_window(
    stage: Setup,
    table: TrialTable,
    env: ManipulationEnv,
    arrangement: Arrangement,
    seed: Callable[[str], int],
    recorder: Recorder | None,
) -> Window:
    evaluate, inputs, embodiment = stage.evaluate, stage.inputs, stage.world.embodiment
    layout = inputs.layout
    modes = np.array([layout.modes.index(evaluate.experts[style]) for style in inputs.experts])
    answers = Answers(
        session=stage.session,
        kinematics=Kinematics(embodiment.hand),
        layout=layout,
        variants=tuple(table.variants.values()),
        strengths=tuple(table.strengths[name] for name in table.variants),
        modes=modes[list(arrangement.experts)],
        rng=np.random.default_rng(seed("sampler")),
    )
    commanders = [
        make_commander(
            evaluate.library[name],
            embodiment,
            arrangement.variants,
            arrangement.pairs,
            np.random.default_rng(seed(name)),
        )
        for name in table.perturbations
    ]
    meter = IntentionMeter(
        arrangement.environments,
        layout.num_keypoints,
        round(evaluate.intention.horizon_s * layout.control_hz),
        evaluate.intention.min_motion,
    )
    return Window(
        env=env,
        arrangement=arrangement,
        experts=[load_expert(folder, layout) for folder in inputs.experts.values()],
        commanders=commanders,
        answers=answers,
        meter=meter,
        contact_n=evaluate.contact_n,
        recorder=recorder,
    )
