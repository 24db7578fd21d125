"""What must be true before anything is touched; every problem at once, not the first only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from release_engine import manifest, running, secret, service_setup, traffic, window
from release_engine.ledger import Kind
from release_engine.model import Component, digest_problem, release_id_problem
from release_engine.running import Running
from release_engine.secret import Secret
from release_engine.service_setup import ServiceSetup, deployments_under_way
from release_engine.stack import change_sets_under_way, update_problem
from release_engine.traffic import Traffic
from release_engine.verdict import Verdict


@dataclass(frozen=True)
class WantedRelease:
    """What somebody wants released, and when: `at` is in epoch seconds.

    `digest` is None when nobody knows it yet: whether anything could be released is the question then.
    """

    release_id: str
    digest: str | None
    kind: Kind
    at: float
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PreflightFacts:
    """What preflight finds. `former_digest` is what the stack runs now, None before the first release.

    Before that release there are no services either, and so no traffic and no secrets to look at. `change_sets` are
    the summaries of CloudFormation; `secrets` goes by what the task definitions refer to. `released` is what stands
    as released well last by the ledger, None where that is in doubt or nobody looked.
    """

    stack_status: str | None
    former_digest: str | None
    images: frozenset[str] = frozenset()
    alarms: Mapping[str, str] = field(default_factory=dict)
    change_sets: Sequence[Mapping[str, Any]] = ()
    setups: Sequence[ServiceSetup] = ()
    traffic: Sequence[Traffic] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    running: Sequence[Running] = ()
    released: str | None = None


def problems(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> list[str]:
    """Why this release must not start; empty when it may.

    A rollback is refused for what makes it impossible only: what makes a release unwise may be what it is to answer.
    """
    stack = update_problem(facts.stack_status)
    return [
        *_malformed(component, wanted),
        *([f"{component.stack}: {stack}"] if stack else []),
        *_images(component, wanted, facts),
        *secret.problems(facts.secrets),
        *(_unwise(component, wanted, facts) if wanted.kind is Kind.RELEASE else []),
    ]


def unchanged(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> bool:
    """Whether a release that may start has nothing to do: the stack has the digest, it was released well last, every
    task of every service runs it (F1, F26), and the users are there. Whatever is in doubt is released like any other.
    """
    if wanted.kind is not Kind.RELEASE or wanted.digest is None:
        return False
    if {wanted.digest} != {facts.former_digest, facts.released}:
        return False
    if sorted(one.service for one in facts.running) != sorted(component.service_names):
        return False
    return running.judge(wanted.digest, facts.running, facts.traffic).verdict is Verdict.PASS


def _malformed(component: Component, wanted: WantedRelease) -> Sequence[str]:
    malformed = [release_id_problem(wanted.release_id)]
    if wanted.digest is not None:
        malformed = [digest_problem(wanted.digest), *malformed]
        malformed += manifest.problems(wanted.manifest, component=component.name, digest=wanted.digest)
    return [problem for problem in malformed if problem]


def _unwise(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> Sequence[str]:
    closed, interval = window.problem(component.window, wanted.at), component.gate.interval_seconds
    return [
        *([f"{component.name}: {closed}"] if closed else []),
        *(f"{component.stack}: {problem}" for problem in change_sets_under_way(facts.change_sets)),
        *deployments_under_way(facts.setups),
        *traffic.problems(facts.traffic),
        *running.strays(wanted.digest, facts.running),
        *(
            problem
            for one in facts.setups
            for problem in service_setup.problems(one.service, one.replacement, interval)
        ),
        *_alarms(facts),
    ]


def _images(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> Sequence[str]:
    """Going forward needs a way back, so the former image must exist too (F8)."""
    missing = []
    if wanted.digest and not digest_problem(wanted.digest) and wanted.digest not in facts.images:
        missing.append(f"image {wanted.digest} is not in repository {component.repository}")
    if wanted.kind is Kind.RELEASE and facts.former_digest and facts.former_digest not in facts.images:
        missing.append(f"former image {facts.former_digest} is gone from repository {component.repository}")
    return missing


def _alarms(facts: PreflightFacts) -> Sequence[str]:
    """ECS ignores an alarm that is red when a deployment starts (F13)."""
    firing = sorted(name for name, state in facts.alarms.items() if state == "ALARM")
    return [f"alarm {name} is in ALARM, so it would not be watched" for name in firing]
