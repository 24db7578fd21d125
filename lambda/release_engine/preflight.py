"""What must be true before anything is touched; every problem at once, not the first only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from release_engine import manifest, running, secret, timeouts, traffic, window
from release_engine.ledger import Kind
from release_engine.model import Component, digest_problem, release_id_problem
from release_engine.running import Running
from release_engine.secret import Secret
from release_engine.service_setup import Setup, deployments_under_way
from release_engine.stack import change_sets_under_way, update_problem
from release_engine.traffic import Traffic
from release_engine.verdict import Verdict


@dataclass(frozen=True)
class Asked:
    """What somebody wants released, and when: `at` is in epoch seconds.

    `digest` is None when nobody knows it yet: whether anything could be released is the question then.
    """

    release_id: str
    digest: str | None
    kind: Kind
    at: float
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Found:
    """What is there. `former_digest` is what the stack runs now, None before the first release.

    Before that release there are no services either, and so no traffic and no secrets to look at. `change_sets` are
    the summaries of CloudFormation; `secrets` goes by what the task definitions refer to. `released` is what stands
    as released well last by the ledger, None where that is in doubt or was not asked.
    """

    stack_status: str | None
    former_digest: str | None
    images: frozenset[str] = frozenset()
    alarms: Mapping[str, str] = field(default_factory=dict)
    change_sets: Sequence[Mapping[str, Any]] = ()
    setups: Sequence[Setup] = ()
    traffic: Sequence[Traffic] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    running: Sequence[Running] = ()
    released: str | None = None


def problems(component: Component, asked: Asked, found: Found) -> list[str]:
    """Why this release must not start; empty when it may.

    A rollback is refused for what makes it impossible only: what makes a release unwise may be what it is to answer.
    """
    stack = update_problem(found.stack_status)
    return [
        *_malformed(component, asked),
        *([f"{component.stack}: {stack}"] if stack else []),
        *_images(component, asked, found),
        *secret.problems(found.secrets),
        *(_unwise(component, asked, found) if asked.kind is Kind.RELEASE else []),
    ]


def unchanged(component: Component, asked: Asked, found: Found) -> bool:
    """Whether a release that may start has nothing to do: the stack has the digest, it was released well last, every
    task of every service runs it (F1, F26), and the users are there. Whatever is in doubt is released like any other.
    """
    if asked.kind is not Kind.RELEASE or asked.digest is None:
        return False
    if {asked.digest} != {found.former_digest, found.released}:
        return False
    if sorted(one.service for one in found.running) != sorted(component.service_names):
        return False
    return running.judge(asked.digest, found.running, found.traffic).verdict is Verdict.PASS


def _malformed(component: Component, asked: Asked) -> Sequence[str]:
    found = [release_id_problem(asked.release_id)]
    if asked.digest is not None:
        found = [digest_problem(asked.digest), *found]
        found += manifest.problems(asked.manifest, component=component.name, digest=asked.digest)
    return [problem for problem in found if problem]


def _unwise(component: Component, asked: Asked, found: Found) -> Sequence[str]:
    closed, interval = window.problem(component.window, asked.at), component.gate.interval_seconds
    return [
        *([f"{component.name}: {closed}"] if closed else []),
        *(f"{component.stack}: {problem}" for problem in change_sets_under_way(found.change_sets)),
        *deployments_under_way(found.setups),
        *traffic.problems(found.traffic),
        *running.strays(asked.digest, found.running),
        *(problem for one in found.setups for problem in timeouts.problems(one.service, one.replacement, interval)),
        *_alarms(found),
    ]


def _images(component: Component, asked: Asked, found: Found) -> Sequence[str]:
    """Going forward needs a way back, so the former image must exist too (F8)."""
    missing = []
    if asked.digest and not digest_problem(asked.digest) and asked.digest not in found.images:
        missing.append(f"image {asked.digest} is not in repository {component.repository}")
    if asked.kind is Kind.RELEASE and found.former_digest and found.former_digest not in found.images:
        missing.append(f"former image {found.former_digest} is gone from repository {component.repository}")
    return missing


def _alarms(found: Found) -> Sequence[str]:
    """ECS ignores an alarm that is red when a deployment starts (F13)."""
    firing = sorted(name for name, state in found.alarms.items() if state == "ALARM")
    return [f"alarm {name} is in ALARM, so it would not be watched" for name in firing]
