"""Whether what runs is what was asked: digests of tasks, never "stable" alone (F1, F26)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from release_engine import traffic
from release_engine.traffic import Traffic
from release_engine.verdict import Judgement, Verdict, worst


class Rollout(StrEnum):
    """How the last deployment of an ECS service stands."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


@dataclass(frozen=True)
class Running:
    """What one ECS service runs: `tasks` counts the running tasks by digest. `desired` None: no such service."""

    service: str
    desired: int | None
    tasks: Mapping[str, int]
    rollout: Rollout
    reason: str = ""


def judge(target: str, services: Sequence[Running], users: Sequence[Traffic] = ()) -> Judgement:
    """PASS when every running task of every service has the digest; INCONCLUSIVE while that may still come.

    Where `users` are sent counts once all tasks are as they should be: before that, shares of traffic are no mistake.
    """
    judged = [_judge_one(target, service) for service in services]
    if all(one.verdict is Verdict.PASS for one in judged):
        judged += [traffic.judge(one) for one in users]
    return worst(judged)


def _judge_one(target: str, service: Running) -> Judgement:
    check = f"{service.service} running"
    numbers = {"tasks": dict(service.tasks), "desired": service.desired, "rollout": service.rollout.value}
    verdict, reason = _found(target, service)
    return Judgement(verdict, f"{service.service}: {reason}", check, numbers)


def _found(target: str, service: Running) -> tuple[Verdict, str]:
    if service.desired is None:
        return Verdict.FAIL, "there is no such service"
    settled = service.rollout is not Rollout.IN_PROGRESS
    others = {digest: count for digest, count in service.tasks.items() if digest != target}
    if others:
        verdict = Verdict.FAIL if settled else Verdict.INCONCLUSIVE
        said = ", ".join(f"{count} of {digest or 'no digest'}" for digest, count in sorted(others.items()))
        return verdict, f"runs {said}, asked was {target}{_because(service)}"
    if service.rollout is Rollout.FAILED:
        return Verdict.FAIL, f"its deployment failed{_because(service)}"
    count = service.tasks.get(target, 0)
    if not settled or count != service.desired or not count:
        return Verdict.INCONCLUSIVE, f"{count} of {service.desired} tasks run, deployment {service.rollout.value}"
    return Verdict.PASS, f"{count} of {service.desired} tasks run {target}"


def _because(service: Running) -> str:
    return f" ({service.reason})" if service.reason else ""
