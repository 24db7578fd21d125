"""Reads what was typed, strictly: a release that was misunderstood is worse than none."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from release_engine.manifest import problems
from release_engine.model import digest_problem

Manifest = Mapping[str, Any]

Targets = Annotated[list[str] | None, typer.Argument(metavar="COMPONENT=DIGEST...", help="In any order.")]
ComponentName = Annotated[str, typer.Argument(metavar="COMPONENT", help="The component.")]
Json = Annotated[bool, typer.Option("--json", help="For tools.")]


class InputError(ValueError):
    """Says why what was typed cannot be done, and what is expected."""


def parse_targets(words: Sequence[str], chain: Sequence[str]) -> dict[str, str]:
    """Map components to digests, in the order in which they go out, from `component=digest` words in any order."""
    if not words:
        raise InputError(f"nothing to release: name one or more of {_forms(chain)}")
    digests: dict[str, str] = {}
    for word in words:
        component, digest = _pair(word, chain, "sha256:…")
        if component in digests:
            raise InputError(f"{component} is named twice: {digests[component]} and {digest}")
        if problem := digest_problem(digest):
            raise InputError(f"{component}: {problem}")
        digests[component] = digest
    return {component: digests[component] for component in chain if component in digests}


def parse_manifests(words: Sequence[str], targets: Mapping[str, str]) -> dict[str, Manifest]:
    """Map components to manifests, from `component=path` words; each must fit the digest that it goes out with."""
    manifests: dict[str, Manifest] = {}
    for word in words:
        component, path = _pair(word, list(targets), "release.json")
        if component in manifests:
            raise InputError(f"{component} has two manifests: one is {path}")
        manifests[component] = _manifest(Path(path), component, targets[component])
    return manifests


def checked_component(name: str, chain: Sequence[str]) -> str:
    """Return the name of a component; raises InputError where there is none of this name."""
    if name not in chain:
        raise InputError(f"unknown component {name!r}: there are {', '.join(chain)}")
    return name


def checked_digest(digest: str) -> str:
    """Return the digest; raises InputError for a tag, which may come to mean another image."""
    if problem := digest_problem(digest):
        raise InputError(problem)
    return digest


def read_manifest(path: Path, component: str) -> dict[str, Any]:
    """Read a `release.json`; raises InputError where it cannot be read or is no JSON object."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the manifest of {component}, {path}, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the manifest of {component}, {path}, is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise InputError(f"the manifest of {component}, {path}, is not a JSON object")
    return manifest


def checked_manifest(manifest: Manifest, path: Path, component: str, digest: str) -> Manifest:
    """Return the manifest; raises InputError with every problem where it does not fit component and digest."""
    if listed := problems(manifest, component=component, digest=digest):
        raise InputError(f"{path}: {'; '.join(listed)}")
    return manifest


def _manifest(path: Path, component: str, digest: str) -> Manifest:
    return checked_manifest(read_manifest(path, component), path, component, digest)


def _pair(word: str, known: Sequence[str], example: str) -> tuple[str, str]:
    component, equals, value = word.partition("=")
    if not equals or not value:
        raise InputError(f"{word!r} is not of the form component={example}, such as {known[0]}={example}")
    return checked_component(component, known), value


def _forms(chain: Sequence[str]) -> str:
    return " ".join(f"{component}=sha256:…" for component in chain)
