"""A release channel with a tiny, really signed bundle."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.load import load
from configs.schema.robot import RobotConfig
from models.approval import Approval, encode, key_id, make_keys, release_name, sign
from models.bundle import Bundle
from tests.tiny_bundle import make_bundle


@dataclass(frozen=True)
class Channel:
    """A project's state folder, as far as a robot reads it."""

    home: Path
    bundle: Bundle  # outside of the channel; releases are copies

    def publish(self, sequence: int, *, rollback: bool = False, keys: str = "keys", **changes):
        """Sign and publish the bundle; `changes` replace the approval's fields."""
        private, public = make_keys(self.home / keys)
        values = {
            "format": "approval-2",
            "bundle_hash": self.bundle.hash,
            "report_hash": "0" * 64,
            "decision_hash": "0" * 64,
            "verdict": "passed",
            "dataset": "none",
            "approver": "test",
            "time_utc": "2026-01-01T00:00:00Z",
            "sequence": sequence,
            "rollback": rollback,
            "layout": self.bundle.manifest.fingerprint,
            "key": key_id(public),
        }
        approval = Approval(**(values | changes))
        folder = self.home / "releases" / release_name(sequence)
        shutil.copytree(self.bundle.folder, folder / "bundle")
        (folder / "approval.json").write_bytes(encode(approval))
        (folder / "approval.sig").write_bytes(sign(approval, private))
        return folder

    def config(self, *overrides: str) -> RobotConfig:
        return load(RobotConfig, self.overrides(*overrides), root="robot_config")

    def overrides(self, *overrides: str) -> list[str]:
        """Return a short run's configuration."""
        short = [
            f"home={self.home}",
            "hand=trident",
            "robot.trials.count=2",
            "robot.trials.seconds=2",
            "robot.realtime_s=0",
            "robot.clip.file=null",
        ]
        return [*short, *overrides]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Bundle:
    pytest.importorskip("onnx", reason="the tiny graph is built with the onnx package")
    config = load(RobotConfig, ["hand=trident"], root="robot_config")
    return make_bundle(tmp_path_factory.mktemp("tiny") / "bundle", config.embodiment)


@pytest.fixture
def channel(tiny, tmp_path) -> Channel:
    return Channel(tmp_path / "home", tiny)
