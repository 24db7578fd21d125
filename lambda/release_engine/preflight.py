"""Names what stands in the way of a release before anything is touched: every problem at once, not the first only.

It checks that the secrets of the tasks can be resolved, as far as can be told without reading a value:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
It checks that the times go together which ECS, the gate and the machine allow each other. The settings' own are checked
at synth, by settings/consistency.py; here it is what ECS really has, so that a change by hand is noticed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from release_engine import model, running
from release_engine.cloudformation import change_sets_under_way, update_problem
from release_engine.ledger import Kind
from release_engine.model import Component, digest_problem, release_id_problem
from release_engine.running import Running, Traffic
from release_engine.times import PATIENCE_MINUTES, START_MINUTES, asking_minutes, gate_minutes
from release_engine.verdict import Verdict

_ARN_PARTS = 7  # arn:aws:secretsmanager:<region>:<account>:secret:<name>; then key, stage, version, each may be empty
_STAGE = 8


@dataclass(frozen=True)
class Secret:
    """The facts of a secret: `stages` are the labels of its versions; `trouble` is why nothing is known of it."""

    trouble: str = ""
    deleted: bool = False
    stages: frozenset[str] = frozenset()


def arn_of(reference: str) -> str | None:
    """Return the ARN of the secret that a container's `valueFrom` means; None when it means none, but a parameter."""
    return ":".join(reference.split(":")[:_ARN_PARTS]) if ":secretsmanager:" in reference else None


def secret_problems(secrets: Mapping[str, Secret]) -> list[str]:
    """Name the secrets that tasks cannot resolve, and so would not start; the keys are the references to them."""
    problems = (_secret_problem(reference, secret) for reference, secret in sorted(secrets.items()))
    return list(dict.fromkeys(problem for problem in problems if problem))


def _secret_problem(reference: str, secret: Secret) -> str | None:
    name, stage = arn_of(reference), _stage(reference)
    if secret.trouble:
        return f"secret {name} cannot be resolved: {secret.trouble}"
    if secret.deleted:
        return f"secret {name} is scheduled for deletion"
    if stage not in secret.stages:
        return f"secret {name} has no version {stage}, only {', '.join(sorted(secret.stages)) or 'none at all'}"
    return None


def _stage(reference: str) -> str:
    parts = reference.split(":")
    return (parts[_STAGE] if len(parts) > _STAGE else "") or "AWSCURRENT"


ROLLING = "ROLLING"


@dataclass(frozen=True)
class Replacement:
    """How ECS replaces the tasks of a service. Times are in minutes; `steps` is what passes until all users follow.

    `hooks` are the timeouts of hooks that ask a function, `pauses` of those that wait for a person.
    """

    strategy: str = ROLLING
    bake: int | None = None
    steps: int = 0
    hooks: tuple[int, ...] = ()
    pauses: tuple[int, ...] = ()
    breaker: bool = False


@dataclass(frozen=True)
class ServiceSetup:
    """How one service is set up at ECS.

    `under_way` is the status of a service deployment that is not over; `rule` sends users to the service; `serving` is
    the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    definition: str
    replacement: Replacement
    under_way: str | None = None
    rule: str | None = None
    serving: str | None = None


def setup_problems(service: str, replacement: Replacement, interval_seconds: int) -> list[str]:
    """Name every time that contradicts another, or the gate's interval; empty when all can end in time."""
    rolls = replacement.strategy == ROLLING
    problems = _rolling_problems(replacement) if rolls else _two_fleet_problems(replacement, interval_seconds)
    return [f"{service}: {problem}" for problem in problems]


def _rolling_problems(replacement: Replacement) -> Iterator[str]:
    if replacement.hooks or replacement.pauses:
        yield "a lifecycle hook is never asked in a ROLLING deployment, so no gate would judge"


def _two_fleet_problems(replacement: Replacement, interval_seconds: int) -> Iterator[str]:
    if replacement.breaker:
        yield f"a circuit breaker is for ROLLING deployments only, this one is {replacement.strategy}"
    if replacement.bake is None:
        yield f"a {replacement.strategy} deployment without a bake time may bake for 36 hours"
    needed = gate_minutes(interval_seconds)
    for limit in replacement.hooks:
        if limit < needed:
            yield f"the hook times out after {limit} minutes, the gate needs up to {needed} for its samples"
    asking = asking_minutes(replacement.strategy, interval_seconds) if replacement.hooks else 0
    parts = START_MINUTES, asking, sum(replacement.pauses), replacement.steps, replacement.bake or 0
    if sum(parts) > PATIENCE_MINUTES:
        yield (
            "start {}, gate {}, pauses {}, shift {} and bake {} come to {} minutes, the release machine "
            "waits {} for the stack"
        ).format(*parts, sum(parts), PATIENCE_MINUTES)


def deployments_under_way(setups: Iterable[ServiceSetup]) -> list[str]:
    """Name the deployments that are not over: two of one service at once end in neither."""
    return [f"{setup.service}: an ECS deployment is {setup.under_way}" for setup in setups if setup.under_way]


@dataclass(frozen=True)
class WantedRelease:
    """A release that somebody wants to begin `at` a time, in epoch seconds.

    `digest` is None when nobody knows it yet: then the question is whether anything could be released.
    """

    release_id: str
    digest: str | None
    kind: Kind
    at: float
    manifest: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PreflightFacts:
    """The facts that preflight judges: `former_digest` is what the stack runs now, None before the first release.

    Before the first release there are no services either, and so no traffic and no secrets to look at. `change_sets`
    are the summaries of CloudFormation; `secrets` goes by what the task definitions refer to. `released` is the digest
    that the ledger calls released well last, None where that is in doubt or nobody looked.
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
    """Name everything for which this release must not start; empty when it may.

    A rollback is refused only for what makes it impossible: what makes a release unwise may be why it is wanted.
    """
    stack = update_problem(facts.stack_status)
    return [
        *_malformed(component, wanted),
        *([f"{component.stack}: {stack}"] if stack else []),
        *_images(component, wanted, facts),
        *secret_problems(facts.secrets),
        *(_unwise(component, wanted, facts) if wanted.kind is Kind.RELEASE else []),
    ]


def unchanged(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> bool:
    """Tell whether a release that may start has nothing to do; in doubt it has.

    The stack has the digest then, it was released well last, every task of every service runs it (F1, F26), and the
    users are there.
    """
    if wanted.kind is not Kind.RELEASE or wanted.digest is None:
        return False
    if {wanted.digest} != {facts.former_digest, facts.released}:
        return False
    if sorted(service.service for service in facts.running) != sorted(component.service_names):
        return False
    return running.judge(wanted.digest, facts.running, facts.traffic).verdict is Verdict.PASS


def _malformed(component: Component, wanted: WantedRelease) -> Sequence[str]:
    malformed = [release_id_problem(wanted.release_id)]
    if wanted.digest is not None:
        malformed = [digest_problem(wanted.digest), *malformed]
        malformed += model.manifest_problems(wanted.manifest, component=component.name, digest=wanted.digest)
    return [problem for problem in malformed if problem]


def _unwise(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> Sequence[str]:
    closed, interval = model.window_problem(component.window, wanted.at), component.gate.interval_seconds
    return [
        *([f"{component.name}: {closed}"] if closed else []),
        *(f"{component.stack}: {problem}" for problem in change_sets_under_way(facts.change_sets)),
        *deployments_under_way(facts.setups),
        *running.traffic_problems(facts.traffic),
        *running.strays(wanted.digest, facts.running),
        *(problem for setup in facts.setups for problem in setup_problems(setup.service, setup.replacement, interval)),
        *_alarms(facts),
    ]


def _images(component: Component, wanted: WantedRelease, facts: PreflightFacts) -> Sequence[str]:
    """Name the images that are missing; a way forward needs a way back, so the former one must exist too (F8)."""
    missing = []
    if wanted.digest and not digest_problem(wanted.digest) and wanted.digest not in facts.images:
        missing.append(f"image {wanted.digest} is not in repository {component.repository}")
    if wanted.kind is Kind.RELEASE and facts.former_digest and facts.former_digest not in facts.images:
        missing.append(f"former image {facts.former_digest} is gone from repository {component.repository}")
    return missing


def _alarms(facts: PreflightFacts) -> Sequence[str]:
    """Name the alarms that are red already: ECS ignores such an alarm in the whole deployment (F13)."""
    firing = sorted(name for name, state in facts.alarms.items() if state == "ALARM")
    return [f"alarm {name} is in ALARM, so it would not be watched" for name in firing]
