"""The gate while a released version bakes: one round for each time the machine asks.

Where ECS keeps the former tasks for a time, the bake is in that time: going back is then a flip of traffic.
"""

from typing import Any

from release_engine import check, gate, running
from release_engine.check import CheckHistory, tally
from release_engine.machine_state import Result, State
from release_engine.model import Component
from release_engine.samples import ProbeResults, seen
from release_engine.verdict import Judgement, Verdict, worst
from release_handlers import readings
from release_handlers.probing import Target, probe
from release_handlers.readings import Subject
from release_handlers.world import World


def take_round(state: State, world: World, seconds: float) -> dict[str, Any]:
    """`status` is sampling while it goes on, then judged; the verdict is that of everything seen so far."""
    component, before = world.components[state["component"]], state.get("bake") or {}
    done = int(before.get("round", 0)) + 1
    found = _probed(component, state["digest"], before, world, seconds)
    known, restarts = _restarts(component, state["digest"], before, world)
    subject = Subject(component, state["digest"], state, restarts)
    checked = _checked(subject, before, done, world)
    judgements = [
        *[one for key, saw in found.items() for one in gate.judge(key, saw, component.gate.probe(key))],
        *_running(component, state, world),
        *[check.judge(one, checked[one.title]) for one in component.gate.checks if readings.asked(one, subject)],
    ]
    judgement = worst(judgements)
    over = gate.concluded(judgement.verdict, done, component.gate)
    if over:
        world.ledger.keep_gate(component.name, state["release_id"], judgement.as_dict())
    return {
        **_said(judgement),
        "status": "judged" if over else "sampling",
        "next": _next(judgement.verdict, state) if over else "sample",
        "round": done,
        "seen": {key: saw.as_dict() for key, saw in found.items()},
        "checked": {name: tally.as_dict() for name, tally in checked.items()},
        "crashed": known,
        "restarts": restarts,
    }


def _deploys(state: State) -> bool:
    """Whether the stack's update has not ended: ECS bakes as well."""
    return (state.get("deploy") or {}).get("status") == "baking"


def _next(verdict: Verdict, state: State) -> str:
    """finish or stop the deployment that bakes; behind it, release or undo the version."""
    if verdict is Verdict.PASS:
        return "finish" if _deploys(state) else "release"
    return "stop" if _deploys(state) else "undo"


def _running(component: Component, state: State, world: World) -> list[Judgement]:
    """Every task has the digest; while ECS still keeps the former ones, the machine asks that later."""
    if _deploys(state):
        return []
    found = [world.services.running(component.cluster, service.name) for service in component.services]
    return [running.judge(state["digest"], found)]


def _said(judgement: Judgement) -> dict[str, Any]:
    return {"verdict": judgement.verdict.value, "reason": judgement.reason, "evidence": judgement.evidence}


def _probed(component: Component, digest: str, before: Result, world: World, seconds: float) -> dict[str, ProbeResults]:
    """What was seen so far of each service, with one more round of those that are due."""
    round_ = int(before.get("round", 0)) + 1
    earlier = {key: seen(saw) for key, saw in (before.get("seen") or {}).items()}
    targets = []
    for service in (one for one in component.probed if component.gate.due(component.gate.probe(one.key), round_)):
        tasks = world.services.tasks(component.cluster, service.name)
        judged = [task.address for task in tasks if task.digest == digest and task.status == "RUNNING"]
        targets.append(Target(service, digest, [address for address in judged if address]))
    return earlier | probe(targets, earlier, component.gate, ask=world.ask, seconds=seconds)


def _checked(subject: Subject, before: Result, round_: int, world: World) -> dict[str, CheckHistory]:
    """One reading more of each check that is due."""
    checks = [one for one in subject.component.gate.checks if readings.asked(one, subject)]
    known = {one.title: tally((before.get("checked") or {}).get(one.title)) for one in checks}
    due = [one for one in checks if subject.component.gate.due(one, round_)]
    for one, reading in zip(due, readings.read(due, subject, world), strict=True):
        known[one.title] = check.take(one, known[one.title], reading)
    return known


def _restarts(component: Component, digest: str, before: Result, world: World) -> tuple[list[str], int]:
    """Crashes since the first round; what crashed before that was the deployment's to judge."""
    crashed = sorted(
        task.arn
        for service in component.services
        for task in world.services.tasks(component.cluster, service.name, stopped=True)
        if task.crashed and task.digest == digest
    )
    new = set(crashed) - set(before.get("crashed", crashed))
    return sorted({*crashed, *before.get("crashed", [])}), int(before.get("restarts", 0)) + len(new)
