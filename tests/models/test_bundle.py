"""A bundle is whole and unchanged, or it is refused in one line."""

import re
import shutil

import pytest

from configs.load import load, plain, validate
from configs.schema.pipeline import Config
from configs.schema.world import Embodiment
from models.bundle import (
    CHECKSUM,
    MANIFEST,
    REQUIRED,
    WEIGHTS,
    BundleError,
    Strength,
    open_bundle,
    write_bundle,
)
from tests.tiny_bundle import make_bundle


@pytest.fixture(scope="module")
def original(tmp_path_factory, bodies):
    body = bodies["trident"]
    return make_bundle(tmp_path_factory.mktemp("bundles") / "bundle", body.config.embodiment)


@pytest.fixture
def copy(original, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(original.folder, folder)
    return folder


def refused(folder, layout=None, expected=None):
    with pytest.raises(BundleError) as info:
        open_bundle(folder, layout, expected)
    message = str(info.value)
    assert "\n" not in message
    return message


def test_opens_as_it_was_written(original, copy, bodies):
    bundle = open_bundle(copy, bodies["trident"].layout, original.hash)
    assert bundle.manifest == original.manifest
    assert bundle.layout == bodies["trident"].layout
    assert bundle.read("controller.onnx") == (original.folder / "controller.onnx").read_bytes()


def test_equal_contents_have_equal_hashes(original, tmp_path, bodies):
    again = make_bundle(tmp_path / "elsewhere", bodies["trident"].config.embodiment)
    assert again.hash == original.hash
    other = make_bundle(tmp_path / "other", bodies["trident"].config.embodiment, guidance=0.3)
    assert other.hash != original.hash


def test_one_flipped_byte_in_any_file(copy):
    files = sorted(copy.iterdir())
    assert len(files) == 8
    for path in files:
        content = path.read_bytes()
        for place in (0, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            message = refused(copy)
            assert path.name in message or path.name == CHECKSUM
        path.write_bytes(content)
    open_bundle(copy, None)


def test_extra_missing_shortened_and_linked_files(copy, tmp_path):
    extra = copy / "notes.txt"
    extra.write_text("hello")
    assert re.search(r"notes\.txt: is not listed", refused(copy))
    extra.unlink()
    for path in sorted(copy.iterdir()):
        kept = path.read_bytes()
        path.unlink()
        assert path.name in refused(copy)
        (tmp_path / "kept").write_bytes(kept)
        path.symlink_to(tmp_path / "kept")
        assert "is a link" in refused(copy)
        path.unlink()
        path.write_bytes(kept[:-1])
        assert path.name in refused(copy) or path.name == CHECKSUM
        path.write_bytes(kept)


def test_another_layout_names_the_difference(copy):
    other = load(Config, ["hand=trident", "control.hz=10"]).embodiment.make_layout()
    assert re.search(r"control_hz is 20(\.0)? instead of 10(\.0)?", refused(copy, other))
    allegro = load(Config, ["hand=allegro"]).embodiment.make_layout()
    assert "hand is 'trident' instead of 'allegro'" in refused(copy, allegro)


def test_another_geometry_of_the_same_hand_is_refused(copy):
    values = plain(load(Config, ["hand=trident"]).embodiment)
    values["hand"]["fingers"][0]["links"][2]["offset"] = [0.0, 0.0, 0.09]
    other = validate(Embodiment, values, "test").make_layout()
    assert re.search(r"kinematics is '[0-9a-f]{20,}.* instead of '", refused(copy, other))


def test_another_hash_than_approved(copy):
    assert "expected 000000000000" in refused(copy, expected="0" * 64)


def test_another_format_is_named(copy):
    import hashlib

    content = (copy / MANIFEST).read_bytes().replace(b"bundle-7", b"bundle-9")
    (copy / MANIFEST).write_bytes(content)
    (copy / CHECKSUM).write_text(hashlib.sha256(content).hexdigest() + "\n")
    assert "format 'bundle-9', expected 'bundle-7'" in refused(copy)


def test_no_folder_and_no_bundle(tmp_path):
    assert "manifest.json" in refused(tmp_path / "nowhere")


def test_a_file_changed_after_opening_is_not_read(copy):
    bundle = open_bundle(copy, None)
    (copy / "controller.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"controller\.onnx"):
        bundle.read("controller.onnx")


def test_an_assistance_is_known_by_its_name(original):
    manifest = original.manifest
    assert manifest.strength() == manifest.strength("paper")
    assert manifest.strength("paper") == Strength(
        reading=0.0, gain=1.0, share=1.0, caution=1.0, guidance=0.2, remainder=0.0
    )
    assert manifest.strength("guarded").caution == 0.25
    with pytest.raises(BundleError, match=r"no assistance 'bold'; one of guarded, paper"):
        manifest.strength("bold")


def test_a_default_assistance_without_settings_is_refused(tmp_path, bodies):
    embodiment = bodies["trident"].config.embodiment
    with pytest.raises(BundleError, match=r"assistance 'bold' has no settings"):
        make_bundle(tmp_path / "bundle", embodiment, assistance="bold")


@pytest.fixture
def parts(original, bodies):
    """Return what a bundle is written with beside its files."""
    return {
        "embodiment": bodies["trident"].config.embodiment,
        "assistance": "paper",
        "assistances": original.manifest.assistances,
        "ddim_steps": 1,
        "scenario": original.manifest.scenario,
        "lineage": {},
    }


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_bundle_without_a_required_file_is_not_written(tmp_path, original, parts, missing):
    names = set(REQUIRED) - {missing}
    files = {name: original.folder / name for name in names}
    with pytest.raises(BundleError, match=f"lists no file '{re.escape(missing)}'"):
        write_bundle(tmp_path / "bundle", files, **parts)
    assert list(tmp_path.iterdir()) == []


def test_failed_writing_leaves_nothing(tmp_path, original, parts):
    with pytest.raises(BundleError, match="absent"):
        write_bundle(tmp_path / "bundle", {"x": tmp_path / "absent"}, **parts)
    with pytest.raises(BundleError, match="no folders"):
        write_bundle(tmp_path / "bundle", {"../x": original.folder / WEIGHTS}, **parts)
    assert list(tmp_path.iterdir()) == []
