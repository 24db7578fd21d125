"""Which fleet users reach: ECS owns the weights of the production rule, so anything else there is a mistake (F15).

aws/aws-cdk#36649: an update of the rule resets its weights. aws/containers-roadmap#2853: ECS does not notice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from release_engine.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Traffic:
    """Where a service's production rule sends users, by target group; no weights when there is no such rule.

    `serving` is the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    rule: str
    weights: Mapping[str, int]
    serving: str | None = None


def problems(found: Iterable[Traffic]) -> list[str]:
    """What is not as a deployment that is over leaves it: all users in the group of the revision that runs."""
    return [problem for one in found if (problem := _problem(one))]


def judge(traffic: Traffic) -> Judgement:
    """For a service whose deployment is over; while one is under way, shares are as they should be."""
    check = f"{traffic.service} traffic"
    numbers = {"rule": traffic.rule, "weights": dict(traffic.weights), "serving": traffic.serving}
    if problem := _problem(traffic):
        return Judgement(Verdict.FAIL, problem, check, numbers)
    return Judgement(Verdict.PASS, f"{traffic.service}: all users reach {_full(traffic)}", check, numbers)


def _problem(traffic: Traffic) -> str | None:
    if not traffic.weights:
        return f"{traffic.service}: listener rule {traffic.rule} is gone or forwards nowhere"
    if sorted(traffic.weights.values(), reverse=True) != [100, *[0] * (len(traffic.weights) - 1)]:
        return f"{_said(traffic)}, allowed is one target group at 100 and the other at 0"
    if traffic.serving is not None and traffic.weights.get(traffic.serving) != 100:
        return f"{_said(traffic)}, but the tasks are in {_name(traffic.serving)}"
    return None


def _said(traffic: Traffic) -> str:
    weights = ", ".join(f"{_name(group)} {weight}" for group, weight in sorted(traffic.weights.items()))
    return f"{traffic.service}: listener rule {traffic.rule} has the weights {weights}"


def _full(traffic: Traffic) -> str:
    return _name(max(traffic.weights, key=lambda group: traffic.weights[group]))


def _name(group: str) -> str:
    """Of `arn:aws:elasticloadbalancing:…:targetgroup/<name>/<id>` the name."""
    return group.split("/")[1] if "/" in group else group
