"""The gate before users see a version: ECS asks, and waits for the answer before it moves traffic."""

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


class _Asked(NamedTuple):
    """What a call is about."""

    call: hook.Call
    deployment: Deployment
    component: Component
    service: Service

    @property
    def moment(self) -> str:
        """What was gathered at one moment of a deployment says nothing at the next."""
        return f"{self.call.stage}@{self.deployment.users}"

    @property
    def progress(self) -> Mapping[str, Any]:
        """That of the earlier calls at this moment."""
        known: Mapping[str, Any] = self.call.details.get("progress") or {}
        return known if known.get("moment") == self.moment else {}


def answer(
    event: Mapping[str, Any], read_context: Callable[[], FunctionContext], seconds_left: Callable[[], float]
) -> dict[str, Any]:
    """Always a valid one: ECS would report an exception as "HookStatus must not be null" and nothing more."""
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
    asked = _Asked(call, deployment, *_place(call.service_name, context))
    found, judgement = _judge(asked, context, seconds_left)
    attempts = int(asked.progress.get("attempts", 0)) + 1
    _keep(asked, judgement, context)
    progress = {"seen": found.as_dict(), "moment": asked.moment}
    return hook.answer(judgement, attempts, asked.component.gate.interval_seconds, progress)


def _judge(
    asked: _Asked, context: FunctionContext, seconds_left: Callable[[], float]
) -> tuple[ProbeResults, Judgement]:
    """First against the limits; what they do not refuse is compared with the former version."""
    target = _target(asked, context)
    found, judgements = _against_limits(asked, target, context, seconds_left)
    if worst(judgements).verdict is not Verdict.FAIL:
        judgements += _against_baseline(asked, target, context, seconds_left)
    return found, worst(judgements)


def _against_limits(
    asked: _Asked, target: Target, context: FunctionContext, seconds_left: Callable[[], float]
) -> tuple[ProbeResults, list[Judgement]]:
    """Rounds at once until there are enough samples, a finding, no progress or no time."""
    limits, key, found = asked.component.gate, asked.service.key, seen(asked.progress.get("seen"))
    limit = limits.probe(key)
    while True:
        before, left = found.samples, seconds_left()
        if left > 0:
            found = probe([target], {key: found}, limits, ask=context.ask, seconds=left)[key]
        judgements = gate.judge(key, found, limit)
        enough = found.samples >= limit.min_samples or found.samples == before
        if worst(judgements).verdict is not Verdict.INCONCLUSIVE or enough:
            return found, judgements


def _against_baseline(
    asked: _Asked, target: Target, context: FunctionContext, seconds_left: Callable[[], float]
) -> list[Judgement]:
    """Only where the release machine has begun one: not for a first version, a way back, or new infrastructure."""
    component, service, limits = asked.component, asked.service, asked.component.gate.canary
    known = context.ledger.baseline(component.name) if limits else None
    if limits is None or known is None or known.digest != target.digest or service.key not in known.services:
        return []
    tasks = context.services.tasks(component.cluster, known.services[service.key])
    usual = [task.address for task in tasks if task.status == "RUNNING" and task.address]
    statuses = component.gate.probe(service.key).statuses
    return compare(service, (target.addresses, usual), limits, statuses, ask=context.ask, seconds_left=seconds_left)


def _target(asked: _Asked, context: FunctionContext) -> Target:
    """Old and new tasks may run the same image, when the infrastructure changes: the task definition tells."""
    definition, digest = context.services.revision(asked.call.revision)
    tasks = context.services.tasks(asked.component.cluster, asked.service.name)
    new = [task.address for task in tasks if task.definition == definition and task.status == "RUNNING"]
    return Target(asked.service, digest, [address for address in new if address])


def _place(name: str, context: FunctionContext) -> tuple[Component, Service]:
    for component in context.components.values():
        for service in component.services:
            if service.name == name:
                return component, service
    raise LookupError(f"service {name} belongs to no component")


def _keep(asked: _Asked, judgement: Judgement, context: FunctionContext) -> None:
    """By deployment, and by the release that is under way, which will want to say why it failed."""
    call, component = asked.call, asked.component
    _log.info("%s at %s: %s: %s", call.service_name, call.stage, judgement.verdict, judgement.reason)
    about = {"stage": call.stage, "service": call.service_name}
    evidence = {**judgement.as_dict(), **about, "first": asked.deployment.first, "users": asked.deployment.users}
    release_id = context.ledger.lock(component.name).holder
    for id_ in filter(None, (call.deployment_id, release_id)):
        context.ledger.keep_gate(component.name, id_, evidence)
