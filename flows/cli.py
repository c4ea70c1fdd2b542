"""The command line `dexgen`. Nothing heavy is imported before a command needs it."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable

from configs.errors import UserError
from flows.commands.data import add_data_commands

EXAMPLES = """examples:
  dexgen run                                the default profile, every stage
  dexgen run profile=smoke grasps.count=50  values changed, Hydra style
  dexgen train train.samples=200000         up to the stage `train`, what is done is reused
  dexgen grasps box cup.stl                 of these objects alone; a mesh file is one too
  dexgen view grasps box                    steps through them in a browser
  dexgen run --dry-run                      what would run, what would be reused
  dexgen models list                        registered controllers and their aliases
  dexgen data log                           the history of the checked data
  dexgen twin                               the champion holds an object in a simulated hand

State lives in $DEXGEN_HOME (default ./var); reports/latest/index.html is the last report."""

OBJECTS_TOO = "and names of objects, or mesh files (OBJ, STL, GLB): then of these alone"
STAGE_HELP = {
    "objects": "validate the objects and their meshes",
    "grasps": "generate grasps, validated in physics",
    "experts": "train the expert policies (PPO)",
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


def main(arguments: list[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        code = command(options)
    except KeyboardInterrupt:
        print("dexgen: interrupted; the same command goes on from here", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:
        code, text = judge(error)
        if code is None:
            raise  # a defect of ours: its traceback is what a person needs
        print(f"dexgen: {text}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def judge(error: Exception) -> tuple[int | None, str]:
    """Return an error's exit code (2: bad input, or a full disk) and words; None of a defect."""
    code = error.exit_code if isinstance(error, UserError) else None
    if code not in (1, None):
        return code, " ".join(str(error).split())
    from flows.home import home_path
    from tasks.store.disk import full_disk

    full = full_disk(error, home_path())
    return (code, str(error)) if full is None else (2, full)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="dexgen",
        description="From objects to a signed foundation controller for a dexterous hand.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run every stage")
    run.set_defaults(command=run_stages, until="promote")
    add_run_arguments(run)
    for stage, text in STAGE_HELP.items():
        sub = commands.add_parser(stage, help=text, description=f"Run up to here: {text}.")
        sub.set_defaults(command=run_stages, until=stage)
        add_run_arguments(sub, f"; {OBJECTS_TOO}" if stage in ("objects", "grasps") else "")
    add_model_commands(commands.add_parser("models", help="list, show, promote, roll back"))
    add_data_commands(commands.add_parser("data", help="versions of the data: log, diff, verify"))
    twin = commands.add_parser("twin", help="run the champion on a simulated hand")
    twin.set_defaults(command=run_twin)
    twin.add_argument("overrides", nargs="*", help="Hydra overrides of the robot's configuration")
    view = commands.add_parser("view", help="look at artifacts in a browser")
    shown = view.add_subparsers(required=True, metavar="WHAT").add_parser(
        "grasps", help="step through the grasps of an object"
    )
    shown.set_defaults(command=view_grasps)
    shown.add_argument("words", nargs="+", help="an object or a mesh file, and overrides as made")
    shown.add_argument("--host", default="127.0.0.1", help="address to serve (default: this host)")
    shown.add_argument("--port", type=int, default=8080)
    state = commands.add_parser("status", help="what is done, what serves")
    state.set_defaults(command=status)
    state.add_argument("overrides", nargs="*", help="Hydra overrides, e.g. store=lakefs")
    commands.add_parser("doctor", help="versions, machine, services").set_defaults(command=doctor)
    return top


def add_run_arguments(sub: argparse.ArgumentParser, more: str = "") -> None:
    text = f"Hydra overrides, e.g. profile=smoke seed=1{more}"
    sub.add_argument("overrides", nargs="*", help=text)
    sub.add_argument("--dry-run", action="store_true", help="say what would happen, do nothing")


def add_model_commands(models: argparse.ArgumentParser) -> None:
    commands = models.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="versions and aliases").set_defaults(command=list_models)
    show = commands.add_parser("show", help="one version with its lineage")
    show.set_defaults(command=show_model)
    show.add_argument("version", help="a number, an alias, or another model's: expert-fast/1")
    promote = commands.add_parser("promote", help="approve a version, if its gates pass")
    promote.set_defaults(command=promote_model)
    promote.add_argument("version")
    back = commands.add_parser("rollback", help="approve the previous champion again")
    back.set_defaults(command=roll_back)
    back.add_argument(
        "--from",
        dest="in_force",
        type=int,
        metavar="SEQUENCE",
        help="the release to go back from; refused if another is in force",
    )
    for sub in (promote, back):
        sub.add_argument("--approver", default=getpass.getuser(), help="signs the approval")


def run_stages(options: argparse.Namespace) -> int:
    from configs.load import ConfigError, load
    from configs.schema.pipeline import Config
    from flows.commands.targets import check_meshes, resolve, split
    from flows.home import home_folder, quiet, require_machine
    from flows.interrupt import stop_on_signals
    from flows.plan import PER_OBJECT, plan
    from tasks.store import open_store
    from tasks.store.choice import choose

    targets, overrides = split(options.overrides)
    if targets and options.until not in PER_OBJECT:
        raise ConfigError(f"{targets[0]}: not an override (key=value)")
    only, overrides = resolve(targets, overrides)
    config = load(Config, overrides)
    home = home_folder()
    plan(config, options.until, only)  # what the plan refuses is refused before Prefect starts
    if config.physics.engine == "mujoco_warp":
        from envs.engines.mujoco_engine import require_warp  # imports torch: a second or two

        require_warp(config.physics)
    for words in check_meshes(config, only):
        print(f"dexgen: {words}")
    if options.dry_run:
        from flows.commands.forecast import forecast

        print(forecast(config, options.until, home, only))
        return 0
    require_machine(config.machine, home)
    choose(config.store)
    open_store(home)  # one that does not answer is refused before Prefect starts
    quiet(home)
    stop_on_signals()
    print(f"dexgen: state in {home}; starting Prefect ...", flush=True)
    from flows.pipeline import run

    print(f"report {run(overrides, options.until, only)}/index.html")
    return 0


def list_models(options: argparse.Namespace) -> int:
    from flows.commands.models import listing

    print(listing())
    return 0


def show_model(options: argparse.Namespace) -> int:
    from flows.commands.models import description

    print(description(options.version))
    return 0


def promote_model(options: argparse.Namespace) -> int:
    from flows.commands.models import promote

    print(promote(options.version, options.approver))
    return 0


def roll_back(options: argparse.Namespace) -> int:
    from flows.commands.models import rollback

    print(rollback(options.approver, options.in_force))
    return 0


def run_twin(options: argparse.Namespace) -> int:
    """Become the robot's own entry point: its insides are not ours to import, its signals are."""
    command = [sys.executable, "-m", "robot.cli", "run", "robot=twin", *options.overrides]
    os.execv(sys.executable, command)


def view_grasps(options: argparse.Namespace) -> int:
    from flows.commands.viewing import view_grasps
    from flows.home import home_folder

    view_grasps(options.words, home_folder(), options.host, options.port)
    return 0


def status(options: argparse.Namespace) -> int:
    from configs.load import load
    from configs.schema.pipeline import Config
    from flows.commands.status import summary
    from flows.home import home_folder
    from tasks.store.choice import choose

    choose(load(Config, options.overrides).store)
    print(summary(home_folder()))
    return 0


def doctor(options: argparse.Namespace) -> int:
    from flows.commands.doctor import examine
    from flows.home import home_folder

    rows = examine(home_folder())
    for what, reading, remedy in rows:
        print(f"{what:<20}{reading:<44}{'-> ' + remedy if remedy else ''}".rstrip())
    return 1 if any(remedy for _, _, remedy in rows) else 0


if __name__ == "__main__":
    main()
