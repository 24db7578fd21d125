"""What was typed, read strictly: a release that was misunderstood is worse than none."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from release_engine.manifest import problems
from release_engine.model import digest_problem

Manifest = Mapping[str, Any]


class InputError(ValueError):
    """What was asked cannot be done; the message says what is expected."""


def parse_targets(words: Sequence[str], chain: Sequence[str]) -> dict[str, str]:
    """`component=digest` words, in any order, as component to digest in the order in which they go out."""
    if not words:
        raise InputError(f"nothing to release: name one or more of {_forms(chain)}")
    found: dict[str, str] = {}
    for word in words:
        component, digest = _pair(word, chain, "sha256:…")
        if component in found:
            raise InputError(f"{component} is named twice: {found[component]} and {digest}")
        if problem := digest_problem(digest):
            raise InputError(f"{component}: {problem}")
        found[component] = digest
    return {component: found[component] for component in chain if component in found}


def parse_manifests(words: Sequence[str], targets: Mapping[str, str]) -> dict[str, Manifest]:
    """`component=path` words as component to manifest, each fit for the digest that it goes out with."""
    found: dict[str, Manifest] = {}
    for word in words:
        component, path = _pair(word, list(targets), "release.json")
        if component in found:
            raise InputError(f"{component} has two manifests: one is {path}")
        found[component] = _manifest(Path(path), component, targets[component])
    return found


def checked_component(name: str, chain: Sequence[str]) -> str:
    """A component that there is."""
    if name not in chain:
        raise InputError(f"unknown component {name!r}: there are {', '.join(chain)}")
    return name


def checked_digest(digest: str) -> str:
    """A digest, and never a tag (F7)."""
    if problem := digest_problem(digest):
        raise InputError(problem)
    return digest


def _pair(word: str, known: Sequence[str], example: str) -> tuple[str, str]:
    component, equals, value = word.partition("=")
    if not equals or not value:
        raise InputError(f"{word!r} is not of the form component={example}, such as {known[0]}={example}")
    return checked_component(component, known), value


def _manifest(path: Path, component: str, digest: str) -> Manifest:
    try:
        manifest = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"the manifest of {component}, {path}, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the manifest of {component}, {path}, is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise InputError(f"the manifest of {component}, {path}, is not a JSON object")
    if found := problems(manifest, component=component, digest=digest):
        raise InputError(f"{path}: {'; '.join(found)}")
    return manifest


def _forms(chain: Sequence[str]) -> str:
    return " ".join(f"{component}=sha256:…" for component in chain)
