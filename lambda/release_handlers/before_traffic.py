"""Judges a version before users see it: ECS asks, and waits for the answer before it moves traffic."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from release_aws.ecs import Deployment
from release_engine import gate, hook
from release_engine.gate import ProbeResults, seen
from release_engine.model import Component, Service
from release_engine.verdict import Judgement, Verdict, worst
from release_handlers.function_context import FunctionContext
from release_handlers.probing import Target, compare, probe

_log = logging.getLogger(__name__)
_BEFORE_A_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"  # of a canary: before the first users come, and before all follow
_SUCCEEDED = {"hookStatus": "SUCCEEDED"}


class _Subject(NamedTuple):
    """What ECS asks about: the call of the hook, and the deployment, component and service that it concerns."""

    call: hook.Call
    deployment: Deployment
    component: Component
    service: Service

    @property
    def moment(self) -> str:
        """Name the moment of the deployment: what was gathered at one says nothing at the next."""
        return f"{self.call.stage}@{self.deployment.users}"

    @property
    def progress(self) -> Mapping[str, Any]:
        """Return what the calls before have handed on; empty when they were at another moment."""
        progress: Mapping[str, Any] = self.call.details.get("progress") or {}
        return progress if progress.get("moment") == self.moment else {}


def answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], seconds_left: Callable[[], float]
) -> dict[str, Any]:
    """Answer ECS, in any case: it would report an exception as "HookStatus must not be null" and nothing more."""
    try:
        call = hook.parse(event)
        return _answer(call, read_context(), seconds_left)
    except Exception:  # noqa: BLE001 - the handler's outer edge: fail closed, with the reason in the log
        _log.exception("the gate could not judge, so it stays closed: %s", event.get("resourceArn"))
        return {"hookStatus": "FAILED"}


def _answer(call: hook.Call, context: FunctionContext, seconds_left: Callable[[], float]) -> dict[str, Any]:
    if call.rolls_back:
        _log.info("%s rolls back, nothing to judge", call.deployment)
        return _SUCCEEDED
    deployment = context.services.deployment(call.deployment)
    if deployment.rolling_back:
        _log.info("%s rolls back, nothing to judge", call.deployment)
        return _SUCCEEDED
    if call.stage == _BEFORE_A_STEP and deployment.users == 0:
        _log.info("%s has no users yet, and was judged when test traffic reached it", call.deployment)
        return _SUCCEEDED
    subject = _Subject(call, deployment, *_find_service(call.service_name, context))
    results, judgement = _judge(subject, context, seconds_left)
    attempts = int(subject.progress.get("attempts", 0)) + 1
    _keep(subject, judgement, context)
    progress = {"seen": results.as_dict(), "moment": subject.moment}
    return hook.answer(judgement, attempts, subject.component.gate.interval_seconds, progress)


def _judge(
    subject: _Subject, context: FunctionContext, seconds_left: Callable[[], float]
) -> tuple[ProbeResults, Judgement]:
    """Hold the version against the limits, and compare what they do not refuse with the former version."""
    target = _target(subject, context)
    results, judgements = _against_limits(subject, target, context, seconds_left)
    if worst(judgements).verdict is not Verdict.FAIL:
        judgements += _against_baseline(subject, target, context, seconds_left)
    return results, worst(judgements)


def _against_limits(
    subject: _Subject, target: Target, context: FunctionContext, seconds_left: Callable[[], float]
) -> tuple[ProbeResults, list[Judgement]]:
    """Take rounds at once until there are enough samples, a finding, no progress or no time."""
    limits, key, results = subject.component.gate, subject.service.key, seen(subject.progress.get("seen"))
    limit = limits.probe(key)
    while True:
        before, left = results.samples, seconds_left()
        if left > 0:
            results = probe([target], {key: results}, limits, ask=context.ask, seconds=left)[key]
        judgements = gate.judge(key, results, limit)
        enough = results.samples >= limit.min_samples or results.samples == before
        if worst(judgements).verdict is not Verdict.INCONCLUSIVE or enough:
            return results, judgements


def _against_baseline(
    subject: _Subject, target: Target, context: FunctionContext, seconds_left: Callable[[], float]
) -> list[Judgement]:
    """Compare with the baseline where the machine has begun one: not for a first version, a rollback, or new stacks."""
    component, service, limits = subject.component, subject.service, subject.component.gate.canary
    baseline = context.ledger.baseline(component.name) if limits else None
    if limits is None or baseline is None or baseline.digest != target.digest or service.key not in baseline.services:
        return []
    tasks = context.services.tasks(component.cluster, baseline.services[service.key])
    usual = [task.address for task in tasks if task.status == "RUNNING" and task.address]
    statuses = component.gate.probe(service.key).statuses
    return compare(service, (target.addresses, usual), limits, statuses, ask=context.ask, seconds_left=seconds_left)


def _target(subject: _Subject, context: FunctionContext) -> Target:
    """Find the new tasks by their task definition: when infrastructure changes, old ones may run the same image."""
    definition, digest = context.services.revision(subject.call.revision)
    tasks = context.services.tasks(subject.component.cluster, subject.service.name)
    new = [task.address for task in tasks if task.definition == definition and task.status == "RUNNING"]
    return Target(subject.service, digest, [address for address in new if address])


def _find_service(name: str, context: FunctionContext) -> tuple[Component, Service]:
    for component in context.components.values():
        for service in component.services:
            if service.name == name:
                return component, service
    raise LookupError(f"service {name} belongs to no component")


def _keep(subject: _Subject, judgement: Judgement, context: FunctionContext) -> None:
    """Keep the evidence by the deployment, and by the release under way, which will want to say why it failed."""
    call, component = subject.call, subject.component
    _log.info("%s at %s: %s: %s", call.service_name, call.stage, judgement.verdict, judgement.reason)
    about = {"stage": call.stage, "service": call.service_name}
    evidence = {**judgement.as_dict(), **about, "first": subject.deployment.first, "users": subject.deployment.users}
    release_id = context.ledger.lock(component.name).holder
    for id_ in filter(None, (call.deployment_id, release_id)):
        context.ledger.keep_gate(component.name, id_, evidence)
