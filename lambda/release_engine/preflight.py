"""What must be true before anything is touched; every problem at once, not the first only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from release_engine import manifest
from release_engine.ledger import Kind
from release_engine.model import Component, digest_problem, release_id_problem
from release_engine.stack import update_problem


@dataclass(frozen=True)
class Asked:
    """What somebody wants released."""

    release_id: str
    digest: str
    kind: Kind
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Found:
    """What is there. `former_digest` is what the stack runs now, None before the first release."""

    stack_status: str | None
    former_digest: str | None
    images: frozenset[str] = frozenset()
    alarms: Mapping[str, str] = field(default_factory=dict)


def problems(component: Component, asked: Asked, found: Found) -> list[str]:
    """Why this release must not start; empty when it may."""
    malformed = [digest_problem(asked.digest), release_id_problem(asked.release_id)]
    stack = update_problem(found.stack_status)
    return [
        *(problem for problem in malformed if problem),
        *manifest.problems(asked.manifest, component=component.name, digest=asked.digest),
        *([f"{component.stack}: {stack}"] if stack else []),
        *_images(component, asked, found),
        *_alarms(asked, found),
    ]


def _images(component: Component, asked: Asked, found: Found) -> Sequence[str]:
    """Going forward needs a way back, so the former image must exist too (F8)."""
    missing = []
    if not digest_problem(asked.digest) and asked.digest not in found.images:
        missing.append(f"image {asked.digest} is not in repository {component.repository}")
    if asked.kind is Kind.RELEASE and found.former_digest and found.former_digest not in found.images:
        missing.append(f"former image {found.former_digest} is gone from repository {component.repository}")
    return missing


def _alarms(asked: Asked, found: Found) -> Sequence[str]:
    """ECS ignores an alarm that is red when a deployment starts (F13). A rollback may be the very answer to it."""
    if asked.kind is Kind.ROLLBACK:
        return []
    firing = sorted(name for name, state in found.alarms.items() if state == "ALARM")
    return [f"alarm {name} is in ALARM, so it would not be watched" for name in firing]
