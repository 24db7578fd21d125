"""Preflight: what is wrong before anything is touched."""

from collections.abc import Mapping
from typing import Any

from release_engine import preflight
from release_engine.ledger import Kind
from release_handlers.world import World, world


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """The machine's state Preflight."""
    return check(event["state"], world())


def check(state: Mapping[str, Any], world: World) -> dict[str, Any]:
    """`status` is ready, or refused with every problem in `reason`."""
    component = world.components[state["component"]]
    asked = preflight.Asked(state["release_id"], state["digest"], Kind(state["kind"]), state.get("manifest"))
    stack = world.stacks.describe(component.stack)
    former = stack.digest if stack else None
    found = preflight.Found(
        stack_status=stack.status if stack else None,
        former_digest=former,
        images=world.images.present(component.repository, filter(None, [asked.digest, former])),
        alarms=world.alarms.states(component.alarm_prefix),
    )
    problems = preflight.problems(component, asked, found)
    return {"status": "refused" if problems else "ready", "reason": "; ".join(problems), "problems": problems}
