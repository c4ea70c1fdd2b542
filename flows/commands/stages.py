"""`dexgen run` and `dexgen STAGE`: every stage up to one."""

from typing import Annotated

import typer

from flows.stages import PER_OBJECT

OVERRIDES = "Hydra overrides, e.g. profile=smoke seed=1"
OBJECTS_TOO = "and names of objects, or mesh files (OBJ, STL, GLB): then of these alone"


def add_stage(app: typer.Typer, stage: str, text: str) -> None:
    alone = stage in PER_OBJECT
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
    from flows.plan import plan
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
