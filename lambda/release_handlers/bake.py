"""The gate while a released version bakes: one round for each time the machine asks."""

from collections.abc import Mapping
from typing import Any

from release_engine import gate, metric_check, running
from release_engine.ledger import Kind
from release_engine.metric_check import Tally, tally
from release_engine.model import Component
from release_engine.samples import Seen, seen
from release_engine.verdict import Judgement, worst
from release_handlers.probing import Target, probe
from release_handlers.world import World

State = Mapping[str, Any]


def take_round(state: State, world: World, seconds: float) -> dict[str, Any]:
    """`status` is sampling while it goes on, then judged; the verdict is that of everything seen so far."""
    component, before = world.components[state["component"]], state.get("bake") or {}
    done = int(before.get("round", 0)) + 1
    found = _probed(component, state["digest"], before, world, seconds)
    known, restarts = _restarts(component, state["digest"], before, world)
    reported = _reported(component, state["digest"], before, done, world)
    judgements = [
        *[one for key, saw in found.items() for one in gate.judge(key, saw, component.gate)],
        running.judge(state["digest"], [world.services.running(component.cluster, s.name) for s in component.services]),
        gate.judge_restarts(restarts),
        *[metric_check.judge(check, reported[check.name]) for check in component.gate.metrics],
        *_alarms(component, state, world),
    ]
    judgement = worst(judgements)
    over = gate.concluded(judgement.verdict, done, component.gate)
    if over:
        world.ledger.keep_gate(component.name, state["release_id"], judgement.as_dict())
    return {
        **_said(judgement),
        "status": "judged" if over else "sampling",
        "round": done,
        "seen": {key: saw.as_dict() for key, saw in found.items()},
        "reported": {name: tally.as_dict() for name, tally in reported.items()},
        "crashed": known,
        "restarts": restarts,
    }


def _said(judgement: Judgement) -> dict[str, Any]:
    return {"verdict": judgement.verdict.value, "reason": judgement.reason, "evidence": judgement.evidence}


def _probed(component: Component, digest: str, before: State, world: World, seconds: float) -> dict[str, Seen]:
    targets = []
    for service in component.probed:
        tasks = world.services.tasks(component.cluster, service.name)
        judged = [task.address for task in tasks if task.digest == digest and task.status == "RUNNING"]
        targets.append(Target(service, digest, [address for address in judged if address]))
    earlier = {key: seen(saw) for key, saw in (before.get("seen") or {}).items()}
    return probe(targets, earlier, component.gate, ask=world.ask, seconds=seconds)


def _reported(component: Component, digest: str, before: State, round_: int, world: World) -> dict[str, Tally]:
    """What the version reports of itself, one reading more of each check that is due."""
    seen = {check.name: tally((before.get("reported") or {}).get(check.name)) for check in component.gate.metrics}
    due = [check for check in component.gate.metrics if metric_check.due(check, round_)]
    for check, reading in zip(due, world.metrics.read(component.metrics, due, digest, world.now()), strict=True):
        seen[check.name] = metric_check.take(check, seen[check.name], reading)
    return seen


def _restarts(component: Component, digest: str, before: State, world: World) -> tuple[list[str], int]:
    """Crashes since the first round; what crashed before that was the deployment's to judge."""
    crashed = sorted(
        task.arn
        for service in component.services
        for task in world.services.tasks(component.cluster, service.name, stopped=True)
        if task.crashed and task.digest == digest
    )
    new = set(crashed) - set(before.get("crashed", crashed))
    return sorted({*crashed, *before.get("crashed", [])}), int(before.get("restarts", 0)) + len(new)


def _alarms(component: Component, state: State, world: World) -> list[Judgement]:
    """A rollback is often the answer to an alarm that is still red, so there it proves nothing."""
    if Kind(state["kind"]) is Kind.ROLLBACK:
        return []
    states = world.alarms.states(component.alarm_prefix)
    return gate.judge_alarms([name for name, value in states.items() if value == "ALARM"])
