"""The configuration with one value changed, as `load` makes it of an override, without Hydra."""

import yaml

from configs.load import load, plain, validate
from configs.schema.pipeline import Config


def changed(override: str, *others: str) -> Config:
    """Return the configuration under `key=value`, `+key=value` or `~key`, beside other overrides.

    These are composed, which takes half a second, once a process. A part of a key holds no dot.
    """
    values = place = plain(load(Config, others))
    key, _, text = override.lstrip("+~").partition("=")
    *path, last = key.split(".")
    for part in path:
        place = place[part]
    if override.startswith("~"):
        del place[last]
    else:
        place[last] = yaml.safe_load(text)
    return validate(Config, values, "configuration")
