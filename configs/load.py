"""Hydra composes, pydantic validates, Hydra is gone."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from configs.errors import UserError
from configs.spelling import dotted, hint

FOLDER = Path(__file__).parent
T = TypeVar("T")


class ConfigError(UserError):
    """A configuration that cannot be used; the message is one line with the remedy."""


def load(kind: type[T], overrides: Sequence[str] = (), root: str = "config") -> T:
    """Compose `configs/<root>.yaml` with Hydra overrides and validate it as `kind`.

    Raises:
        ConfigError: an unknown key, group or a bad value, named, in one line.
    """
    # A copy: what is kept is nobody's to change.
    return validate(kind, deepcopy(_composed(root, tuple(overrides))), "configuration")


@lru_cache(maxsize=256)  # composing takes half a second, and a process asks for the same again
def _composed(root: str, overrides: tuple[str, ...]) -> Any:
    """Return the plain values that Hydra composes; its files are read once a process."""
    from hydra import compose, initialize_config_dir  # slow imports stay out of --help
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(str(FOLDER), version_base="1.3"):
            composed = compose(root, overrides=list(overrides))
        return OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException, TypeError) as error:
        # TypeError: OmegaConf's answer to a name where a list wants a number
        text, meant = composition_error(str(error)), suggestion(str(error), root, overrides)
        said = " ".join(overrides) or "none"
        raise ConfigError(f"configuration: {text}{meant} (overrides: {said})") from None
    finally:
        GlobalHydra.instance().clear()


def composition_error(text: str) -> str:
    """Turn Hydra's words into one line; its advice to append keys does not hold here."""
    text = re.sub(r"To append to your config use .*|See https://\S+ for details", "", text)
    text = re.sub(r"Config search path:.*", "", " ".join(text.split()))
    text = text.replace("Could not override", "unknown key")
    text = re.sub(r"^In '\w+': Could not find '(\S+)/(\S+)'", r"\1: there is no '\2'.", text)
    return text.strip(" .")


def suggestion(text: str, root: str, overrides: Sequence[str]) -> str:
    """Return what a key or a choice that Hydra does not know was most likely meant to be."""
    if choice := re.search(r"Could not find '(\S+)/(\S+)'", text):
        return hint(choice[2], (path.stem for path in (FOLDER / choice[1]).glob("*.yaml")))
    key = re.search(r"Could not override '(\S+)'", text)
    if key is None:
        return ""
    groups = {path.parent.name for path in FOLDER.glob("*/*.yaml")}
    choices = tuple(one for one in overrides if one.partition("=")[0] in groups)
    composed = _composed(root, choices)
    section = key[1].rpartition(".")[0]
    first = key[1].partition(".")[0]
    if first in groups and first not in composed:
        commands = "`dexgen-robot`" if first == "robot" else "another command"
        return f"; the group {first!r} is of {commands}"
    names = list(dotted(composed))
    if section not in names:
        return hint(key[1], [*sorted(groups), *names])
    known = at(composed, section.split("."))
    near = hint(key[1], [f"{section}.{one}" for one in known])
    return near or f"; {section} has {', '.join(known)}"


def validate(kind: type[T], values: Any, holder: str) -> T:
    """Validate plain values (from YAML or JSON) as `kind`; `holder` names them in errors."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        errors = error.errors()
        unknown = [one for one in errors if one["type"] == "unexpected_keyword_argument"]
        first = (unknown or errors)[0]  # the cause of what is missing beside it
        key = ".".join(named(values, first["loc"]))
        # of a whole section's value, which a validator of ours refused, its own words say enough
        silent = first["type"] == "missing" or isinstance(first["input"], Mapping)
        value = "" if silent else f" (value {first['input']!r:.80})"
        more = f"; and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        where = ": ".join(filter(None, (holder, key)))
        words = first["msg"].removeprefix("Value error, ")
        if unknown:
            *place, name = (str(part) for part in first["loc"])
            missing = [str(one["loc"][-1]) for one in errors if one["type"] == "missing"]
            words = "unknown key" + hint(name, [*missing, *at(values, place)])
        raise ConfigError(f"{where}: {words}{value}{more}") from None


def named(values: Any, place: Sequence[int | str]) -> Iterator[str]:
    """Yield the parts of a place that a person wrote, without pydantic's names of kinds."""
    for number, part in enumerate(place):
        inside: dict[Any, Any] = {}
        if isinstance(values, Mapping):
            inside = dict(values)
        elif isinstance(values, Sequence):
            inside = dict(enumerate(values))
        if part in inside or number == len(place) - 1:
            yield str(part)
        values = inside.get(part, values)


def at(values: Any, place: Sequence[str]) -> list[str]:
    """Return the keys of the mapping at a place; a part that is no key names a kind and is left."""
    for part in place:
        values = values[part] if isinstance(values, Mapping) and part in values else values
    return [str(key) for key in values] if isinstance(values, Mapping) else []


def plain(config: Any) -> Any:
    """Return a validated configuration as plain JSON values."""
    return TypeAdapter(type(config)).dump_python(config, mode="json")


def digest(config: Any) -> str:
    """Return the sha256 of a configuration's canonical JSON."""
    text = json.dumps(plain(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
