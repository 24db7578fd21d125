"""Judges whether the wanted digest runs, and whether the users reach it.

Digests of tasks tell what runs, never "stable" alone (F1, F26). ECS owns the weights of the production rule, so
anything else there is a mistake (F15). aws/aws-cdk#36649: an update of the rule resets its weights.
aws/containers-roadmap#2853: ECS does not notice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from release_engine.verdict import Judgement, Verdict, worst


@dataclass(frozen=True)
class Traffic:
    """The target groups to which a service's production rule sends users, by weight; none when there is no such rule.

    `serving` is the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    rule: str
    weights: Mapping[str, int]
    serving: str | None = None


def traffic_problems(traffics: Iterable[Traffic]) -> list[str]:
    """Name the rules that do not send all users to the revision that runs, as each does after a deployment."""
    return [problem for traffic in traffics if (problem := _traffic_problem(traffic))]


def judge_traffic(traffic: Traffic) -> Judgement:
    """Judge the traffic of a service whose deployment is over; while one is under way, users may be shared out."""
    check = f"{traffic.service} traffic"
    numbers = {"rule": traffic.rule, "weights": dict(traffic.weights), "serving": traffic.serving}
    if problem := _traffic_problem(traffic):
        return Judgement(Verdict.FAIL, problem, check, numbers)
    return Judgement(Verdict.PASS, f"{traffic.service}: all users reach {_full(traffic)}", check, numbers)


def _traffic_problem(traffic: Traffic) -> str | None:
    if not traffic.weights:
        return f"{traffic.service}: listener rule {traffic.rule} is gone or forwards nowhere"
    if sorted(traffic.weights.values(), reverse=True) != [100, *[0] * (len(traffic.weights) - 1)]:
        return f"{_weights(traffic)}, allowed is one target group at 100 and the other at 0"
    if traffic.serving is not None and traffic.weights.get(traffic.serving) != 100:
        return f"{_weights(traffic)}, but the tasks are in {_name(traffic.serving)}"
    return None


def _weights(traffic: Traffic) -> str:
    weights = ", ".join(f"{_name(group)} {weight}" for group, weight in sorted(traffic.weights.items()))
    return f"{traffic.service}: listener rule {traffic.rule} has the weights {weights}"


def _full(traffic: Traffic) -> str:
    return _name(max(traffic.weights, key=lambda group: traffic.weights[group]))


def _name(group: str) -> str:
    """Return the name in `arn:aws:elasticloadbalancing:…:targetgroup/<name>/<id>`."""
    return group.split("/")[1] if "/" in group else group


_NAMED = 3  # tasks that a reason names; the others are counted


class Rollout(StrEnum):
    """The state of an ECS service's last deployment."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


@dataclass(frozen=True)
class Running:
    """What one ECS service runs: `tasks` counts its running tasks by digest; `desired` is None for no such service.

    `ids` names these tasks by digest. `strays` names the tasks that run its task definitions without belonging to a
    service: ECS replaces none of them, so a release can't either (F26).
    """

    service: str
    desired: int | None
    tasks: Mapping[str, int]
    rollout: Rollout
    reason: str = ""
    strays: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def fleet(self) -> Mapping[str, int]:
        """Count all tasks by digest, the service's own and the strays."""
        return Counter(self.tasks) + Counter({digest: len(ids) for digest, ids in self.strays.items()})


def judge(target: str, services: Sequence[Running], users: Sequence[Traffic] = ()) -> Judgement:
    """PASS when every running task of every service has the digest; INCONCLUSIVE while that may still come.

    "Every task" includes those that somebody has started by hand: Knight Capital's eighth server (F26).
    The traffic of `users` counts once all tasks are as they should be: before that, shares of it are no mistake.
    """
    judgements = [_judge_service(target, service) for service in services]
    if all(judgement.verdict is Verdict.PASS for judgement in judgements):
        judgements += [judge_traffic(traffic) for traffic in users]
    return worst(judgements)


def strays(target: str | None, services: Sequence[Running]) -> list[str]:
    """Name the tasks started by hand that would keep another version than `target`; without one, all of them."""
    return [
        f"{service.service}: task {id_} was started by hand and runs {digest}: no release replaces it"
        for service in services
        for digest, ids in sorted(service.strays.items())
        if digest != target
        for id_ in ids
    ]


def _judge_service(target: str, service: Running) -> Judgement:
    check = f"{service.service} running"
    numbers = {
        "tasks": dict(service.tasks),
        "strays": {digest: list(ids) for digest, ids in service.strays.items()},
        "desired": service.desired,
        "rollout": service.rollout.value,
    }
    verdict, reason = _verdict(target, service)
    return Judgement(verdict, f"{service.service}: {reason}", check, numbers)


def _verdict(target: str, service: Running) -> tuple[Verdict, str]:
    if service.desired is None:
        return Verdict.FAIL, "there is no such service"
    settled = service.rollout is not Rollout.IN_PROGRESS
    if others := "; ".join(_others(target, service)):
        verdict = Verdict.FAIL if settled else Verdict.INCONCLUSIVE
        return verdict, f"{others}; asked was {target}{_because(service)}"
    if service.rollout is Rollout.FAILED:
        return Verdict.FAIL, f"its deployment failed{_because(service)}"
    count = service.tasks.get(target, 0)
    if not settled or count != service.desired or not count:
        return Verdict.INCONCLUSIVE, f"{count} of {service.desired} tasks run, deployment {service.rollout.value}"
    return Verdict.PASS, f"{count} of {service.desired} tasks run {target}"


def _others(target: str, service: Running) -> Iterator[str]:
    """Word how many tasks run each other digest, and which: `1 of 8 tasks runs sha256:… (8c1f, started by hand)`."""
    total = sum(service.fleet.values())
    for digest, count in sorted(service.fleet.items()):
        if digest != target:
            verb = "runs" if count == 1 else "run"
            yield f"{count} of {total} tasks {verb} {digest or 'no digest'}{_which(digest, service)}"


def _which(digest: str, service: Running) -> str:
    own, alone = service.ids.get(digest, ()), service.strays.get(digest, ())
    names = [_some(own), f"{_some(alone)}, started by hand" if alone else ""]
    return f" ({'; '.join(filter(None, names))})" if any(names) else ""


def _some(ids: Sequence[str]) -> str:
    more = [f"and {len(ids) - _NAMED} more"] if len(ids) > _NAMED else []
    return ", ".join([*ids[:_NAMED], *more])


def _because(service: Running) -> str:
    return f" ({service.reason})" if service.reason else ""
