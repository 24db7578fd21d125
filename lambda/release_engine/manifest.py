"""The manifest that each build writes, `release.json`; its fields are explained in docs/contracts.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PHASES = ("none", "expand", "contract")


@dataclass(frozen=True)
class Manifest:
    """What the plans need to know of a version."""

    schema_phase: str = "none"
    schema_version: int | None = None
    snapshot_format: str | None = None


def read(manifest: Mapping[str, Any] | None) -> Manifest:
    """A manifest that `problems` found nothing wrong with. A version without one changes neither schema nor format."""
    values = manifest or {}
    schema = values.get("schema") or {}
    written = values.get("snapshot_format")
    return Manifest(schema.get("phase", "none"), schema.get("version"), None if written is None else str(written))


def problems(manifest: Mapping[str, Any] | None, *, component: str, digest: str) -> list[str]:
    """Everything that makes it unfit to release `digest` of `component` with."""
    if manifest is None:
        return []
    schema = manifest.get("schema") or {}
    found = []
    for key, wanted in (("component", component), ("digest", digest)):
        if manifest.get(key, wanted) != wanted:
            found.append(f"release.json: {key} is {manifest[key]!r}, the release is of {wanted!r}")
    if not isinstance(schema, Mapping):
        return [*found, f"release.json: schema is {schema!r}, not an object"]
    if schema.get("phase", "none") not in _PHASES:
        found.append(f"release.json: schema.phase is {schema['phase']!r}, allowed: {', '.join(_PHASES)}")
    return found
