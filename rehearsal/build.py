"""Builds the stand-in exchange into OCI images: the same version gives the same digest, byte for byte.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.data_services import data_service_programs
from rehearsal.components.base.faults import ALLOWED
from rehearsal.components.client import bundle

COMPONENTS = Path(__file__).parent / "components"
STREAM = Path(data_service_programs.__file__).parent
WORKING_DIRECTORY = "app"
ENVIRONMENT = ("PYTHONPATH=.", "PYTHONUNBUFFERED=1")
COMMANDS = {"backend": "bin/web", "client": "bin/web", "engine": "bin/engine", "kafka": "bin/kafka"}
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
Files = dict[str, bytes]


@dataclass(frozen=True)
class Blob:
    """A part of an image, addressed by the digest of its content."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.content).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return the descriptor by which a manifest names this blob."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True)
class Image:
    """An image as a registry keeps it; `release` is the version's `release.json`, with the image's digest."""

    component: str
    version: str
    config: Blob
    layers: tuple[Blob, ...]
    release: Mapping[str, Any]

    @property
    def manifest(self) -> Blob:
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.config.as_dict(),
            "layers": [layer.as_dict() for layer in self.layers],
        }
        return Blob(MANIFEST_TYPE, _json(content))

    @property
    def digest(self) -> str:
        return self.manifest.digest


def build(component: str, version: str, *, fault: str = "none") -> Image:
    """Build a version of a component from this project's sources.

    `fault` is one of faults.ALLOWED; any other is a ValueError.
    """
    return _image(COMPONENTS, component, version, {"version": version, "fault": fault})


def build_folder(folder: Path, component: str, tag: str) -> Image:
    """Build the image that the Dockerfile in a folder of the monorepo describes.

    Version and fault stand in the folder's `version.json`.
    """
    return _image(folder, component, tag, json.loads((folder / "version.json").read_text(encoding="utf-8")))


def _image(folder: Path, component: str, tag: str, version: Mapping[str, str]) -> Image:
    allowed = ALLOWED.get(component, frozenset(("none",)))
    if version["fault"] not in allowed:
        raise ValueError(f"fault {version['fault']!r} of {component}: allowed are {', '.join(sorted(allowed))}")
    base, own = _shared_files(folder), _component_files(folder / component)
    own |= _assets(component, version["version"])
    own["version.json"] = _json(version)
    commit = hashlib.sha1(b"".join(sorted(base.values()) + sorted(own.values())), usedforsecurity=False).hexdigest()
    release = _release(folder, component, commit)
    own["release.json"] = _json(release)
    layers = tuple(Blob(LAYER_TYPE, _tar(files)) for files in (base, own))
    image = Image(component, tag, _config(component, layers), layers, release)
    return Image(component, tag, image.config, layers, {**release, "digest": image.digest})


def _release(folder: Path, component: str, commit: str) -> dict[str, Any]:
    """Return the content of `release.json`; `commit` is a hash of the sources, as they have no commit."""
    templates = (folder / "release.json", folder / component / "release.json")
    template = next((file for file in templates if file.exists()), None)
    if template is None:
        return {"component": component, "commit": commit}
    return {**json.loads(template.read_text(encoding="utf-8")), "commit": commit}


def _shared_files(folder: Path) -> Files:
    files = {"components/__init__.py": (folder / "__init__.py").read_bytes()}
    return files | dict(_sources(folder / "base", "components/base"))


def _component_files(folder: Path) -> Files:
    programs = {f"bin/{file.name}": file.read_bytes() for file in sorted((folder / "bin").iterdir()) if file.is_file()}
    files = programs | dict(_sources(folder, f"components/{folder.name}"))
    return files | _broker(folder) if folder.name == "kafka" else files


def _broker(folder: Path) -> Files:
    """Return the stand-in for Kafka, and its health check where Apache Kafka's image has one.

    The check means the same there: the broker accepts a connection.
    """
    check = "kafka-broker-api-versions.sh"
    files = {f"/opt/kafka/bin/{check}": (folder / check).read_bytes()}
    return files | dict(_sources(STREAM, "data_service_programs"))


def _assets(component: str, version: str) -> Files:
    """Return the files that `components/client/bundle.py` writes when the Dockerfile runs it."""
    assets = bundle.bundle(version) if component == "client" else {}
    return {f"{bundle.FOLDER}{path}": content for path, content in assets.items()}


def _sources(folder: Path, target: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.glob("*.py")):
        yield f"{target}/{file.name}", file.read_bytes()


def _tar(files: Files) -> bytes:
    """Return a tar archive that is the same from every machine: files sorted, owned by root, dated 1970."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name.removeprefix("/") if name.startswith("/") else f"{WORKING_DIRECTORY}/{name}")
            entry.size, entry.mode = len(content), 0o755 if "bin/" in name else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _config(component: str, layers: tuple[Blob, ...]) -> Blob:
    content = {
        "architecture": "arm64",
        "os": "linux",
        "config": {
            "WorkingDir": f"/{WORKING_DIRECTORY}",
            "Env": list(ENVIRONMENT),
            "Cmd": [COMMANDS[component]],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    return Blob(CONFIG_TYPE, _json(content))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"
