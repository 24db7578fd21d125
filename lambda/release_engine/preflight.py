"""What must be true before anything is touched; every problem at once, not the first only.

That the secrets of the tasks can be resolved, as far as can be told without reading a value:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
And that the times go together which ECS, the gate and the machine allow each other. What the settings can contradict
is refused at synth, by settings/consistency.py; here it is what ECS really has, so that a change by hand is noticed.
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
    """What is known of one: `trouble` is why nothing is, `stages` are the labels of its versions."""

    trouble: str = ""
    deleted: bool = False
    stages: frozenset[str] = frozenset()


def arn_of(reference: str) -> str | None:
    """The secret that a container's `valueFrom` means; None when it means something else, such as a parameter."""
    return ":".join(reference.split(":")[:_ARN_PARTS]) if ":secretsmanager:" in reference else None


def secret_problems(found: Mapping[str, Secret]) -> list[str]:
    """By reference. A task that cannot resolve one does not start."""
    told = (_problem(reference, secret) for reference, secret in sorted(found.items()))
    return list(dict.fromkeys(problem for problem in told if problem))


def _problem(reference: str, secret: Secret) -> str | None:
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
    """`under_way` is the status of a service deployment that is not over; `rule` sends users to the service.

    `serving` is the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    definition: str
    replacement: Replacement
    under_way: str | None = None
    rule: str | None = None
    serving: str | None = None


def setup_problems(service: str, found: Replacement, interval_seconds: int) -> list[str]:
    """Everything that contradicts itself or the gate's interval; empty when all can come to its end in time."""
    kind = _of_rolling(found) if found.strategy == ROLLING else _of_two_fleets(found, interval_seconds)
    return [f"{service}: {problem}" for problem in kind]


def _of_rolling(found: Replacement) -> Iterator[str]:
    if found.hooks or found.pauses:
        yield "a lifecycle hook is never asked in a ROLLING deployment, so no gate would judge"


def _of_two_fleets(found: Replacement, interval_seconds: int) -> Iterator[str]:
    if found.breaker:
        yield f"a circuit breaker is for ROLLING deployments only, this one is {found.strategy}"
    if found.bake is None:
        yield f"a {found.strategy} deployment without a bake time may bake for 36 hours"
    needed = gate_minutes(interval_seconds)
    for limit in found.hooks:
        if limit < needed:
            yield f"the hook times out after {limit} minutes, the gate needs up to {needed} for its samples"
    asking = asking_minutes(found.strategy, interval_seconds) if found.hooks else 0
    parts = START_MINUTES, asking, sum(found.pauses), found.steps, found.bake or 0
    if sum(parts) > PATIENCE_MINUTES:
        yield (
            "start {}, gate {}, pauses {}, shift {} and bake {} come to {} minutes, the release machine "
            "waits {} for the stack"
        ).format(*parts, sum(parts), PATIENCE_MINUTES)


def deployments_under_way(setups: Iterable[ServiceSetup]) -> list[str]:
    """Two deployments of one service at once end in neither; somebody may have started one by hand."""
    return [f"{one.service}: an ECS deployment is {one.under_way}" for one in setups if one.under_way]


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
        *secret_problems(facts.secrets),
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
        *(problem for one in facts.setups for problem in setup_problems(one.service, one.replacement, interval)),
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
