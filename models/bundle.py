"""A controller's bundle: a folder of verified files and the manifest that names them.

The hash of a bundle is the sha256 of its manifest, which holds every file's sha256; equal
contents have equal hashes, wherever and whenever they were written. `manifest.sha256` beside it
finds accidents; against intent there is the signed approval, which names the hash.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from configs.errors import UserError
from configs.files import replacing
from configs.layout import Layout
from configs.load import ConfigError, plain, validate
from configs.schema.objects import Object
from configs.schema.strict import strict
from configs.schema.world import Embodiment
from models.strength import KEYS, Strength

FORMAT = "bundle-7"
MANIFEST, CHECKSUM = "manifest.json", "manifest.sha256"
WEIGHTS, CRITIC, STUDENT = "controller.safetensors", "critic.safetensors", "student.safetensors"
GRAPH, SCENARIO, PIECES = "controller.onnx", "scenario.safetensors", "object.safetensors"
REQUIRED = (WEIGHTS, CRITIC, STUDENT, GRAPH, SCENARIO, PIECES)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]  # no folders, no ..


class BundleError(UserError):
    """A bundle that must not be used; one line that names the file and the reason."""


@strict
class File:
    sha256: Digest
    size: Annotated[int, Field(ge=0)]  # [bytes]


@strict
class BundleManifest:
    """Everything that a robot must know of a controller, in plain values."""

    format: Literal["bundle-7"]
    layout: Layout
    fingerprint: Digest  # of the layout
    embodiment: Embodiment  # the hand, control rate and layout choices that the layout follows from
    assistance: str  # the default, one of `assistances`
    assistances: Annotated[dict[str, Strength], Field(min_length=1)]  # settings of the graph
    ddim_steps: Annotated[int, Field(ge=1)]  # unrolled in the graph
    scenario: Object  # what `scenario.safetensors` grasps, of the pieces in `object.safetensors`
    files: dict[FileName, File]
    lineage: dict[str, JsonValue]  # dataset, experts, grasps, configuration, code

    @property
    def modes(self) -> tuple[str, ...]:
        return self.layout.modes

    def strength(self, assistance: str | None = None, asked: object = None) -> Strength:
        """Return the settings of an assistance, by default the default one's.

        `asked` may have other values for some, under the same names; None leaves them as they are.

        Raises:
            BundleError: there is no assistance of this name.
        """
        name = self.assistance if assistance is None else assistance
        if name not in self.assistances:
            known = ", ".join(sorted(self.assistances))
            raise BundleError(f"bundle: knows no assistance {name!r}; one of {known}")
        values = {key: getattr(asked, key, None) for key in KEYS}
        given = {key: value for key, value in values.items() if value is not None}
        return replace(self.assistances[name], **given)


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every file was verified when it was opened."""

    folder: Path
    manifest: BundleManifest
    hash: str

    @property
    def layout(self) -> Layout:
        return self.manifest.layout

    def read(self, name: str) -> bytes:
        """Return a file's content, verified again as it is read.

        Raises:
            BundleError: not a file of this bundle, or changed since it was opened.
        """
        if name not in self.manifest.files:
            raise BundleError(f"{self.folder}: has no file {name!r}")
        return _verified(self.folder / name, self.manifest.files[name])


def write_bundle(
    folder: Path,
    files: Mapping[str, Path],
    *,
    embodiment: Embodiment,
    assistance: str,
    assistances: Mapping[str, Strength],
    ddim_steps: int,
    scenario: Object,
    lineage: Mapping[str, JsonValue],
) -> Bundle:
    """Copy `files` (name in the bundle -> source) and write the manifest: whole or not at all.

    Raises:
        BundleError: a required file is missing, or `folder` exists.
    """
    if folder.exists():
        raise BundleError(f"{folder}: exists; a bundle is never changed, choose another folder")
    layout = embodiment.make_layout()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with replacing(folder) as temporary:
        temporary.mkdir()
        described = {}
        for name, source in files.items():
            if Path(name).name != name:
                raise BundleError(f"{name!r}: a bundle has no folders; name the file plainly")
            content = _read(source)
            (temporary / name).write_bytes(content)
            described[name] = {"sha256": _digest(content), "size": len(content)}
        values = {
            "format": FORMAT,
            "layout": asdict(layout),
            "fingerprint": layout.fingerprint(),
            "embodiment": plain(embodiment),
            "assistance": assistance,
            "assistances": {name: plain(strength) for name, strength in assistances.items()},
            "ddim_steps": ddim_steps,
            "scenario": plain(scenario),
            "files": described,
            "lineage": dict(lineage),
        }
        content = _encode(_manifest(values, folder))
        (temporary / MANIFEST).write_bytes(content)
        (temporary / CHECKSUM).write_text(_digest(content) + "\n")
        written = open_bundle(temporary, layout)
    return Bundle(folder, written.manifest, written.hash)


def open_bundle(folder: Path, layout: Layout | None, expected: str | None = None) -> Bundle:
    """Verify a bundle's manifest and every file, and return it; nothing is loaded.

    Args:
        layout: the layout that it must have been made with; None: any.
        expected: the hash that the bundle must have (an approval's); None: any.

    Raises:
        BundleError: a file changed, missing or unlisted, another format, hash or layout.
    """
    content = _read(folder / MANIFEST)
    found = _digest(content)
    if _read(folder / CHECKSUM) != f"{found}\n".encode():
        raise BundleError(f"{folder / MANIFEST}: does not match {CHECKSUM}; fetch it again")
    if expected is not None and found != expected:
        raise BundleError(f"{folder}: is bundle {found[:12]}, expected {expected[:12]}")
    try:
        values = json.loads(content)
    except ValueError:
        raise BundleError(f"{folder / MANIFEST}: is not JSON; fetch it again") from None
    manifest = _manifest(values, folder)
    if _encode(manifest) != content:
        raise BundleError(f"{folder / MANIFEST}: is not in canonical form; export it again")
    unlisted = {path.name for path in folder.iterdir()} - {MANIFEST, CHECKSUM, *manifest.files}
    if unlisted:
        raise BundleError(f"{folder / min(unlisted)}: is not listed in the manifest; remove it")
    for name, file in manifest.files.items():
        _verified(folder / name, file)
    if layout is not None:
        _require_layout(folder, manifest.layout, layout)
    return Bundle(folder, manifest, found)


def _manifest(values: JsonValue, folder: Path) -> BundleManifest:
    """Return the validated manifest of plain values."""
    holder = f"{folder}/{MANIFEST}"
    if isinstance(values, dict) and values.get("format") != FORMAT:
        raise BundleError(f"{holder}: format {values.get('format')!r}, expected {FORMAT!r}")
    try:
        manifest = validate(BundleManifest, values, holder)
    except ConfigError as error:
        raise BundleError(str(error)) from None
    if manifest.assistance not in manifest.assistances:
        raise BundleError(f"{holder}: assistance {manifest.assistance!r} has no settings")
    derived = manifest.embodiment.make_layout()
    if manifest.layout != derived or manifest.fingerprint != derived.fingerprint():
        raise BundleError(f"{holder}: its layout does not follow from its embodiment")
    missing = [name for name in REQUIRED if name not in manifest.files]
    if missing:
        raise BundleError(f"{holder}: lists no file {missing[0]!r}")
    return manifest


def _encode(manifest: BundleManifest) -> bytes:
    """Return the canonical bytes of a manifest: sorted keys, one key a line."""
    return (json.dumps(plain(manifest), sort_keys=True, indent=1) + "\n").encode()


def _require_layout(folder: Path, found: Layout, wanted: Layout) -> None:
    if found == wanted and found.fingerprint() == wanted.fingerprint():
        return
    values = asdict(found), asdict(wanted)
    first = next((key for key in values[0] if values[0][key] != values[1][key]), "fields")
    shown = (f"{value.get(first)!r:.60}" for value in values)
    raise BundleError(
        f"{folder}: made for another layout ({found.fingerprint()[:12]}, configured "
        f"{wanted.fingerprint()[:12]}): {first} is {' instead of '.join(shown)}"
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _verified(path: Path, file: File) -> bytes:
    content = _read(path)
    if len(content) != file.size:
        raise BundleError(f"{path}: {len(content)} bytes, the manifest says {file.size}")
    if _digest(content) != file.sha256:
        raise BundleError(f"{path}: content changed (sha256 differs); fetch the bundle again")
    return content


def _read(path: Path) -> bytes:
    try:
        if path.is_symlink():
            raise BundleError(f"{path}: is a link; a bundle holds its own files")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; fetch the bundle again") from None
