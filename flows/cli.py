"""The command line `dexgen`. Nothing heavy is imported before a command needs it."""

import os
import sys
from typing import Annotated, Any

import typer

from configs.errors import UserError
from flows.commands.data import data
from flows.commands.models import models
from flows.commands.stages import add_stage
from flows.stages import DOES

EXAMPLES = """\b
examples:
  dexgen run                         every stage of the default profile
  dexgen run profile=smoke seed=1    values changed, Hydra style
  dexgen train train.samples=200000  every stage up to `train`
  dexgen grasps box cup.stl          of these alone; a mesh file is one too
  dexgen view grasps box             steps through them in a browser
  dexgen run --dry-run               what would run, what would be reused
  dexgen models list                 registered controllers and their aliases
  dexgen data log                    the history of the checked data
  dexgen twin                        the champion, on a simulated hand
\b
State lives in $DEXGEN_HOME (default ./var).
The last report is reports/latest/index.html in it."""

app = typer.Typer(
    help="From objects to a signed foundation controller for a dexterous hand.",
    epilog=EXAMPLES,
    add_completion=False,
    rich_markup_mode=None,  # plain text is quicker, and the same in a terminal and in a log
    context_settings={"help_option_names": ["-h", "--help"]},
)
view = typer.Typer()
Overrides = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Hydra overrides")]


def main(arguments: list[str] | None = None) -> None:
    command = named(typer.main.get_command(app))
    try:
        words = sys.argv[1:] if arguments is None else arguments
        with command.make_context("dexgen", list(words) or ["--help"]) as context:
            code = command.invoke(context) or 0
    except typer.Exit as end:
        code = end.exit_code
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


def named(command: Any) -> Any:
    """Return a command whose help calls its arguments NAME, not {NAME} and <list[str]>."""
    for each in getattr(command, "commands", {}).values():
        named(each)
    for one in command.params:
        if one.param_type_name == "argument":
            (said,) = one.get_usage_pieces(None)
            plain = said.replace("{", "").replace("}", "")
            one.get_usage_pieces = lambda context, plain=plain: [plain]
            one.display_type = lambda context: ""
    return command


def judge(error: Exception) -> tuple[int | None, str]:
    """Return an error's exit code (2: bad input, or a full disk) and words; None of a defect."""
    if isinstance(error, typer.TyperException):
        words = error.format_message().rstrip()
        more = " See --help" if words.endswith("?") else "; see --help"
        return error.exit_code, words.rstrip(".") + more
    code = error.exit_code if isinstance(error, UserError) else None
    if code not in (1, None):
        return code, " ".join(str(error).split())
    from flows.home import home_path
    from tasks.store.disk import full_disk

    full = full_disk(error, home_path())
    return (code, str(error)) if full is None else (2, full)


for stage, text in {"run": "run every stage", **DOES}.items():
    add_stage(app, stage, text)
app.add_typer(models, name="models", help="List, show, promote, roll back.")
app.add_typer(data, name="data", help="Versions of the data: log, diff, verify, export.")


@app.command()
def twin(overrides: Overrides = None) -> None:
    """Run the champion on a simulated hand."""
    # Become the robot's own entry point: its insides are not ours to import, its signals are.
    command = [sys.executable, "-m", "robot.cli", "run", "robot=twin", *(overrides or [])]
    os.execv(sys.executable, command)


@view.callback()
def look() -> None:
    """Look at artifacts in a browser."""


app.add_typer(view, name="view")


OneObject = Annotated[
    list[str],
    typer.Argument(metavar="OBJECT", help="an object or a mesh file, and overrides as made"),
]
Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="to serve at; by default this machine's")
]
Port = Annotated[int, typer.Option(metavar="PORT", help="to serve at")]


@view.command("grasps")
def view_grasps(words: OneObject, host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Step through the grasps of an object."""
    from flows.commands.view import view_grasps
    from flows.home import home_folder

    view_grasps(words, home_folder(), host, port)


@view.command("path")
def view_path(
    words: OneObject,
    turn: Annotated[
        str, typer.Option(metavar="AXIS=DEGREES", help="about an axis of the hand, such as z=90")
    ] = "z=90",
    host: Host = "127.0.0.1",
    port: Port = 8080,
) -> None:
    """Step through the regrasps that turn an object."""
    from flows.commands.view import view_path
    from flows.home import home_folder

    view_path(words, turn, home_folder(), host, port)


@app.command()
def status(overrides: Overrides = None) -> None:
    """What is done, what serves."""
    from configs.load import load
    from configs.schema.pipeline import Config
    from flows.commands.status import summary
    from flows.home import home_folder
    from tasks.store import open_store
    from tasks.store.choice import choose

    choose(load(Config, overrides or []).store)
    print(summary(home_folder(), open_store(home_folder())))


@app.command()
def doctor() -> int:
    """Versions, machine, services."""
    from flows.commands.doctor import examine
    from flows.commands.terminal import table
    from flows.home import home_folder

    rows = examine(home_folder())
    print(table([(what, said, f"-> {remedy}" if remedy else "") for what, said, remedy in rows]))
    return 1 if any(remedy for _, _, remedy in rows) else 0


if __name__ == "__main__":
    main()
