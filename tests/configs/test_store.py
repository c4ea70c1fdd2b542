"""Where versions are kept: two choices, each with its own keys."""

import pytest

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from configs.schema.store import LakeFSSettings, LocalSettings
from tests.values import changed


def test_both_choices_load():
    assert isinstance(load(Config).store, LocalSettings)
    assert isinstance(load(Config, ["store=lakefs"]).store, LakeFSSettings)


@pytest.mark.parametrize(
    "override",
    [
        "+store.password=secret",
        "store.endpoint=http://user:secret@host",  # it would be said in every error
        "store.endpoint=host:8000",
        "store.endpoint=http://host/path",
        "store.repository=No",
        "store.attempts=0",
        "store.pause_s=0",
        "store.timeout_s=-1",
    ],
)
def test_bad_values_are_one_line(override):
    with pytest.raises(ConfigError) as caught:
        changed(override, "store=lakefs")
    assert override.split("=")[0].split(".")[-1] in str(caught.value)
    assert "\n" not in str(caught.value)
