"""What the commands of `dexgen data` have in common: names, overrides, the store, the lock."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from configs.schema.pipeline import Config
    from tasks.store.protocol import VersionStore

Command = TypeVar("Command", bound=Callable[..., int | None])
OVERRIDES = "Hydra overrides may stand among the names: store=lakefs"


def names(metavar: str, text: str = "") -> typer.models.ArgumentInfo:
    """Return the argument that takes a command's names, and overrides among them."""
    return typer.Argument(metavar=metavar, help=text, show_default=False)


def flag(name: str, text: str) -> typer.models.OptionInfo:
    """Return the option that switches something on."""
    return typer.Option(name, help=text)


def sharing(command: Command) -> Command:
    """Return the command, during which gc takes nothing that it may be reading."""

    @wraps(command)
    def run(*arguments: object, **options: object) -> int | None:
        from tasks.data.in_use import in_use

        with in_use(home()):
            return command(*arguments, **options)

    return run  # pyright: ignore[reportReturnType]


def store_of(config: "Config") -> "VersionStore":
    from tasks.store import open_store
    from tasks.store.choice import choose

    choose(config.store)
    return open_store(home())


def configured(words: list[str], least: int, most: int) -> "tuple[Config, list[str]]":
    """Return the configuration and the names among a command's words."""
    from configs.load import ConfigError, load
    from configs.schema.pipeline import Config

    overrides = [word for word in words if "=" in word or word.startswith("~")]
    found = [word for word in words if word not in overrides]
    if not least <= len(found) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        given = " ".join(found) or "none"
        raise ConfigError(f"data: {wanted} name(s) wanted, {given} given; see --help")
    return load(Config, overrides), found


def opened(words: list[str], least: int, most: int) -> "tuple[VersionStore, list[str]]":
    """Return the chosen store and the names among a command's words."""
    config, found = configured(words, least, most)
    return store_of(config), found


def home() -> Path:
    from flows.home import home_folder

    return home_folder()
