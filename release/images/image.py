"""`image`: one version of a component, built once, under the same digest in every repository that is named."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from release.arguments import InputError
from release.images.docker import Docker, DockerError
from release_engine.manifest import problems


def one_image(docker: Docker, folder: Path, component: str, version: str, repositories: Sequence[str]) -> str:
    """The digest. What is there is not built again: tags are immutable, and a job may be run a second time (F7)."""
    found = {one: docker.digest(f"{one}:{version}") for one in repositories}
    source = next((one for one, digest in found.items() if digest), repositories[0])
    digest = found[source] = found[source] or docker.build(folder, component, f"{source}:{version}")
    for repository, kept in found.items():
        reference = f"{repository}:{version}"
        if kept is None:
            docker.copy(f"{source}@{digest}", reference)
        if (now := kept or docker.digest(reference)) != digest:
            raise DockerError(f"{reference} is {now}, but {source}:{version} is {digest}: build another version")
    return digest


def manifest_of(folder: Path, component: str, commit: str, digest: str) -> Mapping[str, Any]:
    """The component's `release.json`, with what only its build knows (docs/contracts.md)."""
    template = folder / "release.json"
    try:
        written = json.loads(template.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the manifest of {component}, {template}, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the manifest of {component}, {template}, is not JSON: {error}") from error
    if not isinstance(written, dict):
        raise InputError(f"the manifest of {component}, {template}, is not a JSON object")
    manifest = written | {"commit": commit, "digest": digest}
    if found := problems(manifest, component=component, digest=digest):
        raise InputError(f"{template}: {'; '.join(found)}")
    return manifest
