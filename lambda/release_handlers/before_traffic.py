"""The gate before users see a version: ECS asks, and waits for the answer before it moves traffic."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from release_engine import gate, hook
from release_engine.model import Component, Service
from release_engine.samples import Seen, seen
from release_engine.verdict import Judgement, Verdict, worst
from release_handlers.probing import Target, probe
from release_handlers.world import World

_log = logging.getLogger(__name__)


def answer(event: Mapping[str, Any], world: Callable[[], World], seconds_left: Callable[[], float]) -> dict[str, Any]:
    """Always a valid one: ECS would report an exception as "HookStatus must not be null" and nothing more."""
    try:
        call = hook.parse(event)
        return _answer(call, world(), seconds_left)
    except Exception:  # noqa: BLE001 - the handler's outer edge: fail closed, with the reason in the log
        _log.exception("the gate could not judge, so it stays closed: %s", event.get("resourceArn"))
        return {"hookStatus": "FAILED"}


def _answer(call: hook.Call, world: World, seconds_left: Callable[[], float]) -> dict[str, Any]:
    if call.rolls_back:
        _log.info("%s rolls back, nothing to judge", call.deployment)
        return {"hookStatus": "SUCCEEDED"}
    deployment = world.services.deployment(call.deployment)
    if deployment.rolling_back:
        _log.info("%s rolls back, nothing to judge", call.deployment)
        return {"hookStatus": "SUCCEEDED"}
    component, service = _place(call.service_name, world)
    progress = call.details.get("progress") or {}
    found, judgement = _judge(call, component, service, world, seconds_left)
    attempts = int(progress.get("attempts", 0)) + 1
    _keep(call, component, judgement, deployment.first, world)
    return hook.answer(judgement, attempts, component.gate.interval_seconds, {"seen": found.as_dict()})


def _judge(
    call: hook.Call, component: Component, service: Service, world: World, seconds_left: Callable[[], float]
) -> tuple[Seen, Judgement]:
    """Rounds at once until there are enough samples, a finding, no progress or no time."""
    target = _target(call, component, service, world)
    found = seen((call.details.get("progress") or {}).get("seen"))
    while True:
        before, left = found.samples, seconds_left()
        if left > 0:
            found = probe([target], {service.key: found}, component.gate, ask=world.ask, seconds=left)[service.key]
        judgement = worst(gate.judge(service.key, found, component.gate))
        enough = found.samples >= component.gate.min_samples or found.samples == before
        if judgement.verdict is not Verdict.INCONCLUSIVE or enough:
            return found, judgement


def _target(call: hook.Call, component: Component, service: Service, world: World) -> Target:
    """Old and new tasks may run the same image, when the infrastructure changes: the task definition tells."""
    definition, digest = world.services.revision(call.revision)
    tasks = world.services.tasks(component.cluster, service.name)
    new = [task.address for task in tasks if task.definition == definition and task.status == "RUNNING"]
    return Target(service, digest, [address for address in new if address])


def _place(name: str, world: World) -> tuple[Component, Service]:
    for component in world.components.values():
        for service in component.services:
            if service.name == name:
                return component, service
    raise LookupError(f"service {name} belongs to no component")


def _keep(call: hook.Call, component: Component, judgement: Judgement, first: bool, world: World) -> None:
    """By deployment, and by the release that is under way, which will want to say why it failed."""
    _log.info("%s at %s: %s: %s", call.service_name, call.stage, judgement.verdict, judgement.reason)
    evidence = {**judgement.as_dict(), "stage": call.stage, "service": call.service_name, "first": first}
    release_id = world.ledger.lock(component.name).holder
    for id_ in filter(None, (call.deployment_id, release_id)):
        world.ledger.keep_gate(component.name, id_, evidence)
