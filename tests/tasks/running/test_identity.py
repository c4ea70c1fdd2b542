"""A step's identity: code, configuration and inputs change it; comments do not."""

from pathlib import Path

import pytest

from configs.refs import Ref
from tasks.running.identity import code_fingerprint, identity

STEP = '''"""A step."""
from models.thing import double

def step(x):
    """Say what it does."""
    # and why
    return double(x)
'''
THING = """import numpy as np

def double(x):
    return 2 * x
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for room, name, text in (("tasks", "step", STEP), ("models", "thing", THING)):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
        (tmp_path / room / f"{name}.py").write_text(text)
    (tmp_path / "models" / "other.py").write_text("X = 1\n")
    return tmp_path


def edited(project: Path, file: str, old: str, new: str) -> str:
    path = project / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return code_fingerprint("tasks.step", project)


def test_comment_and_docstring_change_nothing(project):
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "tasks/step.py", "# and why", "# another reason\n\n    # two") == before
    assert edited(project, "tasks/step.py", "Say what it does.", "Say more.") == before


def test_statement_changes_it(project):
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "tasks/step.py", "double(x)", "double(x) + 1") != before


def test_statement_of_an_imported_file_changes_it(project):
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "models/thing.py", "2 * x", "3 * x") != before


def test_import_inside_a_function_counts(project):
    (project / "tasks" / "step.py").write_text("def step():\n    import models.other\n")
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "models/other.py", "X = 1", "X = 2") != before


def test_module_imported_by_name_from_its_package_counts(project):
    (project / "tasks" / "step.py").write_text("from models import other\n")
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "models/other.py", "X = 1", "X = 2") != before


def test_file_that_is_not_imported_changes_nothing(project):
    before = code_fingerprint("tasks.step", project)
    assert edited(project, "models/other.py", "X = 1", "X = 2") == before


def test_identity_follows_each_part():
    ref = Ref("local", "a" * 64, "")
    base = identity("train", "code", "config", {"dataset": ref})
    assert base == identity("train", "code", "config", {"dataset": ref})
    others = [
        identity("export", "code", "config", {"dataset": ref}),
        identity("train", "code2", "config", {"dataset": ref}),
        identity("train", "code", "config2", {"dataset": ref}),
        identity("train", "code", "config", {"dataset": Ref("local", "b" * 64, "")}),
        identity("train", "code", "config", {"other": ref}),
    ]
    assert base not in others
    elsewhere = Ref("lakefs", "a" * 64, "")  # where the bytes are is no part of it
    assert base == identity("train", "code", "config", {"dataset": elsewhere})
    assert len(set(others)) == len(others)
