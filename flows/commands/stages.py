"""`dexgen run` and `dexgen STAGE`: every stage up to one."""

from typing import Annotated

import typer

STAGES = {
    "run": "run every stage",
    "objects": "validate the objects and their meshes",
    "grasps": "generate grasps, validated in physics",
    "experts": "train the expert policies (PPO)",
    "distill": "train the student that reads what spoilt commands mean",
    "rollouts": "roll the experts out into episodes",
    "check": "check the dataset and merge it to main",
    "train": "train the controller",
    "hazards": "roll the experts out under bad commands, drops kept",
    "critic": "train the risk critic",
    "calibrate": "choose guidance and caution on validation seeds",
    "export": "export the controller as a bundle",
    "baselines": "measure bare, scaled and smoothed commands, which ask no controller",
    "evaluate": "measure the controller under perturbed commands",
    "promote": "register, decide, sign, promote",
}
OVERRIDES = "Hydra overrides, e.g. profile=smoke seed=1"
OBJECTS_TOO = "and names of objects, or mesh files (OBJ, STL, GLB): then of these alone"


def add_stage(app: typer.Typer, stage: str, text: str) -> None:
    alone = stage in ("objects", "grasps")  # may be run for some objects
    what = "OBJECT|MESH|KEY=VALUE" if alone else "KEY=VALUE"
    more = f"; {OBJECTS_TOO}" if alone else ""

    @app.command(
        stage,
        short_help=f"{text[0].upper()}{text[1:]}.",
        help="Run every stage." if stage == "run" else f"Run up to here: {text}.",
    )
    def run(
        words: Annotated[
            list[str] | None, typer.Argument(metavar=what, help=OVERRIDES + more)
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="say what would happen, do nothing")
        ] = False,
    ) -> None:
        run_stages("promote" if stage == "run" else stage, words or [], dry_run)


def run_stages(until: str, words: list[str], dry_run: bool) -> None:
    from configs.load import ConfigError, load
    from configs.schema.pipeline import Config
    from flows.commands.targets import check_meshes, resolve, split
    from flows.home import home_folder, quiet, require_machine
    from flows.interrupt import stop_on_signals
    from flows.plan import PER_OBJECT, plan
    from tasks.store import open_store
    from tasks.store.choice import choose

    targets, overrides = split(words)
    if targets and until not in PER_OBJECT:
        raise ConfigError(f"{targets[0]}: not an override (key=value)")
    only, overrides = resolve(targets, overrides)
    config = load(Config, overrides)
    home = home_folder()
    plan(config, until, only)  # what the plan refuses is refused before Prefect starts
    for said in check_meshes(config, only):
        print(f"dexgen: {said}")
    if dry_run:
        from flows.commands.forecast import forecast

        print(forecast(config, until, home, only))
        return
    if config.physics.engine == "mujoco_warp":
        from envs.engines.mujoco_engine import require_warp  # imports torch: a second or two

        require_warp(config.physics)
    require_machine(config.machine, home)
    choose(config.store)
    open_store(home)  # one that does not answer is refused before Prefect starts
    quiet(home)
    stop_on_signals()
    print(f"dexgen: state in {home}; starting Prefect ...", flush=True)
    from flows.pipeline import run

    print(f"report {run(overrides, until, only)}/index.html")
